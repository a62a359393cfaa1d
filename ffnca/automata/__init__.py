"""Cellular automata, one system a module, all under the contract of `ffnca.automata.base`."""

"""Textures grown from noise: Forward-Forward on neighbourhoods of a picture against the automaton's own states."""

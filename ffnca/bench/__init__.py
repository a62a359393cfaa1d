"""How fast it is on this machine: each row beside a reference measured in the same run."""

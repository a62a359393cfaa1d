"""Arrays on a lattice: what a cell sees of its neighbours, and where a pattern starts."""

"""Systems: what a world file can describe, one module or folder a kind."""

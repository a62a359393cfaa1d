"""Training rules that grow a target picture from one cell, with layer-local objectives only."""

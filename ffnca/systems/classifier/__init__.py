"""Cells that agree on the label of the figure that they are part of."""

"""Forward-Forward learning: layers that learn from their own goodness. Knows nothing of grids."""

"""One HTML file in which a rule runs, and learns."""

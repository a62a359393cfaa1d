"""The image wing: networks of local layers on tables and images. Nothing in the automata imports it."""

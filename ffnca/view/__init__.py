"""The window: watch a world live, wound it, and watch it learn. The only folder that imports pygame."""

"""Rules learned by watching a world: Forward-Forward on what came next against what did not."""

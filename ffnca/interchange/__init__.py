"""What other programs wrote, and what other programs read: weights, patterns, animals; ONNX and C."""

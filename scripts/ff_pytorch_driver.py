"""Trains the classes of a checkout of mpezeshki/pytorch_forward_forward on given arrays; run by ff_beside_pytorch.py.

    PYTHON scripts/ff_pytorch_driver.py CHECKOUT ARRAYS.npz SECONDS

Needs PyTorch and tqdm, but none of this project; torchvision and matplotlib, which its `main.py` imports to fetch and
show images, stay empty names. Everything is as published but three things: `.cuda()` stays on the CPU, images come from
the arrays, and the number of epochs a layer is what fits in the time given, half of it for each layer.
"""

import json
import sys
import time
from unittest.mock import MagicMock

import numpy as np
import torch  # pyright: ignore[reportMissingImports]


def main() -> None:
    """Train, then print seconds, epochs, and accuracy on the test images."""
    checkout, arrays, seconds = sys.argv[1], np.load(sys.argv[2]), float(sys.argv[3])
    torch.nn.Module.cuda = lambda self, *_: self  # type: ignore[method-assign]
    torch.manual_seed(1234)
    for name in ("torchvision", "torchvision.datasets", "torchvision.transforms", "matplotlib", "matplotlib.pyplot"):
        sys.modules[name] = MagicMock()
    sys.path.insert(0, checkout)
    import main as published  # pyright: ignore[reportMissingImports]

    def scaled(name: str) -> torch.Tensor:
        images = torch.from_numpy(arrays[name].reshape(len(arrays[name]), -1)).float() / 255
        return (images - 0.1307) / 0.3081

    images, labels = scaled("train_images"), torch.from_numpy(arrays["train_labels"]).long()
    shuffled = labels[torch.randperm(len(labels))]
    network = published.Net([784, 500, 500])
    positive, negative = (published.overlay_y_on_x(images, chosen) for chosen in (labels, shuffled))
    spent, epochs, passed = 0.0, [], (positive, negative)
    for layer in network.layers:
        begun = time.perf_counter()
        layer.num_epochs = 2
        layer.train(*passed)
        each = (time.perf_counter() - begun) / 2
        layer.num_epochs = max(1, int((seconds / len(network.layers) - 2 * each) / each))
        passed = layer.train(*passed)
        spent += time.perf_counter() - begun
        epochs.append(layer.num_epochs + 2)
    with torch.no_grad():
        right = network.predict(scaled("test_images")).numpy() == arrays["test_labels"]
    print(json.dumps({"seconds": spent, "epochs": epochs, "test_accuracy": float(right.mean())}))


if __name__ == "__main__":
    main()

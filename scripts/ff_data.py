"""Labelled images for the Forward-Forward studies: digits of scikit-learn, or MNIST; split once and for all."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ffnca.errors import InputError
from ffnca.ff.images.fitting import Batch, checked_batch
from ffnca.idx_file import MNIST_FILES, find_idx, read_idx

NUM_LABELS = 10
VALIDATION = {"digits": 240, "mnist": 5000}


class Split(NamedTuple):
    """Three sets that share no image.

    Attributes:
        train: Learned from.
        validation: Chosen by.
        test: Looked at once.
    """

    train: Batch
    validation: Batch
    test: Batch


def load_split(source: str) -> Split:
    """Load and split.

    Args:
        source: `digits`, `mnist` (by scikit-learn's `fetch_openml`), or `mnist:FOLDER` with the four IDX files.

    Raises:
        InputError: If there is no such data.
    """
    name, _, folder = source.partition(":")
    if name not in VALIDATION or (name == "digits" and folder):
        raise InputError(f"--data {source!r}: allowed are digits, mnist, mnist:FOLDER")
    if name == "digits":
        images, labels, num_test = *_digits(), 360
    elif folder:
        parts = [read_idx(find_idx(Path(folder), file), 3 if "images" in file else 1) for file in MNIST_FILES]
        sizes = [part.shape[1:] for part in parts[0::2]]
        if sizes[0] != sizes[1]:
            raise InputError(f"{folder}: images of {sizes[0]} and of {sizes[1]} pixels; allowed is one size")
        images, labels = np.concatenate(parts[0::2]), np.concatenate(parts[1::2])
        num_test = len(parts[2])
    else:
        images, labels, num_test = *_fetched(), 10_000
    if len(images) - num_test <= VALIDATION[name]:
        count = len(images) - num_test
        raise InputError(f"{source}: {count} images to learn from; more than {VALIDATION[name]} are needed")
    images_and_labels = checked_batch(images, labels, NUM_LABELS)
    edges = (len(images) - num_test - VALIDATION[name], len(images) - num_test, len(images))
    parts = [slice(start, end) for start, end in zip((0, *edges), edges, strict=False)]
    return Split(*(Batch(*(array[part] for array in images_and_labels)) for part in parts))


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images of 8x8 in an order drawn once, inside a border of zeros that has room for the label."""
    digits: Any = _datasets().load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images = np.pad(digits.images[order], ((0, 0), (1, 1), (1, 1)))
    return (images * (255 / 16)).astype(np.uint8), digits.target[order]


def _fetched() -> tuple[np.ndarray, np.ndarray]:
    try:
        found: Any = _datasets().fetch_openml("mnist_784", version=1, as_frame=False)
    except OSError as error:
        raise InputError(f"--data mnist: cannot be fetched ({error}); mnist:FOLDER reads IDX files") from error
    return found.data.reshape(-1, 28, 28).astype(np.uint8), found.target.astype(int)


def _datasets() -> Any:
    try:
        import sklearn.datasets
    except ModuleNotFoundError as error:
        raise InputError("--data digits and mnist need scikit-learn (`pip install scikit-learn`)") from error
    return sklearn.datasets

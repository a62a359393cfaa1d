"""Labelled images to learn from and to be tested on: digits of scikit-learn, or a folder of IDX files."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, UInt8
from scipy.ndimage import zoom

from ffnca.errors import InputError
from ffnca.idx_file import MNIST_FILES, find_idx, read_idx
from ffnca.spec import shown
from ffnca.systems.classifier.spec import DIGITS, NUM_LABELS

MIN_SIDE, MAX_SIDE = 8, 64
ENLARGED, MARGIN, TESTED = 2, 6, 360
"""How much larger a digit of scikit-learn is drawn, with what margin; how many of them are for tests."""
HELD_SHARE, MOST_HELD = 0.1, 5000
"""Share of the images to learn from that is held back, and the most."""


class Labelled(NamedTuple):
    """Images with their labels.

    Attributes:
        images: Brightness.
        labels: From 0 to 9.
    """

    images: UInt8[np.ndarray, "image side side"]
    labels: Int[np.ndarray, " image"]

    def __getitem__(self, part: Any) -> "Labelled":  # type: ignore[override]
        """Some of them."""
        return Labelled(self.images[part], self.labels[part])


class Split(NamedTuple):
    """Three sets that share no image.

    Attributes:
        learned: Learned from.
        held: Measured on while learning.
        tested: Looked at when all is done.
    """

    learned: Labelled
    held: Labelled
    tested: Labelled


def load_images(source: str, folder: Path) -> Split:
    """The images that a world names.

    Args:
        source: `digits`, or a folder of IDX files.
        folder: Where that is looked for.

    Raises:
        InputError: If scikit-learn is missing, or the folder does not hold such images.
    """
    if source == DIGITS:
        every = _digits()
        rest, tested = every[slice(TESTED, None)], every[slice(0, TESTED)]
    else:
        rest, tested = (_in_folder(folder / source, files) for files in (MNIST_FILES[:2], MNIST_FILES[2:]))
        if rest.images.shape[1:] != tested.images.shape[1:]:
            raise InputError(f"{folder / source}: images of two sizes; allowed: one")
    held = min(MOST_HELD, round(HELD_SHARE * len(rest.labels)))
    return Split(rest[slice(held, None)], rest[slice(0, held)], tested)


def _in_folder(folder: Path, files: tuple[str, ...]) -> Labelled:
    images, labels = (read_idx(find_idx(folder, file), axes) for file, axes in zip(files, (3, 1), strict=True))
    height, width = images.shape[1:]
    if height != width or not MIN_SIDE <= height <= MAX_SIDE:
        raise InputError(
            f"{folder}: images of {height}x{width}; allowed: squares of {MIN_SIDE} to {MAX_SIDE} pixels a side"
        )
    if len(images) != len(labels) or len(images) < NUM_LABELS:
        raise InputError(f"{folder}: {len(images)} images and {len(labels)} labels; allowed: as many, at least 10")
    if set(np.unique(labels)) != set(range(NUM_LABELS)):
        raise InputError(f"{folder}: labels {shown(sorted(set(labels.tolist())))}; allowed: each of 0 to 9")
    return Labelled(images, labels.astype(np.int32))


def _digits() -> Labelled:
    """1,797 images of 8x8, enlarged, in an order drawn once."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError(
            f'classifier.images = "{DIGITS}": needs scikit-learn (pip install scikit-learn); allowed: a folder of IDX'
        ) from error
    found: Any = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    large: Any = zoom(found.images[order] / 16, (1, ENLARGED, ENLARGED), order=3, grid_mode=True, mode="grid-constant")
    around = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))
    return Labelled(np.pad((255 * large.clip(0, 1)).astype(np.uint8), around), found.target[order].astype(np.int32))

"""How far apart two textures are: the sliced Wasserstein distance between their patches at three scales."""

import numpy as np
from jaxtyping import Float

PATCH, NUM_SCALES = 7, 3
NUM_DIRECTIONS, NUM_QUANTILES = 64, 256
SMALLEST = PATCH * 2 ** (NUM_SCALES - 1)
"""Pixels a side that hold one patch at the coarsest scale."""

Picture = Float[np.ndarray, "height width 3"]


def patches(picture: Picture, side: int = PATCH) -> Float[np.ndarray, "patch number"]:
    """Every square of so many pixels that lies within the picture, a row each."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side), (0, 1))
    return windows.reshape(-1, windows.shape[2] * side**2)


def halved(picture: Picture) -> Picture:
    """Each two by two pixels become their mean; an odd last row or column is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    return picture[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3).mean((1, 3))


def sliced_wasserstein(one: Picture, other: Picture) -> float:
    """Root mean square over directions of the Wasserstein-2 distance of the patches seen along it, mean over scales.

    Args:
        one: RGB in 0..1, at least `SMALLEST` pixels a side.
        other: The same, of any size.

    Returns:
        In the unit of the colours; 0 for equal distributions of patches. The directions are always the same ones.

    Reference:
        Bonneel et al. (2015), sliced and Radon Wasserstein barycenters; Heitz et al. (2021), arXiv:2006.07229.
    """
    directions = np.random.default_rng(0).standard_normal((3 * PATCH**2, NUM_DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    levels = (np.arange(NUM_QUANTILES) + 0.5) / NUM_QUANTILES
    total = 0.0
    for _ in range(NUM_SCALES):
        quantiles = [np.quantile(patches(picture) @ directions, levels, axis=0) for picture in (one, other)]
        total += float(np.sqrt(np.mean(np.square(quantiles[0] - quantiles[1]))))
        one, other = halved(one), halved(other)
    return total / NUM_SCALES


def halves(picture: Picture) -> tuple[Picture, Picture]:
    """The left and the right half."""
    middle = picture.shape[1] // 2
    return picture[:, :middle], picture[:, -middle:]


def self_distance(picture: Picture) -> float:
    """From one half of a picture to the other: what two pieces of the same texture differ by."""
    return sliced_wasserstein(*halves(picture))


def distance_to(exemplar: Picture, picture: Picture) -> float:
    """From a picture to a half of an exemplar, mean over both halves, so that it compares with `self_distance`."""
    return sum(sliced_wasserstein(half, picture) for half in halves(exemplar)) / 2

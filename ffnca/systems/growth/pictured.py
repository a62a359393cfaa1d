"""Worlds of pictures that are at hand, and pictures of one size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ffnca.systems.growth.fitted_world import MARGIN, fitted_world, growth_world
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.systems.growth.target import MIN_SIZE, target_name


def framed(pictures: list[Float[np.ndarray, "_ _ 4"]], detail: int = 1) -> Float[np.ndarray, "target h w 4"]:
    """Pictures of so many pixels a cell in the middle of frames of one size."""
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    frames = np.zeros((len(pictures), height, width, 4), np.float32)
    for frame, picture in zip(frames, pictures, strict=True):
        top, left = (
            (all_of - own) // detail // 2 * detail for all_of, own in zip((height, width), picture.shape, strict=False)
        )
        frame[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return frames


def pictured_world(longest: int, target: str, *, is_path: bool, train: Mapping[str, Any]) -> GrowthWorld:
    """The world of one picture, with what fits its size.

    Args:
        longest: Its longer side in cells.
        target: The emoji that it shows, or the name of a file for it, which need not exist.
        is_path: Whether it is certainly no emoji.
        train: Keys of the [train] table.

    Raises:
        InputError: If a key is unknown or its value out of range.
    """
    is_file = is_path or target.isascii() or Path(target).suffix or Path(target).is_file()
    described = {
        "kind": "growth",
        "title": target_name(target),
        "grid": {"size": (longest + 2 * MARGIN, longest + 2 * MARGIN)},
        "target": {"image" if is_file else "emoji": target, "size": max(longest, MIN_SIZE)},
        "train": dict(train),
    }
    return fitted_world(growth_world(described, target), longest)

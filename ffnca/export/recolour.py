"""Recolouring: a palette file's preference, learned once and kept as a cube of colours to look up."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from jaxtyping import Float, Float32
from scipy.ndimage import map_coordinates

from ffnca.ff.colour import ColourPreference
from ffnca.palette_file import Palette

CUBE_SIDE = 33
_LEAST_ALPHA = 1e-6  # under it a cell has no colour to speak of


@dataclass(frozen=True, eq=False)
class Recolouring:
    """How far each colour moves, on a grid over the colour cube.

    Attributes:
        shifts: By red, green and blue from 0 to 1; change of red, green and blue.
    """

    shifts: Float32[np.ndarray, "red green blue 3"]

    @classmethod
    def learned(cls, palette: Palette) -> Self:
        """Learn the preference of a palette and precompute what it does to every colour."""
        liked, disliked = (np.array(colours, np.uint8).reshape(-1, 3) for colours in (palette.liked, palette.disliked))
        preference = ColourPreference.learned(liked, disliked, seed=palette.seed)
        levels = np.linspace(0, 1, CUBE_SIDE, dtype=np.float32)
        colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
        return cls(preference.recolour(colours, strength=palette.strength) - colours)

    def shift(self, colours: Float[np.ndarray, "*batch 3"]) -> Float32[np.ndarray, "*batch 3"]:
        """How these colours move, interpolated between the nearest eight of the cube."""
        places = np.moveaxis(colours * np.float32(CUBE_SIDE - 1), -1, 0)
        return np.stack([map_coordinates(self.shifts[..., channel], places, order=1) for channel in range(3)], -1)

    def recoloured(self, state: Float[Any, "H W C"]) -> Float32[np.ndarray, "H W C"]:
        """A state with its colours moved, before it is laid over a background, which thus keeps its own.

        Args:
            state: Channels 0-2 colour premultiplied by alpha, 3 alpha, others unused.

        Returns:
            The same with other colours; cells without alpha are unchanged.
        """
        state = np.array(state, np.float32)
        visible = np.where(np.isfinite(state[..., :4]), state[..., :4], 0)
        alpha = np.clip(visible[..., 3:], 0, 1)
        colours = np.clip(visible[..., :3] / np.maximum(alpha, _LEAST_ALPHA), 0, 1)
        state[..., :3] += alpha * self.shift(colours)
        return state

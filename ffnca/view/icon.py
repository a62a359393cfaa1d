"""The icon of the window."""

import numpy as np
import pygame

from ffnca.growth.target import load_emoji

SIDE = 64
_SHOWN = "\N{LIZARD}"


def icon() -> pygame.Surface:
    """The lizard, as sharp as its emoji is drawn."""
    picture = load_emoji(_SHOWN, SIDE)
    alpha = picture[..., 3:]
    straight = np.concatenate([picture[..., :3] / np.maximum(alpha, 1e-6), alpha], -1)
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    height, width = straight.shape[:2]
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    pixels[top : top + height, left : left + width] = np.rint(255 * np.clip(straight, 0, 1))
    return pygame.image.frombytes(pixels.tobytes(), (SIDE, SIDE), "RGBA")

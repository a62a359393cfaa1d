"""The icon of the window."""

import numpy as np
import pygame

from ffnca.render import enlarge
from ffnca.systems.growth.rule_file import load_rule
from ffnca.world import rule_path_for

_SHOWN, _SCALE, _LEAST = "butterfly", 2, 8


def icon() -> pygame.Surface:
    """What a shipped rule grows, cell by cell, on nothing; an empty icon where that rule is not there."""
    rule = rule_path_for(_SHOWN)
    picture = load_rule(rule).target if rule.exists() else np.zeros((_LEAST, _LEAST, 4), np.float32)
    height, width = picture.shape[:2]
    side = max(height, width)
    cells = np.zeros((side, side, 4), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    cells[top : top + height, left : left + width] = picture
    cells[..., :3] /= np.maximum(cells[..., 3:], 1e-6)  # straight alpha
    pixels = enlarge(np.rint(255 * np.clip(cells, 0, 1)).astype(np.uint8), _SCALE)
    return pygame.image.frombytes(pixels.tobytes(), (_SCALE * side, _SCALE * side), "RGBA")

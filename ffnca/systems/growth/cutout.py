"""Pictures without transparency: told apart, and freed from a plain background."""

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from ffnca.errors import InputError

TOLERANCE = 0.08
"""How far a background may be from its one colour, in any of red, green and blue."""
_PLAIN_SHARE = 0.8
"""Of the border, which the background must reach; the picture may touch the edge with the rest."""


def is_opaque(cells: Float32[np.ndarray, "height width 4"]) -> bool:
    """Whether a picture has no transparency at all, so that its whole rectangle would live."""
    return bool((cells[..., 3] >= 1 - 1 / 255).all())


def cut_background(
    cells: Float32[np.ndarray, "height width 4"], name: str = "picture", *, soft: bool = True
) -> Float32[np.ndarray, "height width 4"]:
    """Remove the plain background of an opaque picture: what is joined to the edge and of the colour of the border.

    Enclosed areas of that colour, such as the white of an eye, stay. Pixels beside the background become partly
    transparent by how much of it is in them, and lose its colour; not so in pixel art, where every pixel is meant.

    Args:
        cells: Premultiplied RGBA in 0..1.
        name: What to call it in errors.
        soft: Whether edges are smooth, as in photographs and drawings, unlike pixel art.

    Returns:
        Premultiplied RGBA in 0..1.

    Raises:
        InputError: If it is partly transparent already, has no plain background, or is nothing else.
    """
    if not is_opaque(cells):
        raise InputError(f"{name}: has transparency already; cut the background of a picture without")
    colours = cells[..., :3]
    border = _edge(colours)
    plain = np.median(border, axis=0)
    if (np.abs(border - plain).max(-1) <= TOLERANCE).mean() < _PLAIN_SHARE:
        raise InputError(
            f"{name}: has no plain background to cut; allowed: one colour along {_PLAIN_SHARE:.0%} of its edge"
        )
    distance = np.abs(colours - plain).max(-1)
    areas = np.zeros(distance.shape, np.int32)
    ndimage.label(distance <= TOLERANCE, output=areas)
    at_edge = np.unique(_edge(areas))
    background = np.isin(areas, at_edge[at_edge > 0])
    if background.all():
        raise InputError(f"{name}: is background only, one colour; allowed: something on it")
    mixed = soft & np.asarray(ndimage.maximum_filter(background, 5), bool) & ~background
    # Nothing of the background is in the pixel around that is farthest from it.
    share = distance / np.maximum(ndimage.maximum_filter(distance, 7), TOLERANCE)
    alpha = np.where(background, 0, np.where(mixed, share, 1))[..., None]
    # What a pixel at the edge shows is its own colour times alpha, which is sought, and of the background the rest.
    own = np.clip(colours - (1 - alpha) * plain, 0, alpha)
    return np.concatenate([own, alpha], -1).astype(np.float32)


def _edge(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])

"""Pictures of textures that ship, each drawn by a few lines of code: equal names and seeds give equal pictures."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

SIDE = 96
"""Pixels a side."""
_FINE = 3
"""Each pixel is the mean of so many drawn points down and across."""

Plane = Float[np.ndarray, "tall wide"]
Picture = Float[np.ndarray, "tall wide 3"]


def _colours(*codes: str) -> Float[np.ndarray, "colour 3"]:
    return np.array([tuple(bytes.fromhex(code)) for code in codes]) / 255


def _ramp(colours: Float[np.ndarray, "colour 3"], level: Plane) -> Picture:
    """A colour between neighbouring ones, 0 the first, 1 the last."""
    place = np.clip(level, 0, 1) * (len(colours) - 1)
    first = np.minimum(place.astype(int), len(colours) - 2)
    share = (place - first)[..., None]
    return colours[first] * (1 - share) + colours[first + 1] * share


def _inside(depth: Plane, softness: float = 0.6) -> Plane:
    """1 at positive depths in pixels, 0 at negative ones, soft between."""
    return 1 / (1 + np.exp(-np.clip(4 * depth / softness, -50, 50)))


def _places() -> tuple[Plane, Plane]:
    """Row and column of every drawn point, in pixels."""
    along = (np.arange(SIDE * _FINE) + 0.5) / _FINE
    rows, columns = np.meshgrid(along, along, indexing="ij")
    return rows, columns


def _noise(random: np.random.Generator, passing: Callable[[Plane], Plane]) -> Plane:
    """Noise of deviation 1 with a spectrum given over cycles a pixel; the edges of the picture do not fit together."""
    side = 2 * SIDE * _FINE
    along = np.fft.fftfreq(side) * _FINE
    spectrum = np.fft.fft2(random.standard_normal((side, side))) * passing(np.hypot(along[:, None], along))
    drawn = np.fft.ifft2(spectrum).real[: side // 2, : side // 2]
    return (drawn - drawn.mean()) / drawn.std()


def _smooth(random: np.random.Generator, scale: float) -> Plane:
    return _noise(random, lambda cycles: np.exp(-0.5 * np.square(2 * np.pi * cycles * scale)))


def _scattered(random: np.random.Generator, apart: float) -> Float[np.ndarray, "point 2"]:
    """Points at random, none nearer to another than this many pixels, as many as find room in so many tries."""
    points = np.full((1, 2), -SIDE, float)
    for point in random.uniform(-12, SIDE + 12, (6000, 2)):
        if np.min(np.sum(np.square(points - point), 1)) > apart**2:
            points = np.vstack([points, point])
    return points[1:]


def _nearest(points: Float[np.ndarray, "point 2"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the nearest points, the nearest first, and which they are."""
    far, which = KDTree(points).query(np.stack(_places(), -1), count)
    return far, np.asarray(which)


def bricks(random: np.random.Generator) -> Picture:
    """Bricks in running bond, each of its own red."""
    tall, wide, joint = 7, 14, 1.1
    rows, columns = _places()
    course = (rows // tall).astype(int)
    columns = columns + course % 2 * wide / 2
    which = random.random((course.max() + 1, SIDE // wide + 3))[course, (columns // wide).astype(int)]
    depth = np.minimum(
        *(np.minimum(place % long, long - place % long) for place, long in ((rows, tall), (columns, wide)))
    )
    red = _ramp(_colours("7d2e1f", "a8432f", "c2603f"), which) * (1 + 0.06 * _smooth(random, 0.7)[..., None])
    laid = _inside(depth - joint / 2)[..., None]
    return laid * red + (1 - laid) * _colours("d8cbb5")[0]


def cells(random: np.random.Generator) -> Picture:
    """Angular cells between pale walls."""
    points = _scattered(random, 10)
    far, which = _nearest(points, 2)
    body = _ramp(_colours("b5651d", "d98e3f", "e0a458"), random.random(len(points))[which[..., 0]])
    within = _inside(far[..., 1] - far[..., 0] - 1.6, 0.8)[..., None]
    return within * body + (1 - within) * _colours("fff1d6")[0]


def chequers(random: np.random.Generator) -> Picture:
    """A chequered floor, each tile a little lighter or darker."""
    rows, columns = (place // 6 for place in _places())
    tiles = random.uniform(0.88, 1.12, (SIDE // 6 + 1,) * 2)[rows.astype(int), columns.astype(int)]
    return _colours("20304a", "e9dcc3")[((rows + columns) % 2).astype(int)] * tiles[..., None]


def labyrinth(random: np.random.Generator) -> Picture:
    """Winding stripes of one width."""
    bands = _noise(random, lambda cycles: np.exp(-0.5 * np.square((8 * cycles - 1) / 0.12)))
    return _ramp(_colours("12263a", "f4ecd8"), _inside(bands, 0.5))


def marble(random: np.random.Generator) -> Picture:
    """Green veins in white stone."""
    rows, columns = _places()
    crumpled = sum(_smooth(random, 8 / 2**octave) / 2**octave for octave in range(4))
    veins = np.abs(np.sin((rows + columns) / 11 + 1.2 * crumpled))
    return _ramp(_colours("2f3e46", "84a98c", "dfe7dd", "f6f7f2"), veins**0.6)


def scales(random: np.random.Generator) -> Picture:
    """Overlapping scales of a fish, each lit from above."""
    tall, wide = 6, 12
    rows, columns = _places()
    drawn, hues = np.zeros((*rows.shape, 3)), _colours("1b4965", "2a9d8f", "62b6cb", "bee9e8")
    for course in range(SIDE // tall + 3, -3, -1):
        shifted = columns - course % 2 * wide / 2
        which = np.rint(shifted / wide).astype(int)
        hue = random.uniform(0.15, 0.5, SIDE // wide + 4)[which + 1]
        depth = 0.53 * wide - np.hypot(rows - course * tall, shifted - which * wide)
        lit = _ramp(hues, hue + 0.6 * np.clip((rows - course * tall) / wide + 0.2, 0, 1))
        body = _inside(depth - 0.9)[..., None]
        scale = body * lit + (1 - body) * _colours("0d1b2a")[0]
        drawn = np.where(depth[..., None] > 0, scale, drawn)
    return drawn


def spots(random: np.random.Generator) -> Picture:
    """Round spots of several sizes, none touching another."""
    points = _scattered(random, 8.5)
    far, which = _nearest(points, 3)
    depth = random.uniform(2.2, 3.4, len(points))[which] - far
    return _ramp(_colours("3a2b4f", "f2c14e"), _inside(depth.max(-1), 0.5))


def waves(random: np.random.Generator) -> Picture:
    """Ripples on water, all in one direction."""
    rows, columns = _places()
    phase = 2 * np.pi * rows / 9 + 1.6 * _smooth(random, 7) + 0.25 * np.sin(columns / 5)
    return _ramp(_colours("0b3954", "087e8b", "7fd1c7", "f5f5e9"), 0.5 + 0.5 * np.sin(phase))


def woven(random: np.random.Generator) -> Picture:
    """Strands over and under each other."""
    wide = 8
    rows, columns = _places()
    strands = (rows // wide).astype(int), (columns // wide).astype(int)
    level = (strands[0] + strands[1]) % 2 == 0
    across = 2 * np.where(level, rows % wide, columns % wide) / wide - 1
    along = 2 * np.where(level, columns % wide, rows % wide) / wide - 1
    light = np.sqrt(1 - np.square(0.93 * across)) * (0.72 + 0.28 * np.cos(along * np.pi / 2))
    light *= random.uniform(0.85, 1.1, (2, SIDE // wide))[1 - level.astype(int), np.where(level, *strands)]
    return _colours("9c6b34", "e0b36a")[level.astype(int)] * light[..., None]


EXEMPLARS: dict[str, Callable[[np.random.Generator], Picture]] = {
    drawing.__name__: drawing for drawing in (bricks, cells, chequers, labyrinth, marble, scales, spots, waves, woven)
}
"""By name."""


def drawn(name: str, seed: int = 0) -> Float[np.ndarray, "side side 3"]:
    """A texture by its name, RGB in 0..1, float32, `SIDE` pixels a side."""
    fine = np.clip(EXEMPLARS[name](np.random.default_rng(seed)), 0, 1)
    return fine.reshape(SIDE, _FINE, SIDE, _FINE, 3).mean((1, 3)).astype(np.float32)

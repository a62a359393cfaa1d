"""The position code: a smooth pattern in the hidden channels that tells each cell where in the body it is."""

import math

import numpy as np
from jaxtyping import Float

from ffnca.grid.turn import turning

LOWEST_FREQUENCY = 0.5
CELLS_PER_CYCLE = 4.8
"""The finest wave of the code is this many cells long, whatever the size of the body."""

LARGEST_RATIO = 4.2
"""Neighbouring frequencies differ by at most this: each wave says which period of the next finer one a cell is in."""
FEWEST_FREQUENCIES = 3


def _highest_frequency(half_width: float) -> float:
    return max(2 * half_width / CELLS_PER_CYCLE, LOWEST_FREQUENCY)


def code_channels(half_width: float) -> int:
    """How many channels the code of a body needs: 12 up to 42 cells, 16 up to 177.

    Args:
        half_width: Half the longer side of the body in cells.
    """
    ratios = math.log(_highest_frequency(half_width) / LOWEST_FREQUENCY, LARGEST_RATIO)
    return 4 * max(FEWEST_FREQUENCIES, 1 + math.ceil(ratios))


def frequencies(num_channels: int, half_width: float) -> Float[np.ndarray, " frequency"]:
    """Half cycles of each wave in a half-width of the body, from coarse to fine.

    Args:
        num_channels: Channels of the code, four a frequency.
        half_width: Half the longer side of the body in cells.
    """
    return np.geomspace(LOWEST_FREQUENCY, _highest_frequency(half_width), max(num_channels // 4, 1))


def wave_numbers(num_channels: int, half_width: float) -> tuple[float, ...]:
    """The same in radians a cell."""
    return tuple(float(number) for number in np.pi * frequencies(num_channels, half_width) / half_width)


def coordinates(
    shape: tuple[int, int], middle: tuple[float, float], half_width: float, angle: float = 0.0
) -> tuple[Float[np.ndarray, "H W"], Float[np.ndarray, "H W"]]:
    """x and y of every cell in units of the body's half-width, 0 at `middle` (row, column), turned by an angle.

    The middle is a corner of cells: it is the place half a cell before it that stays where it is.
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    across, down = columns - middle[1], rows - middle[0]
    if angle:
        cosine, sine = turning(angle)
        across, down = across + 0.5, down + 0.5
        across, down = cosine * across + sine * down - 0.5, cosine * down - sine * across - 0.5
    return across / half_width, down / half_width


def position_code(
    x: Float[np.ndarray, "H W"], y: Float[np.ndarray, "H W"], num_channels: int, half_width: float, amplitude: float
) -> Float[np.ndarray, "H W channel"]:
    """Sine and cosine of x and y at geometrically spaced frequencies.

    Args:
        x: Column position in half-widths.
        y: Row position in half-widths.
        num_channels: How many channels to fill; four a frequency, a remainder stays 0.
        half_width: Half the longer side of the body in cells, which sets the highest frequency.
        amplitude: Of each wave.

    Returns:
        The code of every cell, within plus and minus `amplitude`.
    """
    code = np.zeros((*x.shape, num_channels))
    rates = frequencies(num_channels, half_width)
    waves = [wave(np.pi * rate * axis) for rate in rates for axis in (x, y) for wave in (np.sin, np.cos)]
    filled = min(len(waves), num_channels)
    code[..., :filled] = amplitude * np.stack(waves[:filled], -1)
    return code

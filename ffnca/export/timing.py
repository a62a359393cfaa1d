"""How an animation is timed: frames a second, how long the last one stays, how often it is played."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ffnca.errors import InputError

MIN_FPS, MAX_FPS = 0.001, 1000
MAX_HOLD = 60.0
MAX_LOOP = 65_535


@dataclass(frozen=True)
class Timing:
    """How an animation is timed.

    Attributes:
        fps: Frames a second, from `MIN_FPS` to `MAX_FPS`.
        hold: Seconds that the last frame stays, up to `MAX_HOLD`; None for as long as any other.
        loop: How often it is played, up to `MAX_LOOP`; 0 or None for ever.
    """

    fps: float = 25.0
    hold: float | None = None
    loop: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no format can do.

        Raises:
            InputError: If a number is out of range.
        """
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise InputError(f"fps: {self.fps:g} is not from {MIN_FPS} to {MAX_FPS}")
        if self.hold is not None and not 0 < self.hold <= MAX_HOLD:
            raise InputError(f"--hold {self.hold:g}: allowed is more than 0, up to {MAX_HOLD:g} seconds")
        if self.loop is not None and not 0 <= self.loop <= MAX_LOOP:
            raise InputError(f"--loop {self.loop}: allowed is 0, for ever, to {MAX_LOOP} times")

    def schedule(
        self, num_frames: int, ticks: int, shortest: int
    ) -> tuple[Int[np.ndarray, " kept"], Int[np.ndarray, " kept"]]:
        """Choose the frames to show and their delays in ticks, rounding times rather than delays.

        Args:
            num_frames: How many there are, at least 1.
            ticks: In a second.
            shortest: Ticks that a frame stays at least.

        Returns:
            Indices of the frames kept (all, unless they are faster than `shortest`), and the delay of each.
        """
        held = [] if self.hold is None else [max(round(self.hold * ticks), shortest)]
        num_moving = num_frames - len(held)
        stride = max(1.0, self.fps * shortest / ticks)
        num_kept = max(1 - len(held), int(num_moving / stride + 1e-9))
        starts = np.arange(num_kept) * stride
        times = np.rint(np.append(starts, num_moving) * ticks / self.fps).astype(int)
        kept = np.floor(starts + 1e-9).astype(int)
        delays = np.maximum(np.diff(times), shortest)
        return np.append(kept, [num_frames - 1] * len(held)).astype(int), np.append(delays, held).astype(int)

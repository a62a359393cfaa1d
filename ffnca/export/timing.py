"""How an animation is timed: frames a second, how long the last one stays, how often it is played."""

from dataclasses import dataclass

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

"""WebP: without loss; its encoder finds what changed."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ffnca.export.reel import Frame
from ffnca.export.show import Shot, Show

_METHOD = 4  # how hard the encoder tries, of 0 to 6


def write_webp(path: Path, show: Show, shots: list[Shot], loop: int) -> None:
    """Write it; frames are drawn one by one as the encoder takes them, which holds them packed until the end.

    Args:
        path: Where to.
        show: What is seen.
        shots: Of it.
        loop: How often it is played, 0 for ever.
    """
    first, *others = shots
    durations = [shot.milliseconds for shot in shots] if others else first.milliseconds
    film = [_Film((show.picture(shot.index) for shot in others), len(others))] if others else []
    Image.fromarray(show.picture(first.index)).save(
        path,
        format="WEBP",
        save_all=True,
        append_images=film,
        duration=durations,
        loop=loop,
        lossless=True,
        method=_METHOD,
    )
    if show.paper is None:
        _mark_clear(path)


class _Film(Image.Image):
    """Pictures in a row as Pillow reads them from a file of several: each when it is sought, forwards only."""

    def __init__(self, pictures: Iterator[Frame], num_pictures: int) -> None:
        super().__init__()
        self.n_frames = num_pictures
        self._pictures, self._next = pictures, 0

    def seek(self, frame: int) -> None:
        """Draw the picture of this number, which is the next one."""
        if frame == self._next:
            image = Image.fromarray(next(self._pictures))
            self._mode, self._size, self.im = image.mode, image.size, image.im
            self._next += 1


def _mark_clear(path: Path) -> None:
    """Say in the header of a WebP that it is clear in places.

    The encoder cuts every frame to what is drawn, and where nothing clear is left in any of them forgets to say so:
    the ground around them is then black.
    """
    with path.open("r+b") as file:
        header = bytearray(file.read(21))
        if header[12:16] == b"VP8X":
            header[20] |= 0x10
            file.seek(0)
            file.write(header)

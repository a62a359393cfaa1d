"""Palette files: liked and disliked colours in JSON."""

import os
import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.settings_text import parse_json
from ffnca.spec import Spec, described, shown

MAX_PALETTE_BYTES = 2**16
MAX_COLOURS = 64
_HEX = re.compile("#[0-9a-fA-F]{6}")
_COLOUR = '"#rrggbb" or [red, green, blue] in whole numbers from 0 to 255'


def _from_hex(value: Any) -> Any:
    return tuple(bytes.fromhex(value[1:])) if isinstance(value, str) and _HEX.fullmatch(value) else value


Byte = Annotated[int, Field(ge=0, le=255, strict=True)]
Colour = Annotated[tuple[Byte, Byte, Byte], Field(strict=False, description=_COLOUR), BeforeValidator(_from_hex)]
"""Red, green and blue, 0 to 255."""


class Palette(Spec):
    """What is liked, what is disliked, and how far a picture follows.

    Attributes:
        liked: Colours to draw with.
        disliked: Colours to keep away from, on top of whatever is unlike the liked ones.
        seed: Of the samples that the preference is learned from.
        strength: 0 leaves a picture as it is, 1 moves it all the way.
    """

    liked: tuple[Colour, ...] = Field(
        strict=False, min_length=1, max_length=MAX_COLOURS, description=f"1 to {MAX_COLOURS} colours in a list"
    )
    disliked: tuple[Colour, ...] = Field(
        default=(), strict=False, max_length=MAX_COLOURS, description=f"up to {MAX_COLOURS} colours in a list"
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description=f"a whole number from 0 to {2**31 - 1}")
    strength: float = Field(default=1.0, ge=0, le=1, description="a number from 0 to 1")

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if both := set(self.liked) & set(self.disliked):
            colour = "#" + bytes(min(both)).hex()
            raise ValueError(f'disliked names "{colour}", which is liked too; allowed: colours that are not liked')
        return self


def load_palette(path: str | os.PathLike[str]) -> Palette:
    """Read a palette file, such as `{"liked": ["#ff8800", [255, 200, 0]]}`.

    Raises:
        InputError: If it cannot be read, is too large or not JSON, a key is unknown or missing, or a value is of
            another type or out of range.
    """
    content = read_bounded(path, MAX_PALETTE_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not JSON, nor UTF-8 text (byte {error.start})") from error
    settings = parse_json(text, str(path))
    if not isinstance(settings, dict):
        raise InputError(f"{path}: is {shown(settings)}; allowed: an object with {', '.join(Palette.model_fields)}")
    try:
        return Palette.model_validate(settings)
    except ValidationError as error:
        raise InputError(f"{path}: {described(error.errors(include_url=False)[0], Palette)}") from error

"""What the command line ends with besides success: bad input, named in a single line, or a stop by the user."""

import operator
import unicodedata
from typing import SupportsIndex

_OF_EMOJI = {"\u200d", *map(chr, range(0xE0020, 0xE0080))}
"""Not seen by themselves, but parts of emoji: the joiner, and the tags of flags."""
MAX_SEED = 2**31 - 1
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_HEAD, _TAIL = 1000, 500
"""Characters that are kept of a line that is longer than both."""


class InputError(ValueError):
    """Input that cannot be used; the message is one line and ends up on stderr with exit code 2."""

    def __init__(self, message: str) -> None:
        """Keep the message on one line, bounded and printable, whatever a file or a library put into it."""
        super().__init__(safe_line(message))


class OtherKind(InputError):
    """A pattern of a rule that this kind of world does not have; another kind may."""


class Stopped(Exception):
    """The user stopped long work with Ctrl-C, and everything worth keeping is saved; the message says where."""


def whole_number(value: SupportsIndex | float, name: str, low: int, high: int) -> int:
    """A whole number of any type: of Python, NumPy or jax, or a float that is whole.

    Raises:
        InputError: If it is no whole number from `low` to `high`.
    """
    number = _index(int(value) if isinstance(value, float) and value.is_integer() else value)
    if number is None or isinstance(value, bool) or not low <= number <= high:
        raise InputError(f"{name}: {str(value)[:40]} is not a whole number from {low} to {high}")
    return number


def _index(value: SupportsIndex | float) -> int | None:
    try:
        return operator.index(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):  # jax says either of an array that is none
        return None


def safe_line(text: str) -> str:
    """The text on one line of bounded length, without what would steer a terminal or turn the order of letters.

    Returns:
        The text with white space as single spaces, such characters as escapes like `\\x1b`, and without its middle if
        it is too long.
    """
    text = str(text)
    line = " ".join((text if len(text) <= 100_000 else f"{text[:_HEAD]} ... {text[-_TAIL:]}").split())
    if not line.isascii() or not line.isprintable():
        line = "".join(_escaped(character) for character in line)
    return line if len(line) <= _HEAD + _TAIL else f"{line[:_HEAD]} ... {line[-_TAIL:]}"


def _escaped(character: str) -> str:
    if character in _OF_EMOJI or unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()

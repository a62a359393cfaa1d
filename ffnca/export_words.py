"""The words of `ffnca export`, in which two options take what others cannot: an optional value, and several values."""

from typer import Context
from typer.core import TyperCommand


class ExportCommand(TyperCommand):
    """Two options that take what cannot be said otherwise: a story with or without its acts, and several worlds."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Give each option its one value."""
        return super().parse_args(ctx, _one_value_each(args))


def _one_value_each(words: list[str]) -> list[str]:
    """`--story` alone is given no acts, and `--compare A B` becomes `--compare A --compare B`."""
    rewritten: list[str] = []
    place, end = 0, words.index("--") if "--" in words else len(words)
    while place < end:
        word, place = words[place], place + 1
        if word == "--story" and (place == end or not _tells_acts(words[place])):
            word = "--story="
        rewritten.append(word)
        if word == "--compare" and place < end:
            rewritten.append(words[place])
            place += 1
            while place < end and not words[place].startswith("-") and not _is_file_to_write(words[place]):
                rewritten += [word, words[place]]
                place += 1
    return rewritten + words[end:]


def _is_file_to_write(word: str) -> bool:
    """Whether a word can be no world, since it names an animation."""
    from ffnca.export.animation import SUFFIXES

    return word.lower().endswith(SUFFIXES)


def _tells_acts(word: str) -> bool:
    """Whether the word after `--story` belongs to it."""
    return not word.startswith("-") and ("," in word or word.lower() in ("grow", "wound", "heal"))

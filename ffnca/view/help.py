"""The help: every key in columns over the whole window; what does not fit is scrolled to."""

import pygame

from ffnca.view.actions import GROUPS, Action
from ffnca.view.camera import Area
from ffnca.view.drawing import ACCENT, FAINT, INK, PAPER, width_of, write
from ffnca.view.layout import packed

LEAST_SIZE = 11
"""Of a text that can still be read, in pixels."""
_SPACING = 1.2
Group = list[tuple[str, str, Action | None]]
"""Key, words and action of each line; the title comes first and has no key."""


def help_groups() -> list[Group]:
    """Every key, by what it is for."""
    return [
        [("", title, None), *((action.shown, action.help, action) for action in actions if action.help)]
        for title, actions in GROUPS.items()
    ]


class Help:
    """Draws the keys, and remembers how far they were scrolled.

    Attributes:
        hidden: Pixels that are out of sight below or above.
    """

    def __init__(self) -> None:
        """At the top."""
        self.hidden = self._scrolled = 0

    def scroll(self, lines: int) -> None:
        """Go down by so many lines, or up."""
        self._scrolled = min(max(self._scrolled + 24 * lines, 0), self.hidden)

    def draw(self, screen: pygame.Surface, area: Area, size: int, useless: frozenset[Action]) -> list[tuple[Area, str]]:
        """Cover an area with all keys, as large as fits.

        Args:
            screen: Where.
            area: To cover.
            size: Of texts at most.
            useless: Actions that the world that is shown cannot use; drawn faint.

        Returns:
            Every text that is in sight and where it lies.
        """
        groups = help_groups()
        size, columns = _fitting(groups, area, size)
        high, margin = int(size * _SPACING), size
        num_columns, places = packed(_heights(groups, size), area.height - margin, columns)
        lowest = max(top + height for (_, top), height in zip(places, _heights(groups, size), strict=True))
        self.hidden = max(lowest + margin - area.height, 0)
        self._scrolled = min(self._scrolled, self.hidden)
        screen.fill(PAPER, area)
        key_width, wide, found = _key_width(groups, size), (area.width - margin) // num_columns, []
        before = screen.get_clip()
        screen.set_clip(pygame.Rect(area))
        for group, (column, upper) in zip(groups, places, strict=True):
            for place, (keys, words, action) in enumerate(group):
                left = area.left + margin + column * wide
                top = area.top + margin + upper + place * high - self._scrolled
                if top + high < area.top or top > area.top + area.height:
                    continue
                faint = action is None or action in useless
                indent = key_width if keys else 0
                if keys:
                    write(screen, keys, (left, top), size, FAINT if faint else ACCENT)
                length = write(screen, words, (left + indent, top), size, FAINT if faint else INK)
                found.append((Area(left, top, indent + length, high), words))
        if self.hidden:
            words = "more: wheel, Up, Down"
            place = Area(area.left, area.top + area.height - high, area.width, high)
            screen.fill(PAPER, place)
            write(screen, words, (area.left + margin, place.top), size, ACCENT)
        screen.set_clip(before)
        return found


def _key_width(groups: list[Group], size: int) -> int:
    return max(width_of(keys, size) for group in groups for keys, _, _ in group) + size


def _heights(groups: list[Group], size: int) -> list[int]:
    """Of the groups, each with a gap below."""
    return [(len(group) + 1) * int(size * _SPACING) for group in groups]


def _fitting(groups: list[Group], area: Area, size: int) -> tuple[int, int]:
    """The largest size of text with which all groups fit, and the columns that there are then; else the least size."""
    columns = 1
    for fitting in range(max(size, LEAST_SIZE), LEAST_SIZE - 1, -1):
        words = max(width_of(words, fitting) for group in groups for _, words, _ in group)
        columns = max((area.width - fitting) // (_key_width(groups, fitting) + words + fitting), 1)
        heights, room = _heights(groups, fitting), area.height - fitting
        if max(heights) <= room and packed(heights, room)[0] <= columns:
            return fitting, columns
    return LEAST_SIZE, columns

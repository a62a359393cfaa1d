"""Everything the window can do, with its key, its button and its line in the help."""

from typing import NamedTuple

import pygame

from ffnca.view.brushes import BRUSHES


class Action(NamedTuple):
    """One thing to do.

    Attributes:
        name: Of the method of the window that does it.
        key: pygame's code of its key.
        shown: The key as people call it.
        help: What it does.
        button: Text of its button, empty if it has none.
        control: Whether Ctrl (or Command) is held.
        shift: Whether Shift is held; None if it does not matter.
        argument: For the method.
    """

    name: str
    key: int
    shown: str
    help: str
    button: str = ""
    control: bool = False
    shift: bool | None = None
    argument: str | int | None = None


_RUN = (
    Action("toggle_pause", pygame.K_SPACE, "Space", "run or pause", "Pause"),
    Action("single_step", pygame.K_PERIOD, ".", "one step", "Step"),
    Action("restart", pygame.K_BACKSPACE, "Backspace", "start again", "Restart"),
    Action("new_seed", pygame.K_n, "N", "start again with a new seed", "New seed"),
    Action("turn", pygame.K_RIGHT, "Right", "start again, turned clockwise", "Turn", argument=1),
    Action("turn", pygame.K_LEFT, "Left", "start again, turned the other way", argument=-1),
    Action("shift_speed", pygame.K_UP, "Up", "faster", argument=1),
    Action("shift_speed", pygame.K_DOWN, "Down", "slower", argument=-1),
    Action("shift_speed", pygame.K_m, "M", "as fast as possible, or back", argument=0),
    Action("next_world", pygame.K_PAGEDOWN, "PgDn", "next world", "Next", argument=1),
    Action("next_world", pygame.K_PAGEUP, "PgUp", "previous world", "Previous", argument=-1),
    Action("toggle", pygame.K_w, "W", "list of worlds", "Worlds", argument="worlds"),
)
_TOUCH = (
    *(
        Action("take_brush", pygame.K_1 + place, str(place + 1), f"brush: {text}", label, argument=kind)
        for place, (kind, text, label) in enumerate(
            zip(
                BRUSHES,
                ("erase", "damage with noise", "plant a creature", "paint a colour", "build a wall"),
                ("Erase", "Noise", "Seed", "Paint", "Wall"),
                strict=True,
            )
        )
    ),
    Action("next_colour", pygame.K_SEMICOLON, ";", "next colour of the paint", "Colour", argument=1),
    Action("resize_brush", pygame.K_RIGHTBRACKET, "]", "larger brush (or the wheel)", argument=1),
    Action("resize_brush", pygame.K_LEFTBRACKET, "[", "smaller brush", argument=-1),
    Action("undo", pygame.K_z, "Ctrl-Z", "undo the last stroke", "Undo", control=True),
)
_SEE = (
    Action("look", pygame.K_c, "C", "see colour", "Colour", argument="colour"),
    Action("look", pygame.K_g, "G", "see health: light is well, hot is ill", "Health", argument="health"),
    Action("look", pygame.K_k, "K", "see one channel; again: the next", "Channel", argument="channel", shift=False),
    Action("previous_channel", pygame.K_k, "Shift-K", "the channel before", shift=True),
    Action("look", pygame.K_a, "A", "see all channels", "All", argument="tiles"),
    Action("look", pygame.K_d, "D", "see the difference from the target", "Error", argument="difference"),
    Action("next_view", pygame.K_v, "V", "the next view that this world has", "View"),
    Action("zoom", pygame.K_EQUALS, "+", "zoom in (or Ctrl-wheel)", argument=1),
    Action("zoom", pygame.K_MINUS, "-", "zoom out", argument=-1),
    Action("fit", pygame.K_0, "0", "fit; the right button drags", "Fit"),
)
_LEARN = (
    Action("learn", pygame.K_l, "L", "learn in the background; again: rest", "Learn"),
    Action("paint_target", pygame.K_t, "T", "paint a target, or type an emoji", "Target"),
    Action("save", pygame.K_s, "S", "save the rule", "Save"),
    Action("record", pygame.K_r, "R", "start or end a recording", "Record"),
    Action("next_format", pygame.K_f, "F", "kind of recording: GIF, WebP, MP4"),
    Action("photograph", pygame.K_p, "P", "write a picture", "Picture"),
)
_WINDOW = (
    Action("toggle", pygame.K_h, "H or ?", "this help", "Help", argument="help"),
    Action("toggle", pygame.K_SLASH, "?", "", shift=True, argument="help"),
    Action("toggle", pygame.K_x, "X", "hide or show texts and chart", argument="hud"),
    Action("toggle", pygame.K_TAB, "Tab", "hide or show the side panel", argument="panel"),
    Action("toggle", pygame.K_F11, "F11", "full screen", argument="fullscreen"),
    Action("leave", pygame.K_ESCAPE, "Esc", "close what is open, or quit"),
    Action("quit", pygame.K_q, "Ctrl-Q", "quit", control=True),
)

GROUPS: dict[str, tuple[Action, ...]] = {
    "Run": _RUN,
    "Touch": _TOUCH,
    "See": _SEE,
    "Learn and keep": _LEARN,
    "Window": _WINDOW,
}
ACTIONS = tuple(action for group in GROUPS.values() for action in group)


def action_for(key: int, modifiers: int) -> Action | None:
    """What a key does with these modifiers, None if nothing."""
    control = bool(modifiers & (pygame.KMOD_CTRL | pygame.KMOD_META))
    shift = bool(modifiers & pygame.KMOD_SHIFT)
    for action in ACTIONS:
        if action.key == key and action.control == control and action.shift in (None, shift):
            return action
    return None

"""What the world that is shown can be told to do, and why not, in words for who watches it."""

from ffnca.view.actions import Action
from ffnca.view.session import Session

_NO_VIEW = {
    "health": "has no health to see; it was not learned",
    "difference": "has no target to differ from",
    "channel": "has one channel only",
    "tiles": "has one channel only",
}


def why_not(action: Action, session: Session, *, learner: bool) -> str:
    """Why an action is of no use now, empty if it is.

    Args:
        action: Any action.
        session: What is shown.
        learner: Whether something is being learned already.
    """
    simulation = session.simulation
    world, creature = simulation.world.title or simulation.name, simulation.creature
    view = str(action.argument) if action.name == "look" else "channel" if action.name == "previous_channel" else ""
    if view and view not in session.views:
        return f"{world} {_NO_VIEW.get(view, 'has no such view')}"
    if action.name == "take_brush" and action.argument not in ("wall", *simulation.brushes):
        return f"{world} has no such brush"
    if action.name == "next_view" and len(session.views) == 1:
        return f"{world} is drawn in one way only"
    if action.name == "turn" and simulation.turned is None:
        return f"{world} cannot be turned; worlds that grow a target can"
    if action.name == "learn" and creature is None and not learner:
        return f"{world} has nothing to learn; T paints a target that can be learned"
    if action.name == "save" and (creature is None or not creature.record):
        return "there is no trained rule to save yet" + ("; L learns one" if creature else "")
    if action.name == "next_colour" and not any(brush.coloured for brush in simulation.brushes.values()):
        return f"{world} has no colours to paint with"
    if action.name == "undo" and not session.can_undo:
        return "there is no stroke to undo"
    return ""

"""A page within another document, as notebooks show it."""

import html

from ffnca.errors import InputError
from ffnca.page.writing import page_text
from ffnca.simulation import Simulation

HEIGHT = 720
"""Pixels, which hold the page at the width of a notebook."""


def framed(simulation: Simulation) -> str | None:
    """The page of a simulation as an inline frame, which can run its script and save files, and nothing else.

    Returns:
        HTML; None where the simulation has no description as data.
    """
    try:
        page = page_text(simulation)
    except InputError:
        return None
    title, sandbox = html.escape(simulation.world.title), "allow-scripts allow-downloads"
    style = f"width: 100%; height: {HEIGHT}px; border: 0"
    inside = page.replace("&", "&amp;").replace('"', "&quot;")  # all that an attribute needs
    return f'<iframe title="{title}" sandbox="{sandbox}" style="{style}" srcdoc="{inside}"></iframe>'

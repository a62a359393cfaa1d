"""A page: one HTML file without any other, in which a rule runs, or many."""

import base64
import html
import json
import re
import zlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ffnca.atomic import replacing
from ffnca.opening import opened
from ffnca.page.data import as_json, page_data
from ffnca.simulation import Simulation
from ffnca.systems.base import Request

SCRIPTS = ("lattice.js", "graphics.js", "drawing.js", "brushes.js", "teaching.js", "page.js")


def page_text(simulation: Simulation, seed: int = 0) -> str:
    """The page of a simulation.

    Args:
        simulation: What it begins with; what it can choose and turn to is in the page too.
        seed: Of the randomness that it begins with.

    Raises:
        InputError: If the simulation has no description as data.
    """
    data = _world_data(simulation, seed)
    return _filled([data], data, title=data["title"])


def gallery_text(requests: Sequence[Request], *, title: str, hint: str, credits: str) -> str:
    """The page of many worlds, each alive on a card, and in full where it is opened; without angles, to be small.

    Args:
        requests: Worlds of different names, in the order of their cards.
        title: Of the page.
        hint: A sentence under it.
        credits: What must be said of the pictures that they grow.

    Raises:
        InputError: If a world cannot be opened, or as `page_text`.
    """
    worlds = [_world_data(opened(request), request.seed, turns=False) for request in requests]
    data = {"title": title, "hint": hint, "credits": credits, "worlds": worlds}
    return _filled(worlds, data, title=title, gallery=True)


def _world_data(simulation: Simulation, seed: int, *, turns: bool = True) -> dict[str, Any]:
    chosen = simulation.chosen
    choices = {} if chosen is None else {name: chosen(simulation, name) for name in simulation.choices}
    return page_data(simulation, choices, seed=seed, turns=turns)


def _filled(worlds: Sequence[dict[str, Any]], data: dict[str, Any], *, title: str, gallery: bool = False) -> str:
    """The page of some data; scripts that none of its worlds needs are left out."""
    scripts, styles = SCRIPTS, ["style.css"]
    teachable = any(world["teachable"] for world in worlds)
    if any(world["decoder"] for world in worlds):
        scripts = ("decoder.js", *scripts)
    if gallery:
        scripts, styles = ("gallery.js", *scripts), [*styles, "gallery.css"]
    packed = _packed(
        json.dumps({"page": "\n".join(map(_asset, scripts)), "learner": _asset("learn.js") if teachable else ""})
    )
    parts = {
        "title": html.escape(title),
        "style": "\n".join(map(_asset, styles)),
        "hidden": "hidden" if gallery else "",
        "data": as_json(data),
        "packed": packed,
        "boot": _asset("boot.js"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _asset("page.html"))


def _packed(text: str) -> str:
    """Text as base64 of a raw deflate stream."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()


def _asset(name: str) -> str:
    """The text of a file of this folder, without comment lines and what indents them."""
    lines = (files("ffnca.page") / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for full in lines if (line := full.strip()) and not line.startswith("//"))


def write_page(request: Request, out: Path) -> str:
    """Write the page of a world; says what was written.

    Raises:
        InputError: If the world cannot be opened or has no description as data, or the file cannot be written.
    """
    text = page_text(opened(request), request.seed)
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return f"{out}: a page of {len(text.encode()) / 1000:.0f} KB"

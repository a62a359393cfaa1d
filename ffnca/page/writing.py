"""A page: one HTML file without any other, in which a rule runs."""

import base64
import html
import json
import re
import zlib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from ffnca.atomic import replacing
from ffnca.opening import opened
from ffnca.page.data import as_json, page_data
from ffnca.systems.base import Request

SCRIPTS = ("lattice.js", "graphics.js", "drawing.js", "brushes.js", "teaching.js", "page.js")


def page_text(request: Request) -> str:
    """The page of a world.

    Raises:
        InputError: If the world cannot be opened, or has no description as data.
    """
    simulation = opened(request)
    choices = {name: opened(replace(request, which=name)) for name in simulation.choices}
    data = as_json(page_data(simulation, choices, seed=request.seed))
    title = html.escape(simulation.world.title)
    learner = _asset("learn.js") if simulation.teachable else ""
    packed = _packed(json.dumps({"page": "\n".join(map(_asset, SCRIPTS)), "learner": learner}))
    style, boot = _asset("style.css"), _asset("boot.js")
    parts = {"title": title, "style": style, "data": data, "packed": packed, "boot": boot}
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
        InputError: As `page_text`, or if the file cannot be written.
    """
    text = page_text(request)
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return f"{out}: a page of {len(text.encode()) / 1000:.0f} KB"

"""Train every growth world that ships, or those named, and make the gallery from the rules.

    python scripts/train_gallery.py [NAME ...] [--updates N] [--decoders | --animations | --pictures | --page]

Writes worlds/rules/NAME.safetensors, gallery/NAME.gif, gallery/NAME.png, gallery/index.html and gallery/README.md. With
`--decoders` only the decoders of rules that ship are trained; with `--pictures` nothing is, with `--animations` nothing
is trained or written as a contact sheet; with `--page` only index.html and README.md are made, from the rules that
ship. A rule of several targets is drawn with all of them on one grid.
"""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from report import ROOT, machine

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.commands import SHEET_SCALE, Play, export_world, story
from ffnca.export.animation import Texts, write_animation
from ffnca.export.look import Look
from ffnca.export.scene import DiscWound, Scene
from ffnca.export.timing import Timing
from ffnca.page.writing import gallery_text
from ffnca.simulation import Simulation
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.detail_training import train_detail
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.training import train_creature
from ffnca.world import rule_path_for, shipped_worlds, worlds_folder
from ffnca.world_file import load_world

GALLERY = ROOT / "gallery"
GAP, ROWS, NUM_STEPS, WOUND_AT = 10, 2, 220, 100
MOMENTS = (0, 10, 30, 100, 101, 200)
SCALE, PARADE_SCALE = 4, 3
"""Pixels a cell of the animations: every file stays below 250 KB."""
SHOWN_WIDTH, PARADE_WIDTH = 384, 624
"""Pixels that an animation is wide on the page: the browser enlarges it."""
WITH_HEALTH = ("lizard",)
"""Creatures whose health is shown beside their colours."""
WITH_DETAIL, DETAIL, DECODER = ("lizard",), 8, (82, 40)
"""Creatures whose rules hold a decoder, the pixels a cell that it draws, and its widths, so that a file has 40 KB."""
CLASSICS = ("life", "brain", "cyclic-spirals", "orbium", "mitosis")
"""Automata that are not learned, on the page after the creatures."""
TITLE, HINT = "Creatures", "Each grows from one cell, is wounded and heals. Open one to wound it yourself."
CREDITS = (
    "Emoji artwork: OpenMoji, CC BY-SA 4.0. Photographs: Grace Hopper, United States Navy, public domain; the",
    "flower by [vultilion](https://www.flickr.com/photos/vultilion/6056698931/), CC BY 2.0, cropped. Drawing of",
    "the present: Minduka, Openclipart, public domain.",
)
MOST_PAGE_BYTES = 1_500_000


def train_one(name: str, world: GrowthWorld, folder: Path, updates: int) -> None:
    """Train one world and keep its rule."""
    creature = Creature.untrained(world, folder)
    keep(name, train_creature(creature, Budget(updates=updates)))


def keep(name: str, creature: Creature) -> None:
    """Save the rule that ships, with a decoder if it is one that has it."""
    if name in WITH_DETAIL:
        creature = train_detail(creature, DETAIL, hidden=DECODER)
    rule_path_for(name).parent.mkdir(exist_ok=True)
    creature.save(rule_path_for(name), half=True)
    print(name, json.dumps(creature.record), flush=True)


def draw_parade(name: str, *, with_sheet: bool) -> None:
    """Every target of a rule on one grid, each from its own first cell; every one loses a disc and heals."""
    creature = Creature.load(rule_path_for(name))
    height, width = creature.picture.shape[0] + GAP, creature.picture.shape[1] + GAP
    count, columns = len(creature.pictures), -(-len(creature.pictures) // ROWS)
    start = np.zeros((ROWS * height, columns * width, creature.world.rule.channels), np.float32)
    corners = [(height * (which // columns), width * (which % columns)) for which in range(count)]
    for which, (top, left) in enumerate(corners):
        start[top : top + height, left : left + width] = replace(creature, which=which).body((height, width)).start
    simulation = Simulation(name, creature.world, creature.automaton, jnp.asarray(start))
    wounds = [DiscWound(WOUND_AT, left + 0.6 * width, top + 0.5 * height, width / 8) for top, left in corners]
    frames = np.stack(list(Scene(simulation, NUM_STEPS, tuple(wounds)).frames(key=jax.random.key(0))))
    write_animation(GALLERY / f"{name}.gif", frames, 25.0, scale=PARADE_SCALE)
    if with_sheet:
        labels = [f"step {step}" + (" (wounded)" if step == WOUND_AT else "") for step in MOMENTS]
        write_animation(GALLERY / f"{name}.png", frames[list(MOMENTS)], 25.0, Texts(labels=labels), SHEET_SCALE)


def draw(name: str, *, with_sheet: bool) -> None:
    """A creature grows, loses a disc and heals."""
    play = Play(NUM_STEPS, (str(WOUND_AT),))
    export_world(Request(name), GALLERY / f"{name}.gif", play, Look(), Timing(), scale=SCALE)
    if name in WITH_HEALTH:
        export_world(Request(name), GALLERY / f"{name}-health.gif", play, Look(show="health"), Timing(), scale=SCALE)
    if name in WITH_DETAIL:
        fine = GALLERY / f"{name}-detail.gif"
        export_world(Request(name, detail=DETAIL), fine, play, Look(), Timing(), scale=DETAIL)
    if with_sheet:
        story(name, [GALLERY / f"{name}.png"], num_steps=NUM_STEPS, wound_at=WOUND_AT)


def living_page(names: list[str]) -> str:
    """The creatures, in the order of their names, and the classics, all alive on one page."""
    credits = re.sub(r"\[(.+?)\]\((.+?)\)", r"\1 (\2)", " ".join(CREDITS))
    requests = [Request(name) for name in (*names, *CLASSICS)]
    text = gallery_text(requests, title=TITLE, hint=HINT, credits=credits)
    if len(text.encode()) > MOST_PAGE_BYTES:
        raise ValueError(f"a page of {len(text.encode()):,} bytes, at most {MOST_PAGE_BYTES:,}")
    return text


def readme(names: list[str], shipped: dict[str, GrowthWorld]) -> str:
    """The README of the gallery: the trained among the worlds that ship."""
    lines = [
        "# Gallery",
        "",
        f"Every creature grows from one cell, loses a disc at step {WOUND_AT} and heals. Its animation shows every",
        "step, 25 a second. This page and its pictures are made by `python scripts/train_gallery.py`; with",
        "`--animations` it remakes the animations from the rules that ship.",
        "",
        "[index.html](index.html) holds all of them alive: save that one file and open it in a browser; no network",
        "is needed. Open a creature to wound, paint and teach it. The file is text of the rules that ship, and is",
        "committed anew only when they change: `python scripts/train_gallery.py --page` makes it.",
        "",
        *CREDITS,
        "",
        "[The window](window/README.md) in each of its modes. [Palettes](palettes/README.md): liked colours.",
        "",
        f"Made on {machine()}.",
    ]
    for name in names:
        creature = Creature.load(rule_path_for(name))
        target, record = creature.world.target, creature.record
        train = f"ffnca train {name} --updates {str(record['budget']).split()[0]} --seed {record['seed']}"
        width = PARADE_WIDTH if creature.world.targets else SHOWN_WIDTH
        drawn = f"ffnca export {name} {name}.gif --steps {NUM_STEPS} --wound {WOUND_AT} --scale {SCALE}"
        drawn = f"python scripts/train_gallery.py {name} --animations" if creature.world.targets else drawn
        lines += [
            "",
            f"## {creature.world.title} {(target and target.emoji) or ''}".rstrip(),
            "",
            f'<img src="{name}.gif" width="{width}" alt="{creature.world.title} grows, is wounded and heals">',
            "",
            f"![Moments of the {creature.world.title.lower()}]({name}.png)",
            "",
            f"World `worlds/{name}.toml`, seed {record['seed']}, {record['updates']} updates in {record['seconds']} s.",
            f"Rule: `{train}`. Animation: `{drawn}`.",
        ]
        present = Creature.untrained(shipped[name], worlds_folder())
        if (creature.world.train, creature.recipe) != (present.world.train, present.recipe):
            lines.append("This rule was trained by older settings; the command trains by those of today.")
        if name in WITH_HEALTH:
            picture = f'<img src="{name}-health.gif" width="{width}" alt="Health of its cells">'
            lines += ["", "The health of each cell (`--show health`): light is well, hot is ill.", "", picture]
        if name in WITH_DETAIL:
            picture = f'<img src="{name}-detail.gif" width="{width}" alt="The same, drawn by its decoder">'
            lines += ["", f"Drawn by its decoder, {DETAIL} pixels a cell (`--detail {DETAIL}`).", "", picture]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, draw, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--updates", type=int, default=4_000)
    drawing = parser.add_mutually_exclusive_group()
    drawing.add_argument("--decoders", action="store_true", help="only train decoders anew, for the shipped rules")
    drawing.add_argument("--animations", action="store_true", help="only remake animations, from the shipped rules")
    drawing.add_argument("--pictures", action="store_true", help="the same, and contact sheets")
    drawing.add_argument("--page", action="store_true", help="only remake index.html, from the shipped rules")
    options = parser.parse_args()
    keep_memory()
    shipped = {name: load_world(path) for name, path in shipped_worlds().items()}
    growth = {name: world for name, world in shipped.items() if isinstance(world, GrowthWorld)}
    for name in [] if options.page else options.names or list(growth):
        if options.decoders:
            if name in WITH_DETAIL:
                keep(name, Creature.load(rule_path_for(name)))
                draw(name, with_sheet=False)
            continue
        if not (options.animations or options.pictures):
            train_one(name, growth[name], worlds_folder(), options.updates)
        paint = draw_parade if growth[name].targets else draw
        paint(name, with_sheet=not options.animations)
    trained = [name for name in growth if rule_path_for(name).exists()]
    if not (options.decoders or options.animations or options.pictures):
        (GALLERY / "index.html").write_text(living_page(trained), encoding="utf-8")
    (GALLERY / "README.md").write_text(readme(trained, growth), encoding="utf-8")


if __name__ == "__main__":
    main()

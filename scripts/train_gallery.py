"""Train every growth world that ships, or those named, and make the gallery from the rules.

    python scripts/train_gallery.py [NAME ...] [--updates N] [--only-draw]

Writes worlds/rules/NAME.safetensors, gallery/NAME.gif, gallery/NAME.png and gallery/README.md. A rule of several
targets is drawn with all of them on one grid.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from report import ROOT, machine

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.commands import SHEET_SCALE, story
from ffnca.export.animation import write_animation
from ffnca.export.scene import DiscWound, Scene
from ffnca.simulation import Simulation
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.training import train_creature
from ffnca.world import rule_path_for, shipped_worlds, worlds_folder
from ffnca.world_file import load_world

GALLERY = ROOT / "gallery"
GAP, ROWS, NUM_STEPS, WOUND_AT = 10, 2, 220, 100
MOMENTS = (0, 10, 30, 100, 101, 200)


def train_one(name: str, world: GrowthWorld, folder: Path, updates: int) -> None:
    """Train one world and keep its rule."""
    creature = Creature.untrained(world, folder)
    best = train_creature(creature, Budget(updates=updates))
    rule_path_for(name).parent.mkdir(exist_ok=True)
    best.save(rule_path_for(name))
    print(name, json.dumps(best.record), flush=True)


def parade(name: str) -> None:
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
    labels = [f"step {step}" + (" (wounded)" if step == WOUND_AT else "") for step in MOMENTS]
    write_animation(GALLERY / f"{name}.gif", frames, 25.0, scale=SHEET_SCALE)
    write_animation(GALLERY / f"{name}.png", frames[list(MOMENTS)], 25.0, labels, SHEET_SCALE)


def page(names: list[str], shipped: dict[str, GrowthWorld]) -> str:
    """The gallery page of the trained among the worlds that ship."""
    lines = [
        "# Gallery",
        "",
        "Every creature grows from one cell, loses a disc at step 100 and heals. This page and its pictures are made",
        "by `python scripts/train_gallery.py`. Emoji artwork: OpenMoji, CC BY-SA 4.0. Photographs: Grace Hopper,",
        "United States Navy, public domain; the flower by [vultilion](https://www.flickr.com/photos/vultilion/6056698931/),",
        "CC BY 2.0, cropped. Drawing of the present: Minduka, Openclipart, public domain.",
        "",
        "[The window](window/README.md) in each of its modes. [Palettes](palettes/README.md): liked colours.",
        "",
        f"Made on {machine()}.",
    ]
    for name in names:
        creature = Creature.load(rule_path_for(name))
        target, record = creature.world.target, creature.record
        train = f"ffnca train {name} --updates {str(record['budget']).split()[0]} --seed {record['seed']}"
        drawn = f"ffnca export {name} {name}.gif --steps {NUM_STEPS} --wound {WOUND_AT}"
        drawn = f"python scripts/train_gallery.py {name} --only-draw" if creature.world.targets else drawn
        lines += [
            "",
            f"## {creature.world.title} {(target and target.emoji) or ''}".rstrip(),
            "",
            f"![{creature.world.title} grows, is wounded and heals]({name}.gif)",
            "",
            f"![Moments of the {creature.world.title.lower()}]({name}.png)",
            "",
            f"World `worlds/{name}.toml`, seed {record['seed']}, {record['updates']} updates in {record['seconds']} s.",
            f"Rule: `{train}`. Animation: `{drawn}`.",
        ]
        present = Creature.untrained(shipped[name], worlds_folder())
        if (creature.world.train, creature.recipe) != (present.world.train, present.recipe):
            lines.append("The rule is of an older recipe; the command now trains by the present settings.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, draw, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--updates", type=int, default=6_000)
    parser.add_argument("--only-draw", action="store_true")
    options = parser.parse_args()
    keep_memory()
    shipped = {name: load_world(path) for name, path in shipped_worlds().items()}
    growth = {name: world for name, world in shipped.items() if isinstance(world, GrowthWorld)}
    for name in options.names or list(growth):
        if not options.only_draw:
            train_one(name, growth[name], worlds_folder(), options.updates)
        if growth[name].targets:
            parade(name)
        else:
            story(name, [GALLERY / f"{name}.gif", GALLERY / f"{name}.png"])
    trained = [name for name in growth if rule_path_for(name).exists()]
    (GALLERY / "README.md").write_text(page(trained, growth), encoding="utf-8")


if __name__ == "__main__":
    main()

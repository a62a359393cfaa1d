"""Train every growth world that ships, or those named, and make the gallery from the rules.

    python scripts/train_gallery.py [NAME ...] [--updates N] [--only-draw]

Writes worlds/rules/NAME.safetensors, gallery/NAME.gif, gallery/NAME.png, gallery/NAME-health.gif and gallery/README.md.
"""

import argparse
import json
from pathlib import Path

from report import ROOT, machine

from ffnca.commands import story
from ffnca.creature import Creature
from ffnca.growth.schedule import Budget
from ffnca.training import train_creature
from ffnca.world import GrowthWorld, load_world, rule_path_for, shipped_worlds

GALLERY = ROOT / "gallery"


def train_one(name: str, path: Path, updates: int) -> None:
    """Train one world and keep its rule."""
    world = load_world(path)
    assert isinstance(world, GrowthWorld)
    creature = Creature.untrained(world, path.parent)
    best = train_creature(creature, Budget(updates=updates))
    rule_path_for(name).parent.mkdir(exist_ok=True)
    best.save(rule_path_for(name))
    print(name, json.dumps(best.record), flush=True)


def page(names: list[str]) -> str:
    """The gallery page."""
    lines = [
        "# Gallery",
        "",
        "Every creature grows from one cell, loses a disc at step 100 and heals. This page and its pictures are made",
        "by `python scripts/train_gallery.py`. Emoji artwork: OpenMoji, CC BY-SA 4.0.",
        "",
        "[The window](window/README.md) in each of its modes. [Palettes](palettes/README.md): liked colours.",
        "",
        f"Made on {machine()}.",
    ]
    for name in names:
        creature = Creature.load(rule_path_for(name))
        emoji, record = " ".join(target.emoji or "" for target in creature.world.sought.values()), creature.record
        train = f"ffnca train {name} --updates {str(record['budget']).split()[0]} --seed {record['seed']}"
        lines += [
            "",
            f"## {creature.world.title} {emoji}",
            "",
            f"![{creature.world.title} grows, is wounded and heals]({name}.gif)",
            "",
            f"![Moments of the {creature.world.title.lower()}]({name}.png)",
            "",
            f"World `worlds/{name}.toml`, seed {record['seed']}, {record['updates']} updates in {record['seconds']} s.",
            f"Rule: `{train}`. Animation: `ffnca export {name} {name}.gif --steps 220 --wound 100`.",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, draw, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--updates", type=int, default=14_000)
    parser.add_argument("--only-draw", action="store_true")
    options = parser.parse_args()
    growth = {name: path for name, path in shipped_worlds().items() if isinstance(load_world(path), GrowthWorld)}
    for name in options.names or list(growth):
        if not options.only_draw:
            train_one(name, growth[name], options.updates)
        story(name, [GALLERY / f"{name}.gif", GALLERY / f"{name}.png"])
    trained = [name for name in growth if rule_path_for(name).exists()]
    (GALLERY / "README.md").write_text(page(trained), encoding="utf-8")


if __name__ == "__main__":
    main()

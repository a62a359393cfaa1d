"""How far a body of 96 cells on 128x128 gets in half an hour: trained once, then median relative MSE by age.

    python scripts/study_large.py RULE.safetensors [--target 🐌] [--size 96] [--minutes 26] [--write]

Trains as `ffnca grow` trains large bodies, unless RULE.safetensors is there already; then its own target, size and
budget are printed. Aligned: at the best shift by up to 2 cells, since a body may wander. Lost: worse than an empty grid
at the last age.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
from benchmark_growing_ca import aligned_error
from kept_rule import kept_rule
from PIL import Image
from report import ROOT, publish_rows

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.commands import Play, export_world
from ffnca.export.look import Look
from ffnca.export.timing import Timing
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import NUM_SEEDS, ages_of, num_params
from ffnca.systems.growth.target import target_name

AGES = (100, 200, 500, 1000, 2000)
LOST_MSE = 1.0
STEPS_PER_CELL = 1.375
"""Of the longer side: how many steps are drawn, after a wound at as many steps as it has cells."""
SHEET_SCALE, LARGEST_SCALED, SHEET_COLOURS = 2, 256, 64


def _named(rule: Creature) -> tuple[str, int]:
    (target,) = rule.world.sought.values()
    return str(target.emoji or target.image), max(rule.picture.shape[:2])


def table(rule: Creature) -> list[str]:
    """One line: medians over growths, and what the rule took."""
    body = rule.body()
    grown = ages_of(rule.automaton, body, AGES, NUM_SEEDS, key=jax.random.key(0))
    errors = [f"{float(jnp.median(body.relative_mse(states))):.4f}" for states in grown]
    height, width = rule.world.grid.size
    errors.append(f"{float(jnp.median(aligned_error(grown[-1], body))):.4f}")
    lost = int(jnp.sum(body.relative_mse(grown[-1]) > LOST_MSE))
    last = (f"T={AGES[-1]}, aligned", f"lost ({NUM_SEEDS})", "budget", "params")
    titles = ["target", "cells, grid", *(f"T={age}" for age in AGES), *last]
    name, size = _named(rule)
    facts = (str(lost), str(rule.record["budget"]), str(num_params(rule.automaton)))
    cells = [name, f"{size}, {height}x{width}", *errors, *facts]
    return [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", f"| {' | '.join(cells)} |"]


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rule", type=Path)
    parser.add_argument("--target", default="🐌")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--minutes", type=float, default=26)
    parser.add_argument("--write", action="store_true", help="rewrite this target's row, and draw it")
    options = parser.parse_args()
    keep_memory()
    rule = kept_rule(options.rule, Creature.for_target(options.target, options.size), Budget(minutes=options.minutes))
    lines = table(rule)
    print(*lines, sep="\n")
    if options.write:
        name, size = _named(rule)
        amount, unit = str(rule.record["budget"]).split()
        asked = f"--target {name} --size {size}{f' --minutes {amount}' if unit == 'minutes' else ''}"
        publish_rows("large body", lines, f"study_large.py RULE.safetensors {asked} --write", num_cells=2)
        sheet = ROOT / "gallery" / f"large_{target_name(name)}_{size}.png"
        play, scale = Play(int(STEPS_PER_CELL * size), (str(size),)), SHEET_SCALE if size <= LARGEST_SCALED else 1
        export_world(Request(str(options.rule)), sheet, play, Look(), Timing(), scale=scale)
        with Image.open(sheet) as picture:
            picture.quantize(SHEET_COLOURS).save(sheet, optimize=True)


if __name__ == "__main__":
    main()

"""Find rules of Flow Lenia that look alive, by chance: numbered rules, each run from the same random patch.

    python scripts/search_lenia.py --rules 200            # a line each of the best ones
    python scripts/search_lenia.py --world 17 OUT.toml    # the world of one of them

Each number is the seed of one rule: 4 to 8 kernels, with radius shares, rings, centres, widths and weights drawn evenly
as in the search of Plantec et al. (arXiv:2212.07906, its table of random parameters), but narrower. A rule is shown if
after 400 steps its matter is still gathered (half of it on less than a fifth of the cells that it could cover) and
still changes; sorted by how far its parts move over the last 50 steps.
"""

import argparse
from pathlib import Path

import jax
import numpy as np

from ffnca.automata.base import rollout
from ffnca.interchange.world_text import world_text
from ffnca.systems.base import Request
from ffnca.systems.flow_lenia import FLOW_LENIA
from ffnca.world_file import parse_world

SIZE, RADIUS, STEPS, LATER = 64, 10, 400, 50
GATHERED = 0.2


def world_of(number: int) -> str:
    """The world file of a rule."""
    draw = np.random.default_rng(number)
    kernels = []
    for _ in range(int(draw.integers(4, 9))):
        peaks = draw.uniform(0, 1, int(draw.integers(1, 4)))
        kernels.append(
            {
                "radius_share": round(float(draw.uniform(0.4, 1)), 2),
                "kernel_peaks": [round(float(peak), 2) for peak in peaks / peaks.max()],
                "growth_centre": round(float(draw.uniform(0.05, 0.5)), 3),
                "growth_width": round(float(draw.uniform(0.01, 0.15)), 4),
                "weight": round(float(draw.uniform(0.05, 1)), 2),
            }
        )
    settings = {
        "kind": "flow_lenia",
        "title": f"Flow Lenia {number}",
        "grid": {"size": [SIZE, SIZE]},
        "rule": {"radius": RADIUS, "kernel": "gaussian", "growth": "exponential"},
        "kernels": kernels,
        "start": {"density": 0.7},
    }
    return world_text(settings, f"Rule {number} of scripts/search_lenia.py.", str(number))


def liveliness(number: int) -> tuple[float, float]:
    """The share of the matter that the last steps moved, and the share of the grid that holds half of it."""
    simulation = FLOW_LENIA.open(parse_world(world_of(number), str(number)), Request(str(number)), Path("rule.toml"))
    key = jax.random.key(0)
    before = rollout(simulation.automaton, simulation.start, STEPS, key=key)
    after = np.asarray(rollout(simulation.automaton, before, LATER, key=key))
    matter = np.sort(after.ravel())[::-1]
    gathered = np.searchsorted(np.cumsum(matter), matter.sum() / 2) / matter.size
    return float(np.abs(after - np.asarray(before)).sum() / (2 * matter.sum())), float(gathered)


def main() -> None:
    """Print the best, or write one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=200, help="how many to try, from the first")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--world", nargs=2, metavar=("NUMBER", "OUT"))
    options = parser.parse_args()
    if options.world:
        Path(options.world[1]).write_text(world_of(int(options.world[0])), encoding="utf-8")
        return
    found = []
    for number in range(options.first, options.first + options.rules):
        moved, gathered = liveliness(number)
        if gathered < GATHERED and np.isfinite(moved):
            found.append((moved, gathered, number))
    for moved, gathered, number in sorted(found, reverse=True):
        print(f"{number}: {moved:.3f} of the matter moved, half of it on {gathered:.3f} of the grid")


if __name__ == "__main__":
    main()

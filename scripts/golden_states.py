"""Where every shipped rule and one of format 1 are after 50 steps, in some of their cells: what later code must give.

`python scripts/golden_states.py --write` writes `tests/golden_states.npz`; without `--write` it prints how far this
code is from what is there.
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from ffnca.automata.base import rollout
from ffnca.opening import make
from ffnca.world import rule_path_for, shipped_worlds
from ffnca.world_file import load_world

KEPT = Path(__file__).resolve().parent.parent / "tests" / "golden_states.npz"
OLD = KEPT.parent / "format_1" / "lizard.safetensors"
NUM_STEPS, NUM_CELLS = 50, 96


def names() -> list[str]:
    """Shipped creatures that have a rule, and the rule of format 1."""
    growing = [name for name, path in shipped_worlds().items() if load_world(path).kind == "growth"]
    return [*(name for name in growing if rule_path_for(name).exists()), f"{OLD.stem}_format_1"]


def golden_cells(name: str) -> Float[np.ndarray, "cell 5"]:
    """Premultiplied RGBA and the goodness deficit of cells evenly spaced among all that hold a body at this age.

    Args:
        name: One of `names`.
    """
    simulation = make(OLD if name == OLD.stem + "_format_1" else name)
    automaton: Any = simulation.automaton
    state = rollout(automaton, simulation.start, NUM_STEPS, key=jax.random.key(0))
    seen = np.concatenate([np.asarray(state)[..., :4], np.asarray(automaton.deficit(state))[..., None]], -1)
    body = seen[np.asarray(simulation.creature.body().alive)]
    return body[np.linspace(0, len(body) - 1, NUM_CELLS).astype(int)].astype(np.float32)


def main() -> None:
    """Print the largest difference of every rule, or write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep these states instead of comparing with them")
    write = parser.parse_args().write
    found = {name: golden_cells(name) for name in names()}
    if write:
        np.savez_compressed(KEPT, **found)  # pyright: ignore[reportArgumentType]
        return
    with np.load(KEPT) as kept:
        for name, cells in found.items():
            print(f"{name}: {np.abs(cells - kept[name]).max():.1e}")


if __name__ == "__main__":
    main()

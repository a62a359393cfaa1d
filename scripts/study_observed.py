"""Rules learned by watching: neighbourhoods right, exact steps, wrong cells found; how far rules of numbers are off.

    python scripts/study_observed.py RESULTS.jsonl [--worlds life,highlife,...] [--seeds 0,1,...] [--write]

Cells that are 0 or 1: Life, HighLife, Day & Night, and elementary rules 30, 54, 110, whose rows lie above each other,
so that six of nine cells must be found to be of no account. 200 frames of 64x64 cells are watched, two from each random
start, without and with 2% of the cells of every frame flipped; the seed is that of the frames and of the training.
*Exact*: 1,000 generations of a soup of 256x256 cells that was not watched; what the rule makes of each neighbourhood
is looked up there, since it depends on nothing else (`ffnca eval` asks the rule itself in every cell).
*Counting*: a table of what followed each
neighbourhood most often, from the same frames, as a control. *AUROC*: cells that are flipped in a frame (2%) against
the others, by the goodness that they lack; *both flipped*: where the frame before has as many.

    python scripts/study_observed.py --numbers [--write]

Cells that are numbers, by `distance`: Orbium (Lenia, ring means) and Gray-Scott (patches), 200 frames of 64x64 cells,
20 from each random start. RMS error of a rollout over RMS of the state, by steps, from a start that was not watched;
beside it the same by least squares on the same inputs. *Health*: the rule that watched Orbium's own trajectory alone; a
disc of radius 4 is erased in the true world; AUROC of the goodness that cells of wounded bodies lack against cells of
unharmed ones, 5 steps after the wound, by the cell and by the mean of each body.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from report import completed, publish, seeds_of

from ffnca.allocation import keep_memory
from ffnca.automata.base import rollout
from ffnca.automata.observed import DistanceRule, Observed, started
from ffnca.budget import Budget
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.kernels import laplacian
from ffnca.opening import trainee
from ffnca.simulation import Simulation
from ffnca.systems.auroc import auroc
from ffnca.systems.base import System
from ffnca.systems.observed.measuring import (
    EXACT,
    FLIPPED,
    anomaly_auroc,
    neighbourhoods_right,
    start_for,
    steps_alike,
)
from ffnca.systems.observed.observer import Observer
from ffnca.systems.observed.watching import episodes, neighbourhoods, opened_watched, soup
from ffnca.systems.registry import register
from ffnca.training import train_rule
from ffnca.world import World

UPDATES, SIDE, GENERATIONS = 2000, 256, 1000
NUMBER_UPDATES, HORIZONS, WOUND_STEPS = 3000, (1, 5, 20, 50, 100, 200), 5
LIFE = {"life": "B3/S23", "highlife": "B36/S23", "day & night": "B3678/S34678"}
ROWS = {"rule 30": 30, "rule 54": 54, "rule 110": 110}


class RowsWorld(World):
    """Rows of cells, each an elementary automaton."""

    kind: Literal["rows"]
    number: int


@jax.tree_util.register_static
@dataclass(frozen=True)
class Rows:
    """A row for each row: an elementary rule by its number."""

    number: int

    def step(self, state: jax.Array, key: jax.Array) -> jax.Array:
        """The next state of every row."""
        bits = 4 * jnp.roll(state, 1, -2) + 2 * state + jnp.roll(state, -1, -2)
        return jnp.asarray([self.number >> place & 1 for place in range(8)], jnp.float32)[bits.astype(int)]

    def render(self, state: jax.Array) -> np.ndarray:
        """Light where it is 0."""
        return np.repeat(np.uint8(255 - 255 * np.asarray(state)), 3, -1)


class RowsSystem(System):
    """Rows that are watched here."""

    kind, spec = "rows", RowsWorld

    def open(self, world: RowsWorld, request: Any, path: Path) -> Simulation:
        """Empty rows."""
        return Simulation(path.stem, world, Rows(world.number), jnp.zeros((*(request.size or world.grid.size), 1)))


def written(name: str, flipped: float, seed: int, folder: Path) -> Path:
    """The file of a world that watches another."""
    about = f'kind = "rows"\nnumber = {ROWS[name]}' if name in ROWS else 'kind = "life"'
    rule = f'[rule]\nnotation = "{LIFE[name]}"' if name in LIFE else ""
    (folder / "watched.toml").write_text(f'{about}\ntitle = "{name}"\n[grid]\nsize = [64, 64]\n{rule}\n')
    path = folder / "watching.toml"
    watching = f'world = "watched.toml"\nflipped = {flipped}\nseed = {seed}'
    path.write_text(f'kind = "observed"\ntitle = "{name}"\n[grid]\nsize = [64, 64]\n[observed]\n{watching}\n')
    return path


@partial(jax.tree_util.register_dataclass, data_fields=["becomes"], meta_fields=["boundary"])
@dataclass(frozen=True)
class Looked:
    """A learned rule by what it makes of each of the 512 neighbourhoods: the same choices, looked up."""

    becomes: jax.Array
    boundary: Boundary

    @classmethod
    def up(cls, observer: Observer) -> "Looked":
        """Ask the rule once for each neighbourhood."""
        cells = jnp.asarray(np.arange(512)[:, None] >> np.arange(9) & 1, jnp.float32)
        best = jax.jit(observer.automaton.rule.best)(cells, cells[:, 4:5])
        return cls(best[:, 0], observer.watched.grid.boundary)

    def step(self, state: jax.Array, key: jax.Array) -> jax.Array:
        """The next frame, and the present one."""
        (height, width), around = state.shape[-3:-1], pad(state[..., :1], self.boundary)
        places = [(row, column) for row in range(3) for column in range(3)]
        shifted = [around[..., row : row + height, column : column + width, :] for row, column in places]
        code = sum(2**bit * cell for bit, cell in enumerate(shifted))
        return jnp.concatenate([self.becomes[jnp.asarray(code, int)], state[..., :1]], -1)


def exact(observer: Observer, seed: int) -> int:
    """Generations of a soup that are exact."""
    world, start = start_for(observer, SIDE, seed)
    return int(steps_alike(Looked.up(observer), world, start, EXACT, GENERATIONS))


def counted_right(observer: Observer) -> int:
    """Neighbourhoods that a table of counts has right; what was never seen, or as often as not, is wrong."""
    world = opened_watched(observer.watched, (64, 64), 0)
    cells, after = neighbourhoods(world.automaton)
    usual = observer.seen.weight > 0.5
    patches, states = observer.seen.patch[usual].astype(int), observer.seen.after[usual, 0]
    table = {tuple(patch): state for patch, state in zip(patches.tolist(), states.tolist(), strict=True)}
    pairs = zip(cells.astype(int).tolist(), after.tolist(), strict=True)
    return sum(table.get(tuple(row)) == state for row, state in pairs)


def both_flipped_auroc(observer: Observer, seed: int) -> float:
    """The same as `anomaly_auroc` where the frame before is seen as badly."""
    generator, size = np.random.default_rng(seed), (64, 64)
    world = opened_watched(observer.watched, size, 0)
    starts = np.stack([soup(generator, size, 1, binary=True) for _ in range(8)])
    frames = episodes(world.automaton, starts, 8)[:, -2:]
    wrong = generator.random(frames.shape) < FLIPPED
    before, now = np.moveaxis(np.where(wrong, 1 - frames, frames), 1, 0)
    scores = [
        observer.automaton.deficit(jnp.asarray(np.concatenate(pair, -1))) for pair in zip(now, before, strict=True)
    ]
    return auroc(np.ravel(scores), np.ravel(wrong[:, 1]))


def run(which: dict[str, Any]) -> dict[str, Any]:
    """Watch, learn, measure."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        blank = trainee(written(which["world"], which["flipped"], which["seed"], Path(folder)))
        learned = train_rule(blank, Budget(updates=UPDATES), seed=which["seed"])
        seconds = time.monotonic() - begun
    return {
        "right": neighbourhoods_right(learned)[0],
        "exact": exact(learned, 1000 + which["seed"]),
        "counted": counted_right(learned),
        "auroc": anomaly_auroc(learned, which["seed"]),
        "auroc_both": both_flipped_auroc(learned, which["seed"]),
        "seconds": round(seconds, 1),
        "bytes": sum(leaf.nbytes for leaf in jax.tree.leaves(learned.automaton)),
    }


@jax.tree_util.register_static
@dataclass(frozen=True)
class GrayScott:
    """Two substances that react and diffuse. Pearson (1993), doi:10.1126/science.261.5118.189, with a step of 1."""

    feed: float = 0.04
    kill: float = 0.06

    def step(self, state: jax.Array, key: jax.Array) -> jax.Array:
        """The next state."""
        first, second = state[..., :1], state[..., 1:]
        spread = laplacian(pad(state, "wrap"))
        reacted = first * second * second
        changed = [-reacted + self.feed * (1 - first), reacted - (self.feed + self.kill) * second]
        return jnp.clip(state + jnp.concatenate(changed, -1) + spread * jnp.array([0.9, 0.45]), 0.0, 1.0)

    def render(self, state: jax.Array) -> np.ndarray:
        """The second substance."""
        return np.repeat(np.uint8(255 * np.clip(np.asarray(state[..., 1:]), 0, 1)), 3, -1)


class GrayScottWorld(World):
    """A soup in a feed."""

    kind: Literal["reaction"]


class GrayScottSystem(System):
    """A reaction that is watched here."""

    kind, spec = "reaction", GrayScottWorld

    def open(self, world: GrayScottWorld, request: Any, path: Path) -> Simulation:
        """The first substance everywhere, and blots of the second."""
        size = request.size or world.grid.size
        blots = np.random.default_rng(request.seed + 99).random((-(-size[0] // 8), -(-size[1] // 8))) < 0.15
        second = 0.5 * np.kron(blots, np.ones((8, 8)))[: size[0], : size[1]]
        return Simulation(path.stem, world, GrayScott(), jnp.asarray(np.stack([1 - second, second], -1), jnp.float32))


def watching_numbers(name: str, starts: str, folder: Path) -> Path:
    """The file of a world of numbers that is watched."""
    (folder / "reaction.toml").write_text('kind = "reaction"\ntitle = "Gray-Scott"\n[grid]\nsize = [64, 64]\n')
    (watched, sees) = ("orbium", "rings") if name == "orbium" else ("reaction.toml", "patch")
    path = folder / "watching.toml"
    path.write_text(
        f'kind = "observed"\ntitle = "{name}"\n[grid]\nsize = [64, 64]\n[observed]\nworld = "{watched}"\n'
        f'episode = 20\nstarts = "{starts}"\n[rule]\nperception = "{sees}"\nobjective = "distance"\n'
        "hidden = [128, 64]\n[train]\nlearning_rate = 0.01\n"
    )
    return path


def learned_numbers(name: str, starts: str) -> Observer:
    """A rule that watched numbers."""
    with tempfile.TemporaryDirectory() as folder:
        return train_rule(trainee(watching_numbers(name, starts, Path(folder))), Budget(updates=NUMBER_UPDATES), seed=0)


def least_squares(observer: Observer) -> Observer:
    """The same world by one linear map from what a cell sees to how it changes."""
    seen = observer.seen
    inputs = np.concatenate([seen.patch, np.ones((len(seen.patch), 1), np.float32)], 1)
    fitted = np.linalg.lstsq(inputs, seen.after - seen.state, rcond=None)[0].astype(np.float32)
    blank = DistanceRule(seen.patch.shape[1], (8,), seen.after.shape[1], key=jax.random.key(0))
    own = blank.layers[0].projected
    own.skip[...], own.offset[...] = jnp.asarray(fitted[:-1]), jnp.asarray(fitted[-1])
    radius = observer.automaton.radius
    return replace(observer, automaton=Observed(blank, boundary=observer.automaton.boundary, radius=radius))


def rollout_errors(observer: Observer) -> list[float]:
    """RMS error over RMS of the state after each of `HORIZONS` steps."""
    world = opened_watched(observer.watched, (64, 64), 1)
    true = episodes(world.automaton, np.asarray(world.start)[None], HORIZONS[-1])[0]
    mine = rollout(observer.automaton, started(world.start), HORIZONS[-1], key=jax.random.key(0), every=1)
    off = np.asarray(mine)[..., : true.shape[-1]] - true[1:]
    return [float(np.sqrt(np.mean(off[at - 1] ** 2) / np.mean(true[at] ** 2))) for at in HORIZONS]


def wounded_aurocs(observer: Observer) -> tuple[float, float]:
    """AUROC of wounded bodies against unharmed ones, `WOUND_STEPS` after the wound: by the cell, by the body."""
    generator, world = np.random.default_rng(0), opened_watched(observer.watched, (64, 64), 0)
    true = episodes(world.automaton, np.asarray(world.start)[None], 400)[0]
    scores, wounded, means = [], [], []
    rows, columns = np.mgrid[0:64, 0:64]
    for _ in range(16):
        at = 250 + int(generator.integers(100))  # after all that was watched
        body = np.argwhere(true[at][..., 0] > 0.2)
        row, column = body[generator.integers(len(body))]
        hurt = np.where((np.hypot(rows - row, columns - column) < 4)[..., None], 0, true[at])
        after = episodes(world.automaton, hurt[None], WOUND_STEPS)[0]
        for frames, is_wounded in ((after, True), (true[at : at + WOUND_STEPS + 1], False)):
            state = jnp.asarray(np.concatenate([frames[-1], frames[-2]], -1))
            lacking = np.asarray(observer.automaton.deficit(state))[frames[-1][..., 0] > 0.05]
            scores.append(lacking)
            wounded.append(np.full(len(lacking), is_wounded))
            means.append((lacking.mean(), is_wounded))
    by_body = auroc(np.array([mean for mean, _ in means]), np.array([which for _, which in means]))
    return auroc(np.concatenate(scores), np.concatenate(wounded)), by_body


def numbers(write: bool) -> None:
    """The table of worlds of numbers."""
    lines = [f"| watched | rule | {' | '.join(f'step {step}' for step in HORIZONS)} |", "|---" * 8 + "|"]
    for name in ("orbium", "gray-scott"):
        learned = learned_numbers(name, "soup")
        for words, one in (("distance, 128-64", learned), ("least squares", least_squares(learned))):
            lines.append(f"| {name} | {words} | {' | '.join(f'{error:.4f}' for error in rollout_errors(one))} |")
            print(lines[-1], flush=True)
    by_cell, by_body = wounded_aurocs(learned_numbers("orbium", "own"))
    figures = f"{by_cell:.3f} by the cell, {by_body:.3f} by the body"
    health = f"Health of Orbium {WOUND_STEPS} steps after a wound, AUROC: {figures}."
    print(health)
    if write:
        publish("observed numbers", [*lines, "", health], "study_observed.py --numbers --write")


def table(runs: list[dict[str, Any]]) -> list[str]:
    """A line for each world and share of flipped cells; no seed is dropped."""
    head = ["watched", "flipped", "all 512 right", "fewest", "exact", "counting: all right", "fewest"]
    head += ["AUROC, least", "both flipped", "seconds, most"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, flipped in dict.fromkeys((run["world"], run["flipped"]) for run in runs):
        group = [run for run in runs if (run["world"], run["flipped"]) == (name, flipped)]

        def full(key: str, most: int, group: list[dict[str, Any]] = group) -> str:
            return f"{sum(run[key] == most for run in group)} of {len(group)}"

        cells = [name, f"{flipped:.0%}", full("right", 512), str(min(run["right"] for run in group))]
        cells += [full("exact", GENERATIONS), full("counted", 512), str(min(run["counted"] for run in group))]
        cells += [f"{min(run[key] for run in group):.4f}" for key in ("auroc", "auroc_both")]
        cells += [f"{max(run['seconds'] for run in group):.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Run what is missing, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--numbers", action="store_true", help="cells that are numbers, and health")
    parser.add_argument("--worlds", default=",".join([*LIFE, *ROWS]))
    parser.add_argument("--seeds", default="0,1,2,3,4,5,6,7,8,9")
    parser.add_argument("--write", action="store_true", help="rewrite the table in scripts/README.md")
    options = parser.parse_args()
    keep_memory()
    register(RowsSystem())
    register(GrayScottSystem())
    if options.numbers:
        numbers(options.write)
        return
    if options.results is None:
        sys.exit("RESULTS.jsonl is missing; allowed without: --numbers")
    names, seeds = options.worlds.split(","), [int(seed) for seed in options.seeds.split(",")]
    if unknown := set(names) - {*LIFE, *ROWS}:
        sys.exit(f"--worlds {min(unknown)}: allowed are {', '.join([*LIFE, *ROWS])}")
    wanted = [
        {"world": name, "flipped": flipped, "seed": seed} for seed in seeds for name in names for flipped in (0.0, 0.02)
    ]
    found = completed(options.results, wanted, run, setting={"updates": UPDATES, "frames": 200}, show="right")
    order = [*LIFE, *ROWS]
    found.sort(key=lambda run: (order.index(run["world"]), run["flipped"], run["seed"]))
    lines = table(found)
    print("\n".join(lines))
    if options.write:
        publish("observed", lines, f"study_observed.py RESULTS.jsonl --seeds {seeds_of(found)} --write")


if __name__ == "__main__":
    main()

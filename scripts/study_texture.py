"""Textures grown from noise by rules that learned each from one picture: how far they are from it.

    python scripts/study_texture.py RESULTS.jsonl [--textures NAME,...] [--seeds 0] [--updates 6000] [--rules FOLDER]
        [--write]

Trains a rule for each texture that ships by the one recipe, grows it from three starts on a grid of 64 cells, and
measures the distance to the exemplar at steps 200 and 1,000 and after a wound. The tables go to scripts/README.md.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from report import chosen, completed, publish, seeds_of

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.systems.texture.exemplars import EXEMPLARS
from ffnca.systems.texture.learner import TextureLearner
from ffnca.systems.texture.measuring import AGES, evaluate
from ffnca.systems.texture.spec import TextureSpec, TextureWorld
from ffnca.training import train_rule
from ffnca.world import GridSpec

UPDATES, STARTS = 6000, 3


def learner(name: str) -> TextureLearner:
    """A blank rule for a texture that ships."""
    texture = TextureSpec(exemplar=name)
    world = TextureWorld(kind="texture", title=name.title(), grid=GridSpec(size=(64, 64)), texture=texture)
    return TextureLearner.untrained(world, Path())


def runner(updates: int, rules: Path | None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What trains and measures; rules go into a folder if there is one."""

    def run(which: dict[str, Any]) -> dict[str, Any]:
        learned = train_rule(learner(which["texture"]), Budget(updates=updates), seed=which["seed"])
        if rules is not None:
            learned.save(rules / f"{which['texture']}-{which['seed']}.safetensors")
        tables = [evaluate(learned, key=jax.random.key(start)) for start in range(STARTS)]
        one = tables[0]["self_distance"]
        ratios = {age: [table["distances"][str(age)] / one for table in tables] for age in AGES}
        return {
            "self": one,
            **{f"at {age}": [round(ratio, 3) for ratio in ratios[age]] for age in AGES},
            "wounded": [round(table["wounded_distance"] / one, 3) for table in tables],
            "healed": [round(table["healed_distance"] / one, 3) for table in tables],
            "noise": round(float(np.mean([table["noise_distance"] for table in tables])) / one, 1),
            "seconds": learned.record["seconds"],
        }

    return run


def table(runs: list[dict[str, Any]]) -> list[str]:
    """A line for each texture and training seed: of three starts the middle one and the worst; no run is dropped."""
    columns = [f"at {age}" for age in AGES] + ["healed"]
    head = ["texture", "seed", "halves", *(f"{name}, middle (worst)" for name in columns)]
    head += ["wounded", "noise", "seconds"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for run in runs:
        cells = [run["texture"], str(run["seed"]), f"{run['self']:.4f}"]
        cells += [f"{np.median(run[name]):.2f} ({max(run[name]):.2f})" for name in columns]
        cells += [f"{np.median(run['wounded']):.2f}", f"{run['noise']:.1f}", f"{run['seconds']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Run what is missing, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--textures", default=",".join(EXEMPLARS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--rules", type=Path, help="folder for the rule files")
    parser.add_argument("--write", action="store_true", help="rewrite the table in scripts/README.md")
    options = parser.parse_args()
    keep_memory()
    names, seeds = chosen("--textures", options.textures, EXEMPLARS), [int(seed) for seed in options.seeds.split(",")]
    wanted = [{"texture": name, "seed": seed} for seed in seeds for name in names]
    found = completed(
        options.results,
        wanted,
        runner(options.updates, options.rules),
        setting={"updates": options.updates},
        show="at 1000",
    )
    found.sort(key=lambda run: (run["texture"], run["seed"]))
    lines = table(found)
    print("\n".join(lines))
    if options.write:
        names = ",".join(dict.fromkeys(run["texture"] for run in found))
        command = f"study_texture.py RESULTS.jsonl --textures {names} --seeds {seeds_of(found)} --updates"
        publish(f"texture {options.updates}", lines, f"{command} {options.updates} --write")


if __name__ == "__main__":
    main()

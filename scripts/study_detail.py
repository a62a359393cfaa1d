"""Decoders that draw finer than the grid: how near they come to the artwork, beside enlarged cells.

    python scripts/study_detail.py [NAME...] [--detail 8] [--updates 2000] [--keep FOLDER] [--write]

PSNR in decibels within the frame of the picture, over white, of 8 bits a channel. *Cells* and *bicubic*: the target of
the grid, each cell a square, and enlarged by bicubic interpolation. The others are of 8 bodies that the rule has grown,
drawn by the decoder: median and, in brackets, the least. *Healed*: 200 steps after the disc of the stress table.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import jax
import numpy as np
from jaxtyping import Float
from PIL import Image
from report import publish_rows

from ffnca.allocation import keep_memory
from ffnca.opening import open_creature
from ffnca.progress import updates_bar
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.detail_training import UPDATES, decibels, fine_pictures, train_detail
from ffnca.systems.growth.evaluate import NUM_SEEDS, ages_of, heal

AGES = (200, 1000)
HEAD = ("creature", "cells", "detail", "cells drawn", "bicubic", *(f"T={age}" for age in AGES), "healed", "params", "s")


def enlarged(
    picture: Float[np.ndarray, "h w 4"], detail: int, way: Image.Resampling
) -> Float[np.ndarray, "tall wide 4"]:
    """A premultiplied picture with so many pixels a cell."""
    size = (picture.shape[1] * detail, picture.shape[0] * detail)
    channels = [Image.fromarray(np.ascontiguousarray(picture[..., channel])).resize(size, way) for channel in range(4)]
    return np.stack([np.asarray(channel) for channel in channels], -1)


def row(name: str, creature: Creature, detail: int, seconds: float) -> str:
    """The line of a creature with its decoder."""
    sharpener, fine = creature.sharpener, fine_pictures(creature, detail)[0]
    assert sharpener is not None
    key, body = jax.random.key(1), creature.body()
    herds = ages_of(creature.automaton, body, AGES, NUM_SEEDS, key=key)
    herds.append(heal(creature.automaton, herds[0], body, "disc", key=key)[1])
    found = [[decibels(sharpener.drawn(state, detail), fine, detail) for state in herd] for herd in herds]
    plain = [
        decibels(enlarged(creature.picture, detail, way), fine, detail)
        for way in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)
    ]
    cells = [
        *(name, "x".join(map(str, creature.picture.shape[:2])), str(detail)),
        *(f"{value:.1f}" for value in plain),
        *(f"{median(herd):.1f} ({min(herd):.1f})" for herd in found),
        *(str(sharpener.decoder.num_parameters), f"{seconds:.0f}"),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["lizard", "butterfly", "fish", "mushroom"])
    parser.add_argument("--detail", type=int, default=8)
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--keep", type=Path, help="folder for the rules with their decoders; those there are taken")
    parser.add_argument("--write", action="store_true", help="rewrite these rows")
    options = parser.parse_args()
    keep_memory()
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    print("\n".join(lines), flush=True)
    for name in options.names:
        kept = None if options.keep is None else options.keep / f"{name}-{options.detail}.safetensors"
        if kept is not None and kept.exists():
            creature = Creature.load(kept)
        else:
            began = time.monotonic()
            with updates_bar(name, options.updates) as show:
                creature = train_detail(open_creature(name), options.detail, updates=options.updates, show=show)
            took = round(time.monotonic() - began)
            creature = replace(creature, record={**creature.record, "detail_seconds": took})
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                creature.save(kept)
        lines.append(row(name, creature, options.detail, float(creature.record["detail_seconds"])))
        print(lines[-1], flush=True)
    if options.write:
        command = (
            f"study_detail.py {' '.join(options.names)} --detail {options.detail} --updates {options.updates} --write"
        )
        publish_rows("detail", lines, command)


if __name__ == "__main__":
    main()

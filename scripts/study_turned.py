"""Shipped rules at angles that they were not trained for: relative MSE against the turned target, by age.

    python scripts/study_turned.py [NAME...] [--angles 0,15,30,45,90] [--write]

Medians of 8 growths on a grid with 16 free cells around the turned body. By other than right angles the target is the
picture, turned bilinearly. *Floor*: the error of that target itself, beside the artwork turned at 8 times the size and
averaged to cells. Writes gallery/turned.png with --write: every creature at every angle at step 200.
"""

import argparse

import imageio.v3 as iio
import jax
import jax.numpy as jnp
import numpy as np
from report import ROOT, publish

from ffnca.allocation import keep_memory
from ffnca.grid.turn import turned_picture
from ffnca.opening import open_creature
from ffnca.render import enlarge, over
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.detail_training import fine_pictures
from ffnca.systems.growth.evaluate import NUM_SEEDS, ages_of
from ffnca.systems.growth.fitted_world import MARGIN

AGES = (100, 200, 500, 1000)
SHOWN_AGE, SCALE = 200, 3
FINE = 8


def floor(creature: Creature, angle: float) -> float:
    """Relative MSE of a picture turned bilinearly, against its artwork turned at a finer size and averaged to cells."""
    picture = turned_picture(creature.picture, angle)
    fine = turned_picture(fine_pictures(creature, FINE)[0], angle)
    height, width = picture.shape[:2]
    frame = np.zeros((FINE * height, FINE * width, 4))
    top, left = ((inner - outer) // 2 for inner, outer in zip(fine.shape[:2], frame.shape[:2], strict=True))
    inner = fine[max(top, 0) :, max(left, 0) :][: frame.shape[0], : frame.shape[1]]
    frame[max(-top, 0) :, max(-left, 0) :][: inner.shape[0], : inner.shape[1]] = inner
    true = frame.reshape(height, FINE, width, FINE, 4).mean((1, 3))
    return float(np.mean(np.square(picture - true)) / np.mean(np.square(true)))


def main() -> None:
    """Grow and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["lizard", "butterfly", "rose"])
    parser.add_argument("--angles", default="0,15,30,45,90")
    parser.add_argument("--write", action="store_true", help="rewrite the table and the picture")
    options = parser.parse_args()
    keep_memory()
    angles = [float(angle) for angle in options.angles.split(",")]
    creatures = {name: open_creature(name) for name in options.names}
    shapes = [turned_picture(one.picture, angle).shape[:2] for one in creatures.values() for angle in angles]
    side = max(max(shape) for shape in shapes) + 2 * MARGIN
    lines = [f"| creature | angle | floor | {' | '.join(f'T={age}' for age in AGES)} |", "|---" * (3 + len(AGES)) + "|"]
    pictures = []
    for name, straight in creatures.items():
        for angle in angles:
            creature = straight.turned(angle)
            body = creature.body((side, side))
            grown = ages_of(creature.automaton, body, AGES, NUM_SEEDS, key=jax.random.key(0))
            errors = [f"{float(jnp.median(body.relative_mse(states))):.4f}" for states in grown]
            lines.append(f"| {name} | {angle:g} | {floor(straight, angle):.4f} | {' | '.join(errors)} |")
            print(lines[-1], flush=True)
            pictures.append(over(np.asarray(grown[AGES.index(SHOWN_AGE)][0])))
    if options.write:
        middle = slice(MARGIN // 2, side - MARGIN // 2)
        sheet = np.stack(pictures)[:, middle, middle]
        sheet = sheet.reshape(len(creatures), len(angles), *sheet.shape[1:])
        rows = np.concatenate(np.concatenate(sheet.swapaxes(0, 1), axis=2), axis=0)
        iio.imwrite(ROOT / "gallery" / "turned.png", enlarge(rows[None], SCALE)[0])
        publish("turned", lines, f"study_turned.py {' '.join(options.names)} --angles {options.angles} --write")


if __name__ == "__main__":
    main()

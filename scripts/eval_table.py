"""Measure every trained creature that ships and write the table of the README.

    python scripts/eval_table.py [NAME ...]

The same figures as `ffnca eval NAME --json`, medians over 8 seeds.
"""

import argparse

from report import publish

from ffnca.commands import evaluate_world
from ffnca.growth.stress import STRESSES
from ffnca.world import rule_path_for, shipped_worlds

SHOWN_AGES = ("200", "1000", "2000")


def main() -> None:
    """Evaluate and rewrite the block."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names or [name for name in shipped_worlds() if rule_path_for(name).exists()]
    ages = [f"T={age}" for age in SHOWN_AGES]
    wounds = [f"{name} ({stress.num_trials})" for name, stress in STRESSES.items()]
    head = ["creature", *ages, *wounds, "AUROC", "params"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        table = evaluate_world(name, 0)
        cells = [name, *(f"{table['rel_mse'][age]:.4f}" for age in SHOWN_AGES)]
        cells += [str(table["stress"][stress]["healed"]) for stress in STRESSES]
        cells += [f"{table['goodness_auroc']:.3f}", str(table["params"])]
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    publish("eval table", lines, "eval_table.py")


if __name__ == "__main__":
    main()

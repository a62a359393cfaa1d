"""worlds/README.md is what scripts/world_keys.py prints, and every key of every kind has a meaning there."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from world_keys import DOCUMENT, page, tables  # noqa: E402

from ffnca.systems.registry import systems  # noqa: E402
from ffnca.world import World  # noqa: E402


def test_the_page_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page()


def test_every_key_says_what_it_means_and_what_is_allowed() -> None:
    silent = []
    for model in (World, *(system.spec for system in systems().values())):
        for name, purpose, keys in tables(model):
            assert purpose, name
            for key, field in keys:
                if key == "kind" and model is not World:
                    continue
                if not field.title or not field.description:
                    silent.append(f"{model.__name__}: {name}.{key}")
    assert sorted(set(silent)) == []

"""Neural cellular automata trained by the Forward-Forward algorithm. Names load when first used."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ffnca.automata.base import rollout
    from ffnca.automata.life import Life
    from ffnca.automata.nca import NCA
    from ffnca.budget import Budget
    from ffnca.errors import InputError
    from ffnca.ff.ascent import AscentLayer
    from ffnca.ff.colour import ColourPreference
    from ffnca.ff.distance import DistanceLayer, DistanceNetwork
    from ffnca.ff.layer import FFLayer
    from ffnca.ff.local_step import local_step
    from ffnca.ff.network import FFNetwork
    from ffnca.ff.unlabelled import SelfContrastiveNetwork
    from ffnca.opening import make, open_creature
    from ffnca.systems.growth.creature import Creature
    from ffnca.systems.growth.evaluate import evaluate
    from ffnca.training import train_creature
    from ffnca.world_file import load_world

_HOMES = {
    "AscentLayer": "ffnca.ff.ascent",
    "Budget": "ffnca.budget",
    "ColourPreference": "ffnca.ff.colour",
    "Creature": "ffnca.systems.growth.creature",
    "DistanceLayer": "ffnca.ff.distance",
    "DistanceNetwork": "ffnca.ff.distance",
    "FFLayer": "ffnca.ff.layer",
    "FFNetwork": "ffnca.ff.network",
    "InputError": "ffnca.errors",
    "Life": "ffnca.automata.life",
    "NCA": "ffnca.automata.nca",
    "SelfContrastiveNetwork": "ffnca.ff.unlabelled",
    "evaluate": "ffnca.systems.growth.evaluate",
    "load_world": "ffnca.world_file",
    "make": "ffnca.opening",
    "local_step": "ffnca.ff.local_step",
    "open_creature": "ffnca.opening",
    "rollout": "ffnca.automata.base",
    "train_creature": "ffnca.training",
}

__all__ = [
    "NCA",
    "AscentLayer",
    "Budget",
    "ColourPreference",
    "Creature",
    "DistanceLayer",
    "DistanceNetwork",
    "FFLayer",
    "FFNetwork",
    "InputError",
    "Life",
    "SelfContrastiveNetwork",
    "evaluate",
    "load_world",
    "local_step",
    "make",
    "open_creature",
    "rollout",
    "train_creature",
]


def __dir__() -> list[str]:
    """The public names too, which are not there until they are used."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import a public name from its home module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ffnca' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

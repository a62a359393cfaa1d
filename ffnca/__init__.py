"""Neural cellular automata trained by the Forward-Forward algorithm. Names load when first used."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ffnca.automata.base import rollout
    from ffnca.automata.life import Life
    from ffnca.automata.nca import NCA
    from ffnca.creature import Creature
    from ffnca.errors import InputError
    from ffnca.ff.ascent import AscentLayer
    from ffnca.ff.colour import ColourPreference
    from ffnca.ff.images.distance import DistanceLayer, DistanceNetwork
    from ffnca.ff.images.network import FFNetwork
    from ffnca.ff.images.unlabelled import SelfContrastiveNetwork
    from ffnca.ff.layer import FFLayer
    from ffnca.ff.local_update import local_step
    from ffnca.growth.evaluate import evaluate
    from ffnca.growth.schedule import Budget
    from ffnca.simulation import open_creature, open_simulation
    from ffnca.training import train_creature
    from ffnca.world import load_world

_HOMES = {
    "AscentLayer": "ffnca.ff.ascent",
    "Budget": "ffnca.growth.schedule",
    "ColourPreference": "ffnca.ff.colour",
    "Creature": "ffnca.creature",
    "DistanceLayer": "ffnca.ff.images.distance",
    "DistanceNetwork": "ffnca.ff.images.distance",
    "FFLayer": "ffnca.ff.layer",
    "FFNetwork": "ffnca.ff.images.network",
    "InputError": "ffnca.errors",
    "Life": "ffnca.automata.life",
    "NCA": "ffnca.automata.nca",
    "SelfContrastiveNetwork": "ffnca.ff.images.unlabelled",
    "evaluate": "ffnca.growth.evaluate",
    "load_world": "ffnca.world",
    "local_step": "ffnca.ff.local_update",
    "open_creature": "ffnca.simulation",
    "open_simulation": "ffnca.simulation",
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
    "open_creature",
    "open_simulation",
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

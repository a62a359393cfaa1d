"""Forward-Forward learning: layers that learn from their own goodness. Knows nothing of grids. Names load when used."""

import importlib
from typing import Any

_HOMES = {
    "ascent": ("AscentLayer",),
    "augment": ("jitter", "warp"),
    "backprop": ("BackpropNetwork", "Backpropagation"),
    "calibration": ("CENTRED", "CLASSIC", "DIRECTION", "MAGNITUDE", "PAIRED_VIEWS", "SYMBA", "Calibration"),
    "colour": ("ColourPreference",),
    "distance": ("DistanceLayer", "DistanceNetwork"),
    "fit": ("Course", "Epoch", "accuracy", "checked_batch", "fit", "unit_range"),
    "generator": ("GeneratorNetwork", "NegativeGenerator"),
    "goodness": ("distance_goodness", "mean_goodness", "sum_goodness"),
    "inputs": ("Inputs",),
    "integer": ("IntegerLayer",),
    "integer_network": ("IntegerCourse", "IntegerNetwork", "fit_integer"),
    "layer": ("FFLayer",),
    "local": ("hebbian_gradient",),
    "local_step": ("Labelled", "LocalStep", "Pair", "local_step", "own_gradient"),
    "losses": ("n_pair_loss", "symba_loss", "threshold_loss", "two_threshold_loss"),
    "negatives": ("hybrid_images", "likely_wrong_labels", "noisy", "other_samples", "wrong_labels"),
    "network": ("FFNetwork",),
    "network_file": ("load_network", "save_network"),
    "parallel": ("DevicePipeline", "place"),
    "projected": ("ProjectedLayer",),
    "readout": ("LinearReadout", "ReadoutNetwork"),
    "receptive_fields": ("start_local",),
    "recurrent": ("Moments", "RecurrentNetwork"),
    "schedules": ("Batch", "Greedy", "Learner", "Pipelined", "Simultaneous"),
    "standardise": ("Standardiser",),
    "unlabelled": ("SelfContrastiveNetwork", "UnlabelledNetwork"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Import a public name from its home module (PEP 562); `fit` and `local_step` are modules that can be called."""
    if name not in _MODULES:
        raise AttributeError(f"module 'ffnca.ff' has no attribute {name!r}")
    module = importlib.import_module(f"ffnca.ff.{_MODULES[name]}")
    return module if name in _HOMES else getattr(module, name)


def __dir__() -> list[str]:
    """What there is, loaded or not."""
    return sorted({*globals(), *__all__})

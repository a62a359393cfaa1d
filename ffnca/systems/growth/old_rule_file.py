"""Rule files of format 1, which held the whole world that a rule was trained for: read so that each runs as it did."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ffnca.errors import InputError
from ffnca.rule_file import StoredRule, provenance_text
from ffnca.spec import shown
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.world import checked_world

TYPES = {
    "ascent": "ascent",
    "bptt": "delta",
    **dict.fromkeys(("distance", "contrast", "pair", "self-contrastive", "random", "one-step-backprop"), "state"),
}
"""The type of the rule by what trained it."""
RECIPE_NAMES = {
    "reseeded_share": "renewed_share",
    "first_reseeded_share": "first_renewed_share",
    "gap_scale": "robust_scale",
}
"""Fields of the recipe that had another name among the keys of [train]."""
STATE_LIMIT = 2.0


def modernised(stored: StoredRule, file: str) -> StoredRule:
    """A file of format 1 as one of format 2 that runs alike; how it was trained is read as far as it is understood.

    Raises:
        InputError: If its world could not be stepped or drawn.
    """
    settings = dict(stored.model)
    train = settings.pop("train", {})
    train = dict(train) if isinstance(train, Mapping) else {}
    rule = settings.get("rule", {})
    rule = {**rule, "transport": "learned"} if isinstance(rule, Mapping) else rule
    described = {**settings, "rule": rule, "train": {"objective": "distance"}}  # which has any number of layers
    world = checked_world(GrowthWorld, described, file)
    objective = train.get("objective", "ascent")
    if objective not in TYPES:
        raise InputError(f"{file}: was trained by {shown(objective)}; allowed: {', '.join(TYPES)}")
    model = {
        "title": world.title,
        "grid": world.grid.model_dump(mode="json"),
        "rule": world.rule.model_dump(mode="json")
        | {"type": TYPES[objective], "state_limit": None if objective == "bptt" else STATE_LIMIT},
        "targets": list(world.sought),
        "code_amplitude": train.get("code_amplitude", 0.7),
    }
    told = {"world": settings | {"train": train}, "record": stored.provenance}
    if objective != "bptt":  # whose recipe is the published one, whatever its world said
        told["recipe"] = {RECIPE_NAMES.get(name, name): value for name, value in train.items()}
    return replace(stored, model=model, told=provenance_text(told))


def with_own_seen(
    perception: tuple[str, ...], num_channels: int, sizes: Mapping[str, int], tensors: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Ascent rules of ffnca 0.1 did not perceive the cell itself: the same, with weights of 0 for what they now see.

    Args:
        perception: Names of kernels.
        num_channels: Of the state.
        sizes: How many numbers each kernel shows.
        tensors: Parameters of a rule in a file of format 1.
    """
    places, num_seen = [], 0
    for name in perception:
        own = {"identity": num_channels, "alive": 1}.get(name, 0)
        places += [num_seen] * own
        num_seen += sizes[name] - own
    contexts = {name: tensors[name] for name in ("context_weight", "linear") if name in tensors}
    is_old = bool(contexts) and all(tensor.shape[:1] == (num_seen,) for tensor in contexts.values())
    if "laplacian" in perception or not is_old:
        return dict(tensors)
    return dict(tensors) | {name: np.insert(tensor, places, 0.0, axis=0) for name, tensor in contexts.items()}

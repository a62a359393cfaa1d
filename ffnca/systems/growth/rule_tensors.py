"""The parameters of a rule as named tensors, as a rule file keeps them, and back."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from ffnca.automata.layered_rule import LayeredRule
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.grid.perceive import perception_size
from ffnca.systems.growth.spec import GrowthWorld


def blank_rule(world: GrowthWorld) -> AscentLayer | LayeredRule:
    """A rule of the shape that a world asks for, not trained."""
    spec, key = world.rule, jax.random.key(0)
    num_perception = perception_size(spec.perception, spec.channels)
    if world.train.objective == "ascent":
        return AscentLayer(num_perception, spec.channels, spec.hidden[0], key=key)
    proposes = "delta" if world.train.objective == "bptt" else "state"
    return LayeredRule.drawn(num_perception, spec.hidden, spec.channels, key=key, proposes=proposes)


def named_tensors(rule: nnx.Module) -> dict[str, Array]:
    """Its parameters by their dotted names."""
    flat = nnx.to_flat_state(nnx.state(rule))
    return {".".join(str(part) for part in path): leaf[...] for path, leaf in zip(flat.paths, flat.leaves, strict=True)}


def _own_seen(world: GrowthWorld, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Ascent rules of ffnca 0.1 did not perceive the cell itself: the same, with weights of 0 for what they now see."""
    spec, places, num_seen = world.rule, [], 0
    own = {"identity": spec.channels, "alive": 1}
    for name in spec.perception:
        places += [num_seen] * own.get(name, 0)
        num_seen += perception_size((name,), spec.channels) - own.get(name, 0)
    contexts = {name: tensors[name] for name in ("context_weight", "linear") if name in tensors}
    is_old = all(tensor.shape[:1] == (num_seen,) for tensor in contexts.values())
    if world.train.objective != "ascent" or "laplacian" in spec.perception or not is_old:
        return tensors
    return tensors | {name: np.insert(tensor, places, 0.0, axis=0) for name, tensor in contexts.items()}


def filled_rule(world: GrowthWorld, tensors: dict[str, np.ndarray], name: str) -> AscentLayer | LayeredRule:
    """The rule of a world with these parameters.

    Raises:
        InputError: If one of them is missing, surplus or of another shape; the message calls the file by `name`.
    """
    rule = blank_rule(world)
    wanted, tensors = named_tensors(rule), _own_seen(world, tensors)
    if missing := sorted(set(wanted) ^ set(tensors)):
        raise InputError(f"{name}: tensor {missing[0]!r} does not fit the rule; allowed: {', '.join(sorted(wanted))}")
    for key, value in wanted.items():
        if tensors[key].shape != value.shape:
            raise InputError(f"{name}: tensor {key!r} has shape {tensors[key].shape}; allowed: {value.shape}")
    flat = nnx.to_flat_state(nnx.state(rule))
    for path, leaf in zip(flat.paths, flat.leaves, strict=True):
        leaf[...] = jnp.asarray(tensors[".".join(str(part) for part in path)])
    return rule

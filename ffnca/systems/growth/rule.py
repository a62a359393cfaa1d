"""The rule of a growing body: its types and their layout, its parameters by name, and the automaton made of it."""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import numpy as np
from jaxtyping import Array

from ffnca.automata.exact_transport import ExactTransport
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA, Rule
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.grid.boundary import Boundary
from ffnca.grid.transport import Code
from ffnca.perceptions import FIRST_HIDDEN, perception_of, perception_size
from ffnca.spec import shown
from ffnca.systems.growth.model import CodeModel, RuleModel
from ffnca.systems.growth.objective import OBJECTIVES
from ffnca.systems.growth.old_rule_file import STATE_LIMIT, with_own_seen
from ffnca.systems.growth.position_code import wave_numbers
from ffnca.systems.growth.spec import NcaSpec, identity_channels
from ffnca.systems.parameters import filled


def ascent_rule(num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: Array) -> AscentLayer:
    """One layer that perceives and updates.

    Raises:
        ValueError: If it is asked for several.
    """
    if len(hidden) != 1:
        raise ValueError(f"rule.hidden = {list(hidden)}; allowed: one width in a rule of type ascent")
    return AscentLayer(num_perception, num_channels, hidden[0], key=key)


RULES: dict[str, Callable[..., Rule]] = {
    "ascent": ascent_rule,
    "state": partial(LayeredRule.drawn, proposes="state"),
    "delta": partial(LayeredRule.drawn, proposes="delta"),
}
"""Fresh rules by type: of so many perceptions, hidden widths and channels. `state` and `delta` are what the update
layer of a layered rule proposes."""
UNLIMITED = ("delta",)
"""Types whose published recipe does not limit the state."""


def code_of(spec: NcaSpec, num_bodies: int, longest: int, amplitude: float) -> CodeModel:
    """The position code of the bodies of a rule.

    Args:
        spec: The world's [rule] table.
        num_bodies: How many it grows.
        longest: Longer side of the largest, in cells.
        amplitude: Of the code.
    """
    num_channels = spec.channels - FIRST_HIDDEN - identity_channels(num_bodies)
    return CodeModel(waves=wave_numbers(num_channels, longest / 2), amplitude=amplitude)


def waves_of(code: CodeModel) -> Code:
    """A position code as its transport needs it."""
    return Code.along_axes(code.waves, code.amplitude)


def described_rule(spec: NcaSpec, objective: str, code: CodeModel) -> RuleModel:
    """What a step needs of a world's rule that is trained by an objective.

    Args:
        spec: The world's [rule] table.
        objective: By which it is trained.
        code: The position code of its body, kept where the rule needs it.
    """
    rule_type = OBJECTIVES[objective].rule
    limit = None if rule_type in UNLIMITED else STATE_LIMIT
    needed = any(perception_of(name).of_code for name in spec.perception)
    return RuleModel(**dict(spec), type=rule_type, state_limit=limit, code=code if needed else None)


def learned_channels(spec: NcaSpec) -> int:
    """How many channels the layers of a rule learn; the others are transported."""
    return FIRST_HIDDEN if spec.transport == "exact" else spec.channels


def as_transported(spec: NcaSpec, rule: Rule) -> Rule:
    """The whole rule of what its layers learned."""
    return ExactTransport(rule) if spec.transport == "exact" else rule


def blank_rule(model: RuleModel, name: str = "rule", *, key: Array | None = None) -> Rule:
    """A rule of this shape, not trained.

    Raises:
        InputError: If there is no such type, or it has no such shape.
    """
    if model.type not in RULES:
        allowed = ", ".join(RULES)
        raise InputError(f"{name}: rule.type = {shown(model.type)}; allowed: {allowed} (a newer ffnca may know it)")
    num_perception = perception_size(model.perception, model.channels)
    try:
        rule = RULES[model.type](
            num_perception, model.hidden, learned_channels(model), key=jax.random.key(0) if key is None else key
        )
        return as_transported(model, rule)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error


def automaton_of(model: RuleModel, boundary: Boundary, rule: Rule) -> NCA:
    """A rule on its lattice."""
    return NCA(
        rule,
        perception=model.perception,
        boundary=boundary,
        fire_rate=model.fire_rate,
        alive_threshold=model.alive_threshold,
        state_limit=float("inf") if model.state_limit is None else model.state_limit,
        code=None if model.code is None else waves_of(model.code),
    )


def filled_rule(model: RuleModel, tensors: Mapping[str, np.ndarray], name: str, *, is_old: bool = False) -> Rule:
    """The rule of this shape with these parameters.

    Args:
        model: Its shape.
        tensors: Its parameters by their dotted names.
        name: What to call the file in errors.
        is_old: Whether they are of a file of format 1.

    Raises:
        InputError: If one of them is missing, surplus or of another shape.
    """
    shaped = jax.eval_shape(lambda: blank_rule(model, name))  # a drawn one would take seconds to compile
    rule = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shaped)
    if is_old and model.type == "ascent":
        sizes = {kernel: perception_size((kernel,), model.channels) for kernel in model.perception}
        tensors = with_own_seen(model.perception, model.channels, sizes, tensors)
    return filled(rule, tensors, name)

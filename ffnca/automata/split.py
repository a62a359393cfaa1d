"""A grid split over devices: each steps its part, and hands its neighbours the rim that they see (halo exchange)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from ffnca.automata.base import Automaton, Local, rollout
from ffnca.automata.compiled import compiled
from ffnca.errors import InputError
from ffnca.part import ACROSS, AXES, DOWN, STATES, Part, axes_of, within


def mesh_of(part: Part) -> Mesh:
    """The first devices of all processes, as many as there are parts.

    Raises:
        InputError: If there are fewer.
    """
    if min(part) < 1:
        raise InputError(f"parts {tuple(part)}; allowed: 1 at least along each axis")
    needed, devices = math.prod(part), jax.devices()
    if needed > len(devices):
        more = "; JAX_NUM_CPU_DEVICES=N makes N of a CPU" if devices[0].platform == "cpu" else ""
        found = f"{len(devices)} of {devices[0].platform}"
        raise InputError(f"{needed} parts need as many devices; here are {found}{more}")
    return Mesh(np.array(devices[:needed]).reshape(part), AXES)


@partial(jax.tree_util.register_dataclass, data_fields=["automaton"], meta_fields=["mesh"])
@dataclass(frozen=True)
class Split:
    """An automaton whose states are split over a mesh of devices.

    A step is that of the whole grid with the same key: the same numbers are drawn for each cell, wherever it lies. Any
    automaton that is `Local` can be split; nothing in it needs to know.

    Example:
        With 8 devices, rows in 4 parts and columns in 2:

        >>> split = Split.over(lizard.automaton, Part(down=4, across=2))
        >>> state = ffnca.rollout(split, split.placed(lizard.start), 200, key=jax.random.key(0))

    Attributes:
        automaton: What steps.
        mesh: Devices, with the axes `ffnca.part.AXES`.
    """

    automaton: Any
    mesh: Mesh

    @classmethod
    def over(cls, automaton: Automaton, part: Part) -> "Split":
        """Over as many devices as there are parts.

        Raises:
            InputError: If there are fewer, or the automaton cannot be split.
        """
        if not isinstance(automaton, Local) or automaton.halo is None:
            name = type(automaton).__name__
            raise InputError(f"a {name} cannot be split over devices; allowed: automata with a `halo`")
        return cls(automaton, mesh_of(part))

    @property
    def part(self) -> Part:
        """How many parts there are along each axis."""
        return Part(*(self.mesh.shape[name] for name in AXES))

    def placed(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """The state with each part on its device; every process gives the same.

        Raises:
            InputError: If it cannot be cut into equal parts.
        """
        self._check(state.shape)
        return placed(state, NamedSharding(self.mesh, _spec(state.ndim)))

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """One step of all parts."""
        self._check(state.shape)
        spec = _spec(state.ndim)

        def stepped(automaton: Automaton, state: Array, key: PRNGKeyArray) -> Array:
            with within(self.part):
                return automaton.step(state, key)

        nowhere = PartitionSpec()
        split = jax.shard_map(
            stepped, mesh=self.mesh, in_specs=(nowhere, spec, nowhere), out_specs=spec, check_vma=False
        )
        return split(self.automaton, state, key)

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The state as RGB."""
        return self.automaton.render(jnp.asarray(gathered(state)))

    def _check(self, shape: tuple[int, ...]) -> None:
        sides = {"states": math.prod(shape[:-3][:1]), "rows": shape[-3], "columns": shape[-2]}
        for (what, side), number in zip(sides.items(), self.part, strict=True):
            if side % number:
                raise InputError(f"{side} {what} in {number} parts; allowed: a number that divides {side}")


def _spec(ndim: int) -> PartitionSpec:
    """How a state of so many dimensions is split."""
    return PartitionSpec(*axes_of(ndim - 3), DOWN, ACROSS, None)


def rolled_by_all(
    automaton: Automaton,
    states: Float[Array, "batch H W C"],
    num_steps: Int[Array, ""] | int,
    mesh: Mesh | None,
    *,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """`rollout` of a batch that the devices of a mesh share; the states are those of one device.

    Args:
        automaton: Any that is `Local`.
        states: As many as there are; some devices have nothing to do where that is no multiple of theirs.
        num_steps: How many steps.
        mesh: Devices along its first axis alone; None for one.
        key: As of `rollout`.
    """
    if mesh is None:
        return rollout(automaton, states, num_steps, key=key)
    beyond = -len(states) % mesh.shape[STATES]
    filled = jnp.concatenate([states, jnp.zeros((beyond, *states.shape[1:]), states.dtype)])
    rolled = rollout(Split(automaton, mesh), _everywhere(filled, mesh), num_steps, key=key)
    return _everywhere(rolled, mesh)[: len(states)]


def mean_of_all(function: Callable[..., Any], mesh: Mesh | None) -> Callable[..., Any]:
    """A function (fixed, rows, number) -> means over rows, where each device of a mesh takes its share of the rows.

    Where the rows cannot be shared equally, every device takes all of them.
    """
    if mesh is None:
        return function
    fixed, rows = PartitionSpec(), PartitionSpec(STATES)

    def shared(parameters: Any, given: Any, number: Any) -> Any:
        if len(jax.tree.leaves(given)[0]) % mesh.shape[STATES]:
            return function(parameters, given, number)

        def mean(*share: Any) -> Any:
            return jax.tree.map(lambda one: jax.lax.pmean(one, STATES), function(*share))

        each = jax.shard_map(mean, mesh=mesh, in_specs=(fixed, rows, fixed), out_specs=fixed, check_vma=False)
        return each(parameters, _everywhere(given, mesh), jnp.asarray(number))

    return shared


def _everywhere(tree: Any, mesh: Mesh) -> Any:
    """On every device whole; without that, jax goes on to split whatever comes before and after."""
    return jax.lax.with_sharding_constraint(tree, replicated(mesh))


def placed(tree: Any, sharding: NamedSharding) -> Any:
    """Arrays of this process as arrays of all; every process has the same and keeps what belongs to its devices."""

    def place(leaf: Any) -> Array:
        if isinstance(leaf, jax.Array) and leaf.sharding.is_equivalent_to(sharding, leaf.ndim):
            return leaf
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(place(jax.random.key_data(leaf)), impl=jax.random.key_impl(leaf))
        here = np.asarray(leaf)
        return jax.make_array_from_callback(here.shape, sharding, lambda index: here[index])

    return jax.tree.map(place, tree)


def replicated(mesh: Mesh) -> NamedSharding:
    """Everything on each device."""
    return NamedSharding(mesh, PartitionSpec())


def gathered(state: Array) -> np.ndarray:
    """All of a state on the host of every process."""
    if state.is_fully_addressable or state.is_fully_replicated:
        return np.asarray(state)
    from jax.experimental.multihost_utils import process_allgather

    return np.asarray(process_allgather(state, tiled=True))

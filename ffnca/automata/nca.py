"""Neural cellular automata: perceive, update, fire, mask."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8
from numpy.typing import ArrayLike

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.automata.tiles import Tiles, can_be_cut, cut, joined, stepped
from ffnca.errors import InputError
from ffnca.ff.ascent import STATE_LIMIT
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.described import Described, described
from ffnca.grid.kernels import alive_mask, centre, near_living
from ffnca.grid.perceive import Surroundings, seen
from ffnca.grid.transport import Code
from ffnca.grid.turn import Turn
from ffnca.lattice import Lattice, Value
from ffnca.perceptions import all_local
from ffnca.render import over

CHUNK = 256
"""Cells updated in one matrix product. Only living cells that fire are computed, chunk after chunk."""
DENSE_SHARE = 1 / 3
"""Where more than this share of the grid updates, it is quicker to compute every cell."""


@runtime_checkable
class Rule(Protocol):
    """What changes the cells of a neural cellular automaton: a tree of parameters."""

    def change(
        self, perception: Float[Array, "cell perception"], state: Float[Array, "cell channel"], /
    ) -> Float[Array, "cell channel"]:
        """The change of each cell."""
        ...

    def deficit(
        self, perception: Float[Array, "cell perception"], state: Float[Array, "cell channel"], /
    ) -> Float[Array, " cell"]:
        """Goodness that each cell lacks, at least 0."""
        ...


@runtime_checkable
class DescribedRule(Rule, Protocol):
    """A rule that can say what it does as data, for pages and other tools."""

    def described(self, perception: Value, state: Value, /) -> Value:
        """`change` as data."""
        ...

    def described_deficit(self, perception: Value, state: Value, /) -> Value:
        """`deficit` as data."""
        ...


def described_rule(rule: Rule) -> DescribedRule:
    """The rule, as one that can be described.

    Raises:
        InputError: If it has no description.
    """
    if not isinstance(rule, DescribedRule):
        raise InputError(f"a {type(rule).__name__} has no description as data; allowed: rules that have one")
    return rule


class NCA(nnx.Module):
    """A rule on a lattice. States are floats (..., H, W, C): premultiplied RGBA, then hidden channels.

    States may be of another precision than the weights, such as bfloat16: a step computes in the wider of the two, at
    least in float32, and gives back what it was given. `jax.grad` and `jax.jvp` go through a step.
    """

    def __init__(
        self,
        rule: Rule,
        *,
        perception: tuple[str, ...],
        boundary: Boundary = "wrap",
        fire_rate: float = 0.5,
        alive_threshold: float = 0.1,
        state_limit: float = STATE_LIMIT,
        code: Code | None = None,
    ) -> None:
        """Put a rule on a lattice.

        Args:
            rule: Such as an ascent layer or a layered rule.
            perception: Names from `ffnca.perceptions`.
            boundary: What lies beyond the edge.
            fire_rate: Probability that a cell updates in a step; changes are never rescaled.
            alive_threshold: Alpha above which a cell lives.
            state_limit: States are clipped to plus and minus this; infinite for rules that were trained without.
            code: Waves of the position code, for perceptions that need them.
        """
        self.rule = rule
        self.perception = tuple(perception)
        self.boundary: Boundary = boundary
        self.fire_rate = float(fire_rate)
        self.alive_threshold = float(alive_threshold)
        self.state_limit = float(state_limit)
        self.turn: Turn | None = nnx.data(None)
        self.code: Code | None = nnx.data(code)

    def turned(self, angle: float) -> "NCA":
        """The same with all that grows turned, by degrees clockwise: data, not a constant, in compiled code."""
        automaton = nnx.clone(self)
        automaton.turn = nnx.data(None if angle % 360 == 0 else Turn.by(angle))
        automaton.code = nnx.data(None if self.code is None else self.code.turned(angle))
        return automaton

    @property
    def halo(self) -> int | None:
        """How far a cell sees, in cells; None if that cannot be said of what it perceives."""
        return 1 if all_local(self.perception) else None

    def perceive(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W P"]:
        """What the rule sees in each cell."""
        return seen(self._surroundings(pad(state, self.boundary)), self.perception)

    def _surroundings(self, padded: Float[Array, "*batch tall wide C"]) -> Surroundings:
        return Surroundings(centre(padded), padded, self.boundary, self.alive_threshold, self.turn, self.code)

    def alive(self, state: Float[Array, "*batch H W C"]) -> Bool[Array, "*batch H W"]:
        """Living cells and their neighbours."""
        return near_living(pad(state[..., 3:4], self.boundary), self.alive_threshold)

    def fire(self, shape: tuple[int, ...], key: PRNGKeyArray) -> Bool[Array, "*batch H W"]:
        """Which cells update in this step."""
        return draws.bernoulli_of_cells(key, self.fire_rate, shape)

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """One step with a random fire mask."""
        return self.advance(state, self.fire(state.shape[:-1], key))

    @compiled
    def advance(
        self, state: Float[Array, "*batch H W C"], fire: Bool[Array, "*batch H W"]
    ) -> Float[Array, "*batch H W C"]:
        """One step with a given fire mask: perceive, update the living cells that fire, mask the dead."""
        state = _checked(state)
        around = pad(state, self.boundary)
        alive = alive_mask(around, self.alive_threshold)
        perception = seen(self._surroundings(_precise(around)), self.perception)
        state = self.update(state, perception, alive & fire)
        return state * (alive & self.alive(state))[..., None]

    def largest_change(self, state: Float[Array, "*batch H W C"]) -> Float[Array, ""]:
        """The most by which a number of the state could change in one step, whichever cells fire; 0: it stays for ever.

        A cell that fires goes to one known value. It dies at worst if all cells that would lose alpha fire and no
        others, and then loses all that it has.
        """
        state = _checked(state)
        alive = self.alive(state)
        updated = self.update(state, self.perceive(_precise(state)), alive)
        faintest = state.at[..., 3].min(updated[..., 3])
        survives = (alive & self.alive(faintest))[..., None]
        change = jnp.abs(updated - state)
        return jnp.max(jnp.where(survives, change, jnp.maximum(change, jnp.abs(state))))

    def encode(self, state: Float[Array, "*batch H W C"]) -> Tiles | Float[Array, "*batch H W C"]:
        """Tiles where those are quicker, else the state as it is."""
        state = _checked(state)
        if self.alive_threshold < 0 or not all_local(self.perception) or not can_be_cut(state):
            return state
        return cut(state, self.boundary)

    def step_encoded(
        self, code: Tiles | Float[Array, "*batch H W C"], key: PRNGKeyArray
    ) -> Tiles | Float[Array, "*batch H W C"]:
        """One step with the same random fire mask, of the tiles in which anything lives."""
        if not isinstance(code, Tiles):
            return self.step(code, key)
        fire = draws.bernoulli_by_place(key, self.fire_rate, code.cells[..., 0].size)

        def advance(around: Array, places: Array) -> Array:
            alive, state = alive_mask(around, self.alive_threshold), centre(around)
            perception = seen(self._surroundings(_precise(around)), self.perception)
            own = state.reshape(-1, state.shape[-1])
            changed = _in_every_cell(_changed, self, alive & fire(places), perception, state, own)
            return changed.reshape(state.shape) * alive[..., None]

        return stepped(code, advance, self.alive_threshold)

    def decode(self, code: Tiles | Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """Such a code as a state."""
        return joined(code) if isinstance(code, Tiles) else code

    def update(
        self,
        state: Float[Array, "*batch H W C"],
        perception: Float[Array, "*batch H W P"],
        chosen: Bool[Array, "*batch H W"],
    ) -> Float[Array, "*batch H W C"]:
        """Change the chosen cells by the rule; the cost follows the number of chosen cells, not the grid."""
        own = state.reshape(-1, state.shape[-1])
        return _where_chosen(_changed, self, chosen, perception, state, own).reshape(state.shape)

    @compiled
    def deficit(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W"]:
        """Goodness deficit of every cell, its ill health: 0 when all is well, and 0 where nothing lives."""
        precise = _precise(_checked(state))
        nothing = jnp.zeros(state.shape[:-1], precise.dtype).reshape(-1)
        cells = _where_chosen(_missing, self, self.alive(state), self.perceive(precise), precise, nothing)
        return cells.reshape(state.shape[:-1])

    def described(self, lattice: Lattice) -> Value:
        """`step` as data.

        Raises:
            InputError: If its rule, or something that it perceives, has no description.
        """
        state = lattice.state
        alive = self._described_alive(state)
        chosen = alive * (lattice.constant(self.fire_rate) > lattice.random)
        with lattice.only(chosen):
            changed = state + described_rule(self.rule).described(self._described_perception(state), state)
            changed = changed.maximum(-self.state_limit).minimum(self.state_limit)
        state = lattice.where(chosen, changed, state)
        return state * alive * self._described_alive(state)

    def described_deficit(self, lattice: Lattice) -> Value:
        """`deficit` as data; 0 where nothing lives.

        Raises:
            InputError: As `described`.
        """
        alive = self._described_alive(lattice.state)
        with lattice.only(alive):
            missing = described_rule(self.rule).described_deficit(
                self._described_perception(lattice.state), lattice.state
            )
        return lattice.where(alive, missing, 0.0)

    def _described_alive(self, state: Value) -> Value:
        return state[3:4].neighbour_maximum() > self.alive_threshold

    def _described_perception(self, state: Value) -> Value:
        return described(self.perception, Described(state, self.alive_threshold, self.turn, self.code))

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Colour over white."""
        return over(np.asarray(state))


def _checked(state: ArrayLike) -> Float[Array, "*batch H W C"]:
    """A state of NumPy or jax, refused if whole numbers would cut off what a step adds."""
    state = jnp.asarray(state)
    if not jnp.issubdtype(state.dtype, jnp.floating) or state.ndim < 3 or state.shape[-1] < 4:
        said = f"{state.dtype} of shape {state.shape}"
        raise InputError(f"a state of {said}; allowed: floats (..., height, width, channel), 4 channels at least")
    return state


def _precise(state: Float[Array, "*batch C"]) -> Float[Array, "*batch C"]:
    """The state in at least float32, in which differences of neighbours keep their digits."""
    return state.astype(jnp.promote_types(state.dtype, jnp.float32))


def _changed(automaton: NCA, seen: Array, before: Array) -> Array:
    """Cells after an update, of the type that they had before it."""
    precise = _precise(before)
    changed = precise + automaton.rule.change(seen, precise)
    return jnp.clip(changed, -automaton.state_limit, automaton.state_limit).astype(before.dtype)


def _missing(automaton: NCA, seen: Array, own: Array) -> Array:
    """Goodness that cells lack."""
    return automaton.rule.deficit(seen, own).astype(own.dtype)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _where_chosen(
    function: Callable[[NCA, Array, Array], Array],
    automaton: NCA,
    chosen: Bool[Array, "*batch H W"],
    perception: Float[Array, "*batch H W P"],
    state: Float[Array, "*batch H W C"],
    otherwise: Float[Array, "..."],
) -> Float[Array, "..."]:
    """`function` of automaton, perception and state in the chosen cells, `otherwise` in the others.

    The cost follows the number of chosen cells, not the grid. `otherwise` and the result have one row
    or one number a cell. A derivative is that of `_in_every_cell`, since a loop of unknown length has none backwards.
    """
    own, seen = state.reshape(-1, state.shape[-1]), perception.reshape(-1, perception.shape[-1])
    if not own.shape[0]:
        return otherwise
    num_cells, chunk = own.shape[0], min(CHUNK, own.shape[0])
    num_slots = -(-num_cells // chunk) * chunk

    def sparse() -> Array:
        # Sorted, since `jnp.nonzero` takes ten times as long to compile.
        numbers = jnp.sort(jnp.where(chosen.reshape(-1), jnp.arange(num_cells), num_cells))
        places = jnp.pad(numbers, (0, num_slots - num_cells), constant_values=num_cells)

        def fill(index: Array, cells: Array) -> Array:
            place = jax.lax.dynamic_slice(places, (index * chunk,), (chunk,))
            around, before = (rows.at[place].get(mode="fill", fill_value=0.0) for rows in (seen, own))
            return cells.at[place].set(function(automaton, around, before), mode="drop")

        return jax.lax.fori_loop(0, (num_chosen + chunk - 1) // chunk, fill, otherwise)

    def dense() -> Array:
        return _in_every_cell(function, automaton, chosen, seen, own, otherwise)

    if jax.default_backend() != "cpu":
        return dense()
    num_chosen = jnp.sum(chosen)
    return jax.lax.cond(num_chosen > DENSE_SHARE * num_cells, dense, sparse)


def _in_every_cell(
    function: Callable[[NCA, Array, Array], Array],
    automaton: NCA,
    chosen: Bool[Array, "*batch H W"],
    perception: Float[Array, "*batch H W P"] | Float[Array, "cell P"],
    state: Float[Array, "*batch H W C"] | Float[Array, "cell C"],
    otherwise: Float[Array, "..."],
) -> Float[Array, "..."]:
    """The same, computed in every cell of the grid."""
    own, seen = state.reshape(-1, state.shape[-1]), perception.reshape(-1, perception.shape[-1])
    place = chosen.reshape(-1, *[1] * (otherwise.ndim - 1))
    return jnp.where(place, function(automaton, seen, own), otherwise)


@_where_chosen.defjvp
def _where_chosen_jvp(function: Callable[..., Array], primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    """Value and derivative of the dense form."""
    return jax.jvp(partial(_in_every_cell, function), primals, tangents)

"""A step as data: a short list of operations on whole lattices, from which pages, ONNX graphs and C code are made.

An automaton describes its step with the arithmetic of `Value`, which records what is done instead of doing it:

    lattice = Lattice(channels=1, boundary="wrap")
    block = lattice.state.convolve(np.ones((1, 1, 3, 3)))
    program = lattice.program(block > 2.5)

Every value is an array (height, width, channels) of float32. Whoever runs a program knows nothing of automata;
`Program.run` is the reference, in NumPy.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

Plane = Float[np.ndarray, "H W n"]
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "greater": lambda a, b: (a > b).astype(np.float32),
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "absolute": np.abs,
    "where": lambda condition, yes, no: np.where(condition > 0.5, yes, no),
}
"""Operations on each number by itself; a value of one channel goes with one of many. `greater` gives 1 or 0."""
NEIGHBOURING = ("convolve", "neighbour_maximum")
"""Operations that read other cells than the one that they are for."""
PADDING: dict[str, Any] = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}
"""What lies beyond each kind of edge, in the words of NumPy and of ONNX."""
_FLOATS = np.float32


@dataclass(frozen=True, eq=False)
class Operation:
    """One line of a program.

    Attributes:
        kind: `state` and `random`, the inputs; `constant` (array `values`: (n) or (H, W, n)); `pick` (`channels`, whole
            numbers) and `concatenate` channels; `dense`, a matrix product in each cell (`kernel` (in, out), `bias`
            (out)); `convolve` (`weights` (out, in, tall, wide), both odd, as a cross-correlation); `neighbour_maximum`,
            of 3x3 cells; `least`, of the channels of a cell; `lookup`, the entry of `table` at the nearest whole
            number; or one of `ELEMENTWISE`.
        inputs: Which earlier operations it reads.
        channels: Of its result.
        only: The operation that says, by 1 or 0, in which cells the result is needed; elsewhere it may be anything.
        arrays: Its constants by name.
    """

    kind: str
    inputs: tuple[int, ...]
    channels: int
    only: int | None = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reads(self) -> tuple[int, ...]:
        """Every operation whose result it needs."""
        return self.inputs if self.only is None else (*self.inputs, self.only)

    def renumbered(self, order: Mapping[int, int]) -> "Operation":
        """The same where each operation has another number."""
        only = None if self.only is None else order[self.only]
        return replace(self, inputs=tuple(order[index] for index in self.inputs), only=only)


@dataclass(frozen=True, eq=False)
class Program:
    """Operations in the order in which they are done; the last gives the result.

    Attributes:
        operations: The first is the state, the second a uniform random number from 0 to 1 in every cell.
        boundary: What lies beyond the edge: `wrap`, `zero`, `reflect`.
    """

    operations: tuple[Operation, ...]
    boundary: str

    @property
    def is_random(self) -> bool:
        """Whether it reads the random numbers."""
        return any(1 in operation.inputs for operation in self.operations)

    def run(self, state: Plane, random: Plane | None = None) -> Plane:
        """The result for a state, operation by operation.

        Args:
            state: As many channels as the first operation says.
            random: Of one channel; may be left out where it is not read.
        """
        height, width = state.shape[:2]
        values: list[Plane] = []
        for operation in self.operations:
            if operation.kind == "state":
                value = np.asarray(state, _FLOATS)
            elif operation.kind == "random":
                value = np.full((height, width, 1), np.nan, _FLOATS) if random is None else random.astype(_FLOATS)
            else:
                inputs = [values[index] for index in operation.inputs]
                with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
                    value = _done(operation, inputs, self.boundary)
            value = np.broadcast_to(value, (height, width, operation.channels))
            if operation.only is not None:  # whoever reads it elsewhere is found out
                value = np.where(values[operation.only] > 0.5, value, _FLOATS(np.nan))
            values.append(value)
        return values[-1]


def _done(operation: Operation, inputs: list[Plane], boundary: str) -> Plane:
    kind, arrays = operation.kind, operation.arrays
    if kind in ELEMENTWISE:
        return ELEMENTWISE[kind](*inputs)
    if kind == "constant":
        return arrays["values"]
    if kind == "pick":
        return inputs[0][..., arrays["channels"]]
    if kind == "concatenate":
        return np.concatenate(inputs, -1)
    if kind == "dense":
        return inputs[0] @ arrays["kernel"] + arrays["bias"]
    if kind == "least":
        return inputs[0].min(-1, keepdims=True)
    if kind == "lookup":
        table = arrays["table"]
        return table[np.clip(np.rint(inputs[0]).astype(int), 0, len(table) - 1)]
    if kind == "neighbour_maximum":
        return np.max([one for _, _, one in _shifted(inputs[0], (3, 3), boundary)], 0)
    weights = arrays["weights"]
    total = np.zeros((*inputs[0].shape[:2], weights.shape[0]), _FLOATS)
    for row, column, shifted in _shifted(inputs[0], weights.shape[2:], boundary):
        used = weights[:, :, row, column]
        if used.any():
            reading = used.any(0)
            total += shifted[..., reading] @ used[:, reading].T
    return total


def _shifted(plane: Plane, size: tuple[int, ...], boundary: str) -> Iterator[tuple[int, int, Plane]]:
    """The plane as each place of a kernel of this size sees it."""
    (tall, wide), (height, width) = size, plane.shape[:2]
    padded = np.pad(plane, [(tall // 2,) * 2, (wide // 2,) * 2, (0, 0)], mode=PADDING[boundary])
    for row in range(tall):
        for column in range(wide):
            yield row, column, padded[row : row + height, column : column + width]


class Value:
    """What an operation gives, while a program is written: arithmetic on it adds operations."""

    def __init__(self, lattice: "Lattice", index: int) -> None:
        """The result of an operation of a lattice."""
        self.lattice, self.index = lattice, index

    @property
    def channels(self) -> int:
        """How many it has."""
        return self.lattice.operations[self.index].channels

    def _with(self, kind: str, *others: "Value | ArrayLike") -> "Value":
        return self.lattice.add(kind, self, *others)

    def __add__(self, other: "Value | float") -> "Value":
        """The sum."""
        return self._with("add", other)

    def __sub__(self, other: "Value | ArrayLike") -> "Value":
        """The difference."""
        return self._with("subtract", other)

    def __rsub__(self, other: float) -> "Value":
        """The difference from a number."""
        return self.lattice.constant(other) - self

    def __mul__(self, other: "Value | ArrayLike") -> "Value":
        """The product."""
        return self._with("multiply", other)

    def __truediv__(self, other: "Value | ArrayLike") -> "Value":
        """The quotient."""
        return self._with("divide", other)

    def __gt__(self, other: "Value | ArrayLike") -> "Value":
        """1 where it is greater, else 0."""
        return self._with("greater", other)

    def maximum(self, other: "Value | float") -> "Value":
        """The greater of both."""
        return self._with("maximum", other)

    def minimum(self, other: "Value | float") -> "Value":
        """The lesser of both."""
        return self._with("minimum", other)

    def relu(self) -> "Value":
        """The number, or 0 where it is less."""
        return self.maximum(0.0)

    def sqrt(self) -> "Value":
        """The root."""
        return self._with("sqrt")

    def exp(self) -> "Value":
        """The exponential."""
        return self._with("exp")

    def log(self) -> "Value":
        """The natural logarithm."""
        return self._with("log")

    def absolute(self) -> "Value":
        """Without its sign."""
        return self._with("absolute")

    def __getitem__(self, channels: slice | Sequence[int]) -> "Value":
        """Some of its channels."""
        every = np.arange(self.channels)
        picked = every[channels] if isinstance(channels, slice) else every[list(channels)]
        return self.lattice.add("pick", self, num_channels=len(picked), channels=picked.astype(np.int32))

    def least(self) -> "Value":
        """The least of its channels."""
        return self.lattice.add("least", self, num_channels=1)

    def sum(self) -> "Value":
        """The sum of its channels."""
        return self.dense(np.ones((self.channels, 1)))

    def dense(self, kernel: Any, bias: Any = None) -> "Value":
        """A matrix product in every cell, `kernel` (in, out)."""
        kernel = np.asarray(kernel, _FLOATS)
        bias = np.zeros(kernel.shape[1], _FLOATS) if bias is None else np.asarray(bias, _FLOATS)
        return self.lattice.add("dense", self, num_channels=kernel.shape[1], kernel=kernel, bias=bias)

    def convolve(self, weights: Any) -> "Value":
        """A cross-correlation, `weights` (out, in, tall, wide), each side odd."""
        weights = np.asarray(weights, _FLOATS)
        return self.lattice.add("convolve", self, num_channels=weights.shape[0], weights=weights)

    def each_convolved(self, kernels: Any) -> "Value":
        """Every channel by each of the kernels (number, tall, wide): all channels by the first, then by the next."""
        kernels, every = np.asarray(kernels, _FLOATS), np.eye(self.channels, dtype=_FLOATS)
        weights = np.einsum("oi,kab->koiab", every, kernels)
        return self.convolve(weights.reshape(-1, *weights.shape[2:]))

    def neighbour_maximum(self) -> "Value":
        """The greatest of 3x3 cells."""
        return self._with("neighbour_maximum")

    def lookup(self, table: Any) -> "Value":
        """The entry of a table at the nearest whole number."""
        return self.lattice.add("lookup", self, table=np.asarray(table, _FLOATS))


class Lattice:
    """A program while it is written.

    Attributes:
        boundary: What lies beyond the edge.
        operations: Those written so far.
        state: The first input.
        random: The second input: in every cell a uniform random number from 0 to 1.
    """

    def __init__(self, channels: int, boundary: str) -> None:
        """Nothing but the inputs."""
        self.boundary = boundary
        self.operations = [Operation("state", (), channels), Operation("random", (), 1)]
        self.state, self.random = Value(self, 0), Value(self, 1)
        self._only: int | None = None
        self._places: dict[tuple[Any, ...], int] = {}

    def constant(self, values: Any) -> Value:
        """A number, one a channel, or an array (H, W, channels)."""
        values = np.atleast_1d(np.asarray(values, _FLOATS))
        return self.add("constant", num_channels=values.shape[-1], values=values)

    def concatenate(self, values: Sequence[Value]) -> Value:
        """The channels of all, in order."""
        if len(values) == 1:
            return values[0]
        return self.add("concatenate", *values, num_channels=sum(value.channels for value in values))

    def where(self, condition: Value, yes: Value | float, no: Value | float) -> Value:
        """`yes` where the condition is 1, `no` where it is 0."""
        return self.add("where", condition, yes, no)

    @contextmanager
    def only(self, cells: Value) -> Iterator[None]:
        """What is written inside is needed only in these cells (1 or 0), and may be anything elsewhere.

        Nothing outside may read it but in these cells, such as by `where`. What neighbours read is needed in every
        cell, and is so without being told.
        """
        before, self._only = self._only, cells.index
        yield
        self._only = before

    def add(
        self, kind: str, *inputs: Value | ArrayLike, num_channels: int | None = None, **arrays: np.ndarray
    ) -> Value:
        """Write an operation, or find it written; by default its result has as many channels as the widest input."""
        values = [value if isinstance(value, Value) else self.constant(value) for value in inputs]
        widest = max((value.channels for value in values), default=1)
        indices = tuple(value.index for value in values)
        channels = widest if num_channels is None else num_channels
        only = None if kind == "constant" else self._only
        written = (kind, indices, channels, only, *((name, one.shape, one.tobytes()) for name, one in arrays.items()))
        if written not in self._places:
            self._places[written] = len(self.operations)
            self.operations.append(Operation(kind, indices, channels, only, arrays))
        return Value(self, self._places[written])

    def program(self, result: Value) -> Program:
        """Everything that the result needs, in order."""
        if result.index <= self.random.index:  # the last operation gives the result, and no input is last
            result = result[:]
        operations = self._needed_by_neighbours(result.index)
        needed = {0, 1, result.index}
        for index in range(result.index, 1, -1):
            if index in needed:
                needed.update(operations[index].reads)
        order = {index: place for place, index in enumerate(sorted(needed))}
        return Program(tuple(operations[index].renumbered(order) for index in order), self.boundary)

    def _needed_by_neighbours(self, last: int) -> list[Operation]:
        """The operations up to the last; what neighbours read is needed everywhere, but for the unused of a choice."""
        operations, everywhere = self.operations[: last + 1], set()
        for index in range(last, 1, -1):
            operation = operations[index]
            if operation.kind in NEIGHBOURING or index in everywhere:
                chosen = operation.inputs[0] if operation.kind == "where" else None
                everywhere.update(one for one in operation.inputs if chosen is None or operations[one].only != chosen)
            if index in everywhere:
                operations[index] = replace(operation, only=None)
        return operations

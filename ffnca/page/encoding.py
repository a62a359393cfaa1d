"""Programs and states as plain data that a page holds: arrays as base64, each of them once."""

import base64
from typing import Any

import numpy as np

from ffnca.lattice import Operation, Program

_COMPACT = ("kernel", "bias")
"""Arrays of learned numbers, which are kept as half precision."""


class Arrays:
    """The arrays of a page; where one is needed stands its number.

    Attributes:
        encoded: By number: shape, type and little-endian bytes; or shape, and the numbers of two more arrays, of the
            places that are not 0 and of what is there.
    """

    def __init__(self) -> None:
        """None yet."""
        self.encoded: list[dict[str, Any]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    def add(self, array: np.ndarray, kind: str = "float32") -> int:
        """The number of an array."""
        if kind == "float16" and np.abs(array).max(initial=0) > np.finfo(np.float16).max:
            kind = "float32"
        data = np.ascontiguousarray(array, np.dtype(kind).newbyteorder("<"))
        text = base64.b64encode(data.tobytes()).decode()
        encoded = {"shape": list(data.shape), "type": kind, "data": text}
        return self._numbered((kind, data.shape, text), encoded)

    def add_sparse(self, array: np.ndarray) -> int:
        """The number of an array that is mostly zero."""
        places = np.flatnonzero(array)
        kind = "uint16" if array.size <= 1 << 16 else "uint32"
        numbers = self.add(places, kind), self.add(array.ravel()[places])
        encoded = {"shape": list(array.shape), "places": numbers[0], "values": numbers[1]}
        return self._numbered(("sparse", array.shape, *numbers), encoded)

    def of(self, operation: Operation, name: str) -> int:
        """The number of one of an operation's arrays; learned matrices are kept as half precision."""
        array = operation.arrays[name]
        if name == "weights":
            return self.add_sparse(array)
        return self.add(array, "float16" if name in _COMPACT else "int32" if array.dtype.kind == "i" else "float32")

    def program(self, program: Program) -> dict[str, Any]:
        """A program, its arrays by their numbers."""
        return {
            "boundary": program.boundary,
            "operations": [
                {
                    "kind": one.kind,
                    "inputs": list(one.inputs),
                    "channels": one.channels,
                    "only": one.only,
                    "arrays": {name: self.of(one, name) for name in one.arrays},
                }
                for one in program.operations
            ],
        }

    def _numbered(self, what: tuple[Any, ...], encoded: dict[str, Any]) -> int:
        if what not in self._numbers:
            self._numbers[what] = len(self.encoded)
            self.encoded.append(encoded)
        return self._numbers[what]

"""A step as an ONNX graph: `state` and `random` in, `next_state` out, for any runtime that reads ONNX."""

from typing import Any

import numpy as np

from ffnca.errors import InputError
from ffnca.lattice import ELEMENTWISE, NEIGHBOURING, PADDING, Operation, Program

OPSET, IR_VERSION = 19, 9
"""The first with a Pad that wraps, and the format that goes with it."""
_SIMPLE = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "log": "Log",
    "absolute": "Abs",
}
_STATE, _RANDOM, _NEXT = "state", "random", "next_state"


def onnx_bytes(program: Program, title: str) -> bytes:
    """A step as the content of an .onnx file.

    Its inputs are `state` (height, width, channels) and, where the step reads it, `random` (height, width, 1), a
    uniform number from 0 to 1 in every cell, new in every step; its output is `next_state`. All are float32. Height and
    width may be any, unless the step has constants of their size.

    Args:
        program: The step.
        title: What it is called.

    Raises:
        InputError: If the package onnx is missing.
    """
    try:
        import onnx  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError("ONNX files need one more package: pip install 'ffnca[onnx]'") from error
    written = _Graph(onnx, program)
    written.write()
    sides, helper = written.sides, onnx.helper
    inputs = [(_STATE, program.operations[0].channels), *([(_RANDOM, 1)] if program.is_random else [])]
    graph = helper.make_graph(
        written.nodes,
        "step",
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [*sides, count]) for name, count in inputs],
        [helper.make_tensor_value_info(_NEXT, onnx.TensorProto.FLOAT, [*sides, program.operations[-1].channels])],
        list(written.constants.values()),
    )
    model = helper.make_model(
        graph,
        producer_name="ffnca",
        doc_string=f"One step of {title}",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Graph:
    """A graph while it is written; inside it, values are (1, channels, height, width), as convolutions need them."""

    def __init__(self, onnx: Any, program: Program) -> None:
        """Nothing but constants that many nodes need."""
        self.onnx, self.program = onnx, program
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.sides: list[int | str] = ["height", "width"]
        self.flat: set[int] = set()
        """Operations whose result is the same in all cells, and kept as (1, channels, 1, 1)."""

    def constant(self, name: str, values: Any) -> str:
        """A constant by its name."""
        self.constants[name] = self.onnx.numpy_helper.from_array(np.array(values, order="C"), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """A node by the name of its output."""
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def write(self) -> None:
        """All operations, between what brings the channels to the front and back."""
        for index, operation in enumerate(self.program.operations):
            if operation.kind in (_STATE, _RANDOM):
                if index == 0 or self.program.is_random:
                    planes = self.node("Transpose", [operation.kind], f"{operation.kind}_planes", perm=[2, 0, 1])
                    self.node("Unsqueeze", [planes, self._first_axis()], self.name(index))
            elif operation.kind == "constant":
                self._write_constant(index, operation)
            else:
                self._write(index, operation)
        last = self._whole(len(self.program.operations) - 1)
        self.node("Transpose", [self.node("Squeeze", [last, self._first_axis()], "last_planes")], _NEXT, perm=[1, 2, 0])

    def _first_axis(self) -> str:
        return self.constant("first_axis", np.array([0], np.int64))

    @staticmethod
    def name(index: int) -> str:
        """What the result of an operation is called."""
        return f"value_{index}"

    def _whole(self, index: int) -> str:
        """A value in every cell."""
        if index not in self.flat:
            return self.name(index)
        whole = f"whole_{index}"
        if not any(whole in node.output for node in self.nodes):
            if not any("cells" in node.output for node in self.nodes):
                first = self.node(
                    "Gather", [self.name(0), self.constant("first", np.array([0], np.int64))], "cell", axis=1
                )
                self.node("Shape", [first], "cells")
            self.node("Expand", [self.name(index), "cells"], whole)
        return whole

    def _write_constant(self, index: int, operation: Operation) -> None:
        values = operation.arrays["values"]
        if values.ndim == 1:
            self.flat.add(index)
            self.constant(self.name(index), values[None, :, None, None])
        else:
            self.sides = list(values.shape[:2])
            self.constant(self.name(index), np.moveaxis(values, -1, 0)[None])

    def _write(self, index: int, operation: Operation) -> None:
        name, kind = self.name(index), operation.kind
        if kind in ELEMENTWISE:
            if all(one in self.flat for one in operation.inputs):
                self.flat.add(index)
            inputs = [self.name(one) for one in operation.inputs]
            if kind == "greater":
                self.node("Cast", [self.node("Greater", inputs, f"{name}_true")], name, to=self.onnx.TensorProto.FLOAT)
            elif kind == "where":
                half = self.constant("half", np.float32(0.5))
                is_true = self.node("Greater", [inputs[0], half], f"{name}_true")
                self.node("Where", [is_true, *inputs[1:]], name)
            else:
                self.node(_SIMPLE[kind], inputs, name)
            return
        inputs = [self._whole(one) for one in operation.inputs]
        if kind in NEIGHBOURING:
            self._write_neighbouring(name, operation, inputs[0])
        elif kind == "pick":
            channels = self.constant(f"{name}_channels", np.int64(operation.arrays["channels"]))
            self.node("Gather", [*inputs, channels], name, axis=1)
        elif kind == "concatenate":
            self.node("Concat", inputs, name, axis=1)
        elif kind == "dense":
            kernel = self.constant(f"{name}_kernel", operation.arrays["kernel"].T[..., None, None])
            self.node("Conv", [*inputs, kernel, self.constant(f"{name}_bias", operation.arrays["bias"])], name)
        elif kind == "least":
            self.node("ReduceMin", [*inputs, self.constant("channel_axis", np.array([1], np.int64))], name, keepdims=1)
        elif kind == "lookup":
            table = operation.arrays["table"]
            ends = [
                self.constant(f"{name}_{end}", np.float32(at)) for end, at in (("low", 0), ("high", len(table) - 1))
            ]
            near = self.node("Clip", [self.node("Round", inputs, f"{name}_near"), *ends], f"{name}_place")
            place = self.node("Cast", [near], f"{name}_index", to=self.onnx.TensorProto.INT64)
            self.node("Gather", [self.constant(f"{name}_table", table), place], name)
        else:
            raise InputError(f"a step has the operation {kind!r}, which cannot be written as ONNX")

    def _write_neighbouring(self, name: str, operation: Operation, plane: str) -> None:
        is_maximum = operation.kind == "neighbour_maximum"
        tall, wide = (3, 3) if is_maximum else operation.arrays["weights"].shape[2:]
        pads = self.constant(f"pads_{tall}x{wide}", np.array([0, 0, tall // 2, wide // 2] * 2, np.int64))
        padded = self.node("Pad", [plane, pads], f"{name}_padded", mode=PADDING[self.program.boundary])
        if is_maximum:
            self.node("MaxPool", [padded], name, kernel_shape=[3, 3])
        else:
            self.node("Conv", [padded, self.constant(f"{name}_weights", operation.arrays["weights"])], name)

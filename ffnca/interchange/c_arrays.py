"""Arrays as C: constants that are read back to the bit, and matrices in whole numbers with scales."""

import numpy as np
from jaxtyping import Float32, Int8

_LINE = 116


def number(value: float | np.floating | np.ndarray) -> str:
    """A float32 as a C constant."""
    single = np.float32(value)
    if not np.isfinite(single):
        return "NAN" if np.isnan(single) else "-INFINITY" if single < 0 else "INFINITY"
    return f"{single!s}f"  # the shortest text that is read back to the bit


def array(name: str, kind: str, values: np.ndarray) -> str:
    """The definition of a constant array, flat.

    Args:
        name: Of the array.
        kind: Its type in C, `float` or `int8_t`.
        values: What is in it, of any shape, row by row.
    """
    texts = [number(value) if kind == "float" else str(int(value)) for value in values.ravel()]
    lines = [""]
    for text in texts:
        if len(lines[-1]) + len(text) > _LINE:
            lines.append("")
        lines[-1] += f"{text},"
    body = "\n".join(f"    {line}" for line in lines)
    return f"static const {kind} {name}[{values.size}] = {{\n{body}\n}};"


def quantised(
    kernel: Float32[np.ndarray, "input output"],
) -> tuple[Int8[np.ndarray, "input output"], Float32[np.ndarray, " scale"]]:
    """A matrix in whole numbers from -127 to 127, with a scale for each input or each output, whichever are more.

    Returns:
        Whole numbers and scales: kernel is nearly whole * scale, or whole * scale[:, None] where there are more inputs.
    """
    is_by_input = by_input(kernel)
    scale = np.abs(kernel).max(1 if is_by_input else 0) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(kernel / (scale[:, None] if is_by_input else scale)).astype(np.int8), scale


def by_input(kernel: Float32[np.ndarray, "input output"]) -> bool:
    """Whether `quantised` gives a scale for each input."""
    return kernel.shape[0] > kernel.shape[1]

"""Arrays as C: constants that are read back to the bit, and matrices in whole numbers with scales."""

import numpy as np
from jaxtyping import Float32, Int8

_LINE = 116


def number(value: float | np.floating | np.ndarray) -> str:
    """A float32 as a C constant."""
    single = np.float32(value)
    if not np.isfinite(single):
        return "NAN" if np.isnan(single) else "-INFINITY" if single < 0 else "INFINITY"
    text = f"{single:.9g}"
    return f"{text}f" if set(".e") & set(text) else f"{text}.0f"


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
) -> tuple[Int8[np.ndarray, "input output"], Float32[np.ndarray, " output"]]:
    """A matrix in whole numbers from -127 to 127 and a scale for each output, so that kernel = whole * scale."""
    scale = np.abs(kernel).max(0) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(kernel / scale).astype(np.int8), scale

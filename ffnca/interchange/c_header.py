"""A step as a C header: weights as float and as int8 with scales, and a step function in C99."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ffnca.errors import InputError, safe_line
from ffnca.interchange.c_arrays import array, by_input, number, quantised
from ffnca.lattice import ELEMENTWISE, NEIGHBOURING, Operation, Program

EXAMPLE = Path(__file__).with_name("grow.c")
"""A program that runs a header in a terminal."""
_INPUTS = 2
_BINARY = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_CALLS = {"sqrt": "sqrtf", "exp": "expf", "log": "logf", "absolute": "fabsf"}
_WRAPPED = {
    "wrap": "r = (r % {n} + {n}) % {n};",
    "zero": "if (r < 0 || r >= {n}) return -1;",
    "reflect": "r = (r % {p} + {p}) % {p}; if (r >= {n}) r = {p} - r;",
}
_PROLOGUE = """\
#ifndef FFNCA_RULE_H
#define FFNCA_RULE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
"""
_HELPERS = """\
typedef struct {{ int16_t down, across, from, to; float weight; }} ffnca_tap;

static inline int ffnca_neighbour(int row, int column) {{
    int r = row;
    {rows}
    row = r; r = column;
    {columns}
    return row * FFNCA_WIDTH + r;
}}

static inline void ffnca_convolve(const float *plane, int channels, int row, int column, const ffnca_tap *taps, int num,
                                  float *out, int num_out) {{
    int at = -1;
    for (int c = 0; c < num_out; c++) out[c] = 0;
    for (int k = 0; k < num; k++) {{
        if (k == 0 || taps[k].down != taps[k - 1].down || taps[k].across != taps[k - 1].across)
            at = ffnca_neighbour(row + taps[k].down, column + taps[k].across);
        if (at >= 0) out[taps[k].to] += taps[k].weight * plane[(size_t)at * channels + taps[k].from];
    }}
}}

static inline float ffnca_maximum(const float *plane, int channels, int channel, int row, int column) {{
    float greatest = -INFINITY;
    for (int down = -1; down <= 1; down++)
        for (int across = -1; across <= 1; across++) {{
            int at = ffnca_neighbour(row + down, column + across);
            float there = at < 0 ? 0 : plane[(size_t)at * channels + channel];
            if (there > greatest) greatest = there;
        }}
    return greatest;
}}

static inline void ffnca_dense(const float *in, int num_in, const ffnca_weight *kernel, const float *scale,
                               int scaled_by_input, const float *bias, float *out, int num_out) {{
    (void)scale;
    for (int o = 0; o < num_out; o++) out[o] = 0;
    for (int i = 0; i < num_in; i++) {{
        float scaled = scaled_by_input ? in[i] * FFNCA_SCALE(scale, i) : in[i];
        for (int o = 0; o < num_out; o++) out[o] += scaled * kernel[(size_t)i * num_out + o];
    }}
    for (int o = 0; o < num_out; o++) out[o] = (scaled_by_input ? out[o] : out[o] * FFNCA_SCALE(scale, o)) + bias[o];
}}
"""


def header(program: Program, start: Float[np.ndarray, "H W C"], title: str) -> str:
    """A step as the text of a C header.

    It defines `FFNCA_HEIGHT`, `FFNCA_WIDTH`, `FFNCA_CHANNELS`, `FFNCA_SCRATCH` and two functions: `ffnca_start(state)`
    and `ffnca_step(state, random, next, scratch)`, on arrays (height, width, channels) of float; `random` has a uniform
    number from 0 to 1 for every cell, new in every step. With `FFNCA_INT8` defined, matrices are int8.

    Args:
        program: The step.
        start: Where it starts; says for how large a grid the header is.
        title: What it is called.

    Raises:
        InputError: If it has constants of another size of grid, or an operation that C does not have.
    """
    return "\n".join(_Header(program, np.asarray(start, np.float32)).lines(title)) + "\n"


class _Header:
    """A header while it is written.

    A step is a few passes over the grid. Everything that reads neighbours is in a later pass than what it reads, and
    what is read in a later pass is kept in a plane of its own.
    """

    def __init__(self, program: Program, start: Float[np.ndarray, "H W C"]) -> None:
        self.program, self.start = program, start
        self.operations = program.operations
        self.passes = self._in_passes()
        self.kept = self._that_are_kept()

    def _in_passes(self) -> list[int]:
        """The pass in which each operation is done; -1 for inputs, constants and parts of inputs."""
        passes = [-1, -1]
        for operation in self.operations[_INPUTS:]:
            reads = [passes[index] for index in operation.reads]
            if operation.kind in NEIGHBOURING:
                if self.operations[operation.inputs[0]].kind == "constant":
                    raise InputError("a step reads neighbours of a constant, which cannot be written as C")
                passes.append(max(passes[operation.inputs[0]] + 1, *reads))
            elif operation.kind == "constant":
                passes.append(-1)
            else:
                is_part = operation.kind == "pick" and self.operations[operation.inputs[0]].kind != "constant"
                passes.append(max(reads) if is_part else max(0, *reads))
        last = len(passes) - 1
        passes[last] = max(passes[last], 0)
        return passes

    def _source(self, index: int) -> tuple[int, list[int]]:
        """The operation whose plane holds a value, and the channels of the value in it."""
        operation = self.operations[index]
        if operation.kind != "pick" or self.operations[operation.inputs[0]].kind == "constant":
            return index, list(range(operation.channels))
        source, channels = self._source(operation.inputs[0])
        return source, [channels[channel] for channel in operation.arrays["channels"]]

    def _that_are_kept(self) -> list[int]:
        """Operations whose results are read by neighbours or in a later pass."""
        kept = set()
        for index, operation in enumerate(self.operations):
            for read in operation.reads:
                source = self._source(read)[0]
                later = self.passes[source] < self.passes[index] or operation.kind in NEIGHBOURING
                if later and self.passes[source] >= 0:
                    kept.add(source)
        return sorted(kept - {len(self.operations) - 1})

    def lines(self, title: str) -> Iterator[str]:
        """The whole text."""
        height, width, channels = self.start.shape
        floats = sum(self.operations[index].channels for index in self.kept) * height * width
        shown = " ".join(re.sub(r"[^A-Za-z0-9 .,:()_-]", "", safe_line(title)).split())
        yield f"// One step of a cellular automaton: {shown}. Written by ffnca."
        yield "// state and next: float [height][width][channels]; random: float [height][width], uniform from 0 to 1."
        yield _PROLOGUE
        yield f"#define FFNCA_HEIGHT {height}\n#define FFNCA_WIDTH {width}\n#define FFNCA_CHANNELS {channels}"
        yield f"#define FFNCA_SCRATCH {max(1, floats)}  // floats of scratch that a step needs"
        yield "\n#ifdef FFNCA_INT8\ntypedef int8_t ffnca_weight;\n#define FFNCA_SCALE(scale, o) (scale)[o]\n#else"
        yield "typedef float ffnca_weight;\n#define FFNCA_SCALE(scale, o) 1.0f\n#endif\n"
        wrapped = _WRAPPED[self.program.boundary]
        rows, columns = (wrapped.format(n=n, p=max(1, 2 * n - 2)) for n in (height, width))
        yield _HELPERS.format(rows=rows, columns=columns)
        for index, operation in enumerate(self.operations):
            yield from self._constants(index, operation)
        yield from self._start()
        yield from self._step()
        yield "\n#endif"

    def _constants(self, index: int, operation: Operation) -> Iterator[str]:
        arrays = operation.arrays
        if operation.kind == "constant":
            values = arrays["values"]
            if values.ndim > 1 and values.shape[:2] != self.start.shape[:2]:
                raise InputError(f"a step has constants for {values.shape[:2]} cells; allowed: its own grid")
            yield array(f"ffnca_c{index}", "float", values)
        elif operation.kind == "dense":
            whole, scale = quantised(arrays["kernel"])
            yield "#ifdef FFNCA_INT8"
            yield array(f"ffnca_k{index}", "int8_t", whole)
            yield "#else"
            yield array(f"ffnca_k{index}", "float", arrays["kernel"])
            yield "#endif"
            yield array(f"ffnca_s{index}", "float", scale)
            yield array(f"ffnca_b{index}", "float", arrays["bias"])
        elif operation.kind == "lookup":
            yield array(f"ffnca_t{index}", "float", arrays["table"])
        elif operation.kind == "convolve":
            weights, channels = arrays["weights"], self._source(operation.inputs[0])[1]
            middle = weights.shape[2] // 2, weights.shape[3] // 2
            taps = []
            for row, column in np.ndindex(*weights.shape[2:]):
                for to, came in np.argwhere(weights[:, :, row, column]):
                    numbers = row - middle[0], column - middle[1], channels[came], to
                    taps.append(f"{{{', '.join(map(str, numbers))}, {number(weights[to, came, row, column])}}}")
            yield f"static const ffnca_tap ffnca_w{index}[] = {{"
            yield from (f"    {', '.join(taps[at : at + 4])}," for at in range(0, len(taps), 4))
            yield "    {0, 0, 0, 0, 0.0f}};  // the last is not used"
            yield f"enum {{ ffnca_n{index} = {len(taps)} }};\n"

    def _start(self) -> Iterator[str]:
        places = np.flatnonzero(self.start)
        cells = [f"{{{place}, {number(self.start.flat[place])}}}" for place in places]
        yield "static const struct { uint32_t at; float value; } ffnca_first[] = {"
        yield from (f"    {', '.join(cells[at : at + 6])}," for at in range(0, len(cells), 6))
        yield "    {0, 0.0f}};  // the last is not used\n"
        yield "static inline void ffnca_start(float *state) {"
        yield "    memset(state, 0, sizeof(float) * FFNCA_HEIGHT * FFNCA_WIDTH * FFNCA_CHANNELS);"
        yield f"    for (int k = 0; k < {len(cells)}; k++) state[ffnca_first[k].at] = ffnca_first[k].value;"
        yield "}\n"

    def _step(self) -> Iterator[str]:
        yield ("static inline void ffnca_step(const float *state, const float *random, float *next, float *scratch) {")
        yield "    (void)state; (void)random; (void)scratch;"
        at = 0
        for index in self.kept:
            yield f"    float *const plane{index} = scratch + {at};"
            at += self.operations[index].channels * self.start.shape[0] * self.start.shape[1]
        for number_of_pass in range(max(self.passes) + 1):
            yield "    for (int row = 0; row < FFNCA_HEIGHT; row++)"
            yield "        for (int column = 0; column < FFNCA_WIDTH; column++) {"
            yield "            const size_t cell = (size_t)row * FFNCA_WIDTH + column;"
            yield from (f"            {line}" for line in self._pass(number_of_pass))
            yield "        }"
        yield "}"

    def _pass(self, number_of_pass: int) -> Iterator[str]:
        """What is done in one cell in one pass."""
        read = {one for index in range(len(self.operations)) for one in self._cell_reads(index)}
        read |= {*self.kept, len(self.operations) - 1}  # others are read by neighbours alone, in the plane they are of
        mine = [index for index, one in enumerate(self.passes) if one == number_of_pass and index in read]
        needed = sorted({read for index in mine for read in self._cell_reads(index)} - set(mine))
        for index in needed:
            yield from self._declared(index, number_of_pass)
        for index in mine:
            yield f"{self._place(index)}; (void)v{index};"  # a compiler that unrolls loops may find it unused
        condition = None
        for index in mine:
            only = self.operations[index].only
            if only != condition:
                yield from ["}"] * (condition is not None)
                yield from [f"if (v{only}[0] > 0.5f) {{"] * (only is not None)
                condition = only
            yield from (f"{'    ' * (only is not None)}{line}" for line in self._done(index))
        yield from ["}"] * (condition is not None)

    def _cell_reads(self, index: int) -> list[int]:
        """What an operation reads in its own cell."""
        operation = self.operations[index]
        own = () if operation.kind in NEIGHBOURING else operation.inputs
        return [read for read in (*own, operation.only) if read is not None]

    def _place(self, index: int) -> str:
        """Where the result of an operation goes."""
        channels = self.operations[index].channels
        if index == len(self.operations) - 1:
            return f"float *const v{index} = next + cell * {channels}"
        if index in self.kept:
            return f"float *const v{index} = plane{index} + cell * {channels}"
        return f"float v{index}[{channels}]"

    def _declared(self, index: int, number_of_pass: int) -> Iterator[str]:
        """A value of an earlier pass."""
        operation, channels = self.operations[index], self.operations[index].channels
        if operation.kind == "constant":
            per_cell = f" + cell * {channels}" if operation.arrays["values"].ndim > 1 else ""
            yield f"const float *const v{index} = ffnca_c{index}{per_cell};"
        elif operation.kind == "pick":
            source, picked = self._source(index)
            plane, stride = self._plane(source)
            values = ", ".join(f"{plane}[cell * {stride} + {channel}]" for channel in picked)
            yield f"const float v{index}[{channels}] = {{{values}}};"
        else:
            plane, stride = self._plane(index)
            yield f"const float *const v{index} = {plane} + cell * {stride};"

    def _plane(self, index: int) -> tuple[str, int]:
        kind = self.operations[index].kind
        return (kind if kind in ("state", "random") else f"plane{index}"), self.operations[index].channels

    def _done(self, index: int) -> Iterator[str]:
        """The code of an operation in one cell."""
        operation = self.operations[index]
        kind, channels, arrays, inputs = operation.kind, operation.channels, operation.arrays, operation.inputs
        out = f"v{index}"
        if kind in ELEMENTWISE:
            each = [f"v{one}[{'c' if self.operations[one].channels > 1 else '0'}]" for one in inputs]
            yield f"for (int c = 0; c < {channels}; c++) {out}[c] = {_expression(kind, each)};"
        elif kind == "pick":
            yield " ".join(f"{out}[{to}] = v{inputs[0]}[{came}];" for to, came in enumerate(arrays["channels"]))
        elif kind == "concatenate":
            at = 0
            for one in inputs:
                count = self.operations[one].channels
                yield f"memcpy({out} + {at}, v{one}, sizeof(float) * {count});"
                at += count
        elif kind == "dense":
            sizes = self.operations[inputs[0]].channels, channels
            weights = f"ffnca_k{index}, ffnca_s{index}, {int(by_input(arrays['kernel']))}, ffnca_b{index}"
            yield f"ffnca_dense(v{inputs[0]}, {sizes[0]}, {weights}, {out}, {sizes[1]});"
        elif kind == "least":
            count = self.operations[inputs[0]].channels
            yield f"{out}[0] = v{inputs[0]}[0];"
            least = f"v{inputs[0]}[c] < {out}[0]"
            yield f"for (int c = 1; c < {count}; c++) if ({least}) {out}[0] = v{inputs[0]}[c];"
        elif kind == "lookup":
            last = len(arrays["table"]) - 1
            near = f"rintf(fminf(fmaxf(v{inputs[0]}[c], 0.0f), {last}.0f))"
            yield f"for (int c = 0; c < {channels}; c++) {out}[c] = ffnca_t{index}[(int){near}];"
        elif kind in NEIGHBOURING:
            source, picked = self._source(inputs[0])
            plane, stride = self._plane(source)
            if kind == "convolve":
                taps = f"ffnca_w{index}, ffnca_n{index}"
                yield f"ffnca_convolve({plane}, {stride}, row, column, {taps}, {out}, {channels});"
            else:
                for to, channel in enumerate(picked):
                    yield f"{out}[{to}] = ffnca_maximum({plane}, {stride}, {channel}, row, column);"
        else:
            raise InputError(f"a step has the operation {kind!r}, which cannot be written as C")


def _expression(kind: str, each: list[str]) -> str:
    """An operation on single numbers."""
    if kind in _BINARY:
        return f"{each[0]} {_BINARY[kind]} {each[1]}"
    if kind in _CALLS:
        return f"{_CALLS[kind]}({each[0]})"
    if kind == "where":
        return f"{each[0]} > 0.5f ? {each[1]} : {each[2]}"
    if kind == "greater":
        return f"{each[0]} > {each[1]} ? 1.0f : 0.0f"
    sign = {"maximum": ">", "minimum": "<"}[kind]
    return f"{each[0]} {sign} {each[1]} ? {each[0]} : {each[1]}"

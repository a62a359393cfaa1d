"""A step written as ONNX or as C computes what its description computes in NumPy."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import Automaton, rollout, step_program
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.lenia import Lenia
from ffnca.automata.lenia_growth import ring_kernel
from ffnca.automata.life import Life
from ffnca.automata.nca import NCA
from ffnca.automata.walled import Walled
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.grid.transport import Code
from ffnca.interchange.c_arrays import by_input, number, quantised
from ffnca.interchange.c_header import EXAMPLE, header
from ffnca.interchange.onnx_graph import onnx_bytes
from ffnca.lattice import Lattice, Program
from ffnca.opening import make
from ffnca.perceptions import PERCEPTIONS, perception_size

COMPILER = shutil.which("cc") or shutil.which("gcc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler is here")
SIZE, CHANNELS, STEPS = (11, 9), 9, 3


def _filled(rule, seed: int):
    """The rule with random numbers for all its parameters."""
    leaves, form = jax.tree.flatten(rule)
    generator = np.random.default_rng(seed)
    return jax.tree.unflatten(form, [jnp.asarray(generator.normal(0, 0.2, leaf.shape), leaf.dtype) for leaf in leaves])


def _ascent(names: tuple[str, ...]) -> NCA:
    rule = _filled(AscentLayer(perception_size(names, CHANNELS), CHANNELS, 12, key=jax.random.key(0)), 1)
    return NCA(rule, perception=names, boundary="wrap", code=Code.along_axes((0.3,), 1.8)).turned(30.0)


def _layered() -> NCA:
    rule = LayeredRule.drawn(3 * CHANNELS, (20, 5), CHANNELS, key=jax.random.key(0), proposes="delta")
    return NCA(_filled(rule, 2), perception=("identity", "sobel"), state_limit=np.inf, boundary="zero")


def _lenia(radius: int, growth: str, boundary) -> Lenia:
    kernel = ring_kernel(radius, (1.0, 0.5), "exponential")
    return Lenia.of(kernel, centre=0.2, width=0.05, time_step=0.1, growth=growth, boundary=boundary)


CASES: dict[str, Callable[[], Automaton]] = {
    "ascent, all perceptions, turned": lambda: _ascent(tuple(PERCEPTIONS)),
    "layered, no limit": _layered,
    "life on a torus": lambda: Life.from_notation("B36/S23"),
    "life in a mirror": lambda: Life.from_notation("B3/S23", boundary="reflect"),
    "life with walls": lambda: Walled(Life.from_notation("B3/S23"), jnp.arange(99).reshape(SIZE) % 5 == 0),
    "lenia": lambda: _lenia(3, "polynomial", "zero"),
    "lenia wider than its grid": lambda: _lenia(12, "exponential", "wrap"),
}


@cache
def case(name: str) -> tuple[Program, np.ndarray]:
    """The step of an automaton, and a state."""
    automaton, generator = CASES[name](), np.random.default_rng(3)
    if isinstance(automaton, NCA):
        state = generator.normal(0, 0.5, (*SIZE, CHANNELS))
        state[:5, :5] = 0
    else:
        state = generator.random((*SIZE, 1))
        state = state if isinstance(automaton, Lenia) else state < 0.4
    state = np.asarray(state, np.float32)
    return step_program(automaton, state.shape[-1]), state


def noise(seed: int, step: int) -> np.ndarray:
    """The random numbers of the example program."""
    num = SIZE[0] * SIZE[1]
    x = np.uint32(seed * 2654435761 % 2**32) ^ (np.uint32(step * num) + np.arange(num, dtype=np.uint32))
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return (x >> np.uint32(8)).astype(np.float32).reshape(*SIZE, 1) / np.float32(2**24)


def run(program: Program, state: np.ndarray, seed: int) -> np.ndarray:
    for step in range(STEPS):
        state = program.run(state, noise(seed, step))
    return state


@pytest.mark.parametrize("name", CASES)
def test_onnx(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    program, state = case(name)
    session = onnxruntime.InferenceSession(onnx_bytes(program, name))
    wanted = ["state", "random"] if program.is_random else ["state"]
    assert [one.name for one in session.get_inputs()] == wanted
    found = state
    for step in range(STEPS):
        inputs = {"state": found, "random": noise(1, step)}
        (found,) = session.run(["next_state"], {key: inputs[key] for key in wanted})
    assert np.abs(found - state).max() > 0.05
    np.testing.assert_allclose(found, run(program, state, 1), atol=1e-5)


def test_onnx_equals_a_rollout(ffnca, tmp_path: Path) -> None:
    """The shipped lizard, with the cells fired that the rollout fires."""
    onnxruntime = pytest.importorskip("onnxruntime")
    code, out, err = ffnca("export", "lizard", "lizard.onnx")
    assert (code, err) == (0, "")
    assert "state and random in" in out
    session = onnxruntime.InferenceSession(str(tmp_path / "lizard.onnx"))
    simulation = make("lizard", (60, 50))
    state, key = np.asarray(simulation.start), jax.random.key(5)
    for step in range(12):
        fire = simulation.automaton.fire(state.shape[:2], jax.random.fold_in(key, step))
        random = np.where(np.asarray(fire), 0, 1).astype(np.float32)[..., None]
        (state,) = session.run(None, {"state": state, "random": random})
    wanted = rollout(simulation.automaton, simulation.start, 12, key=key)
    assert np.count_nonzero(state[..., 3]) > 50
    np.testing.assert_allclose(state, wanted, atol=1e-4)


def test_onnx_is_the_same_in_every_file_and_may_be_missing(ffnca, tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("onnx")
    program, _ = case("life on a torus")
    assert onnx_bytes(program, "Life") == onnx_bytes(program, "Life")
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, out, err = ffnca("export", "life", "life.onnx")
    assert (code, out) == (2, "")
    assert "ffnca[onnx]" in err
    assert not list(tmp_path.iterdir())


def compiled(folder: Path, *flags: str) -> Path:
    """The example program with the header in a folder."""
    assert COMPILER is not None
    strict = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-maybe-uninitialized"]
    words = [COMPILER, *strict, *flags, "-I", str(folder), str(EXAMPLE), "-o", str(folder / "grow"), "-lm"]
    subprocess.run(words, check=True)
    return folder / "grow"


def grown(folder: Path, steps: int, seed: int, shape: tuple[int, ...], *flags: str) -> np.ndarray:
    subprocess.run([compiled(folder, *flags), str(steps), str(seed), str(folder / "last.bin")], check=True)
    return np.fromfile(folder / "last.bin", np.float32).reshape(shape)


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_c(name: str, tmp_path: Path) -> None:
    program, state = case(name)
    (tmp_path / "rule.h").write_text(header(program, state, name), encoding="ascii")
    found = grown(tmp_path, STEPS, 7, state.shape)
    assert np.abs(found - state).max() > 0.05
    np.testing.assert_allclose(found, run(program, state, 7), atol=1e-5)


@needs_compiler
def test_c_with_weights_of_8_bits(tmp_path: Path) -> None:
    """The same as the description with its matrices rounded."""
    program, state = case("layered, no limit")
    rounded = []
    for operation in program.operations:
        if operation.kind == "dense":
            kernel = operation.arrays["kernel"]
            whole, scale = quantised(kernel)
            again = whole * (scale[:, None] if by_input(kernel) else scale)
            assert 0 < np.abs(again - kernel).max() <= scale.max() * 0.501
            operation = replace(operation, arrays={**operation.arrays, "kernel": again})
        rounded.append(operation)
    wanted = run(Program(tuple(rounded), program.boundary), state, 7)
    assert np.abs(wanted - run(program, state, 7)).max() > 1e-4
    (tmp_path / "rule.h").write_text(header(program, state, "layered"), encoding="ascii")
    np.testing.assert_allclose(grown(tmp_path, STEPS, 7, state.shape, "-DFFNCA_INT8"), wanted, atol=1e-5)


@needs_compiler
def test_the_lizard_grows_in_c(ffnca, tmp_path: Path) -> None:
    """By the command that the export prints; with weights of 8 bits nearly as well. In a terminal it is drawn."""
    code, out, err = ffnca("export", "lizard", "rule.h")
    assert (code, err) == (0, "")
    assert str(EXAMPLE) in out
    simulation = make("lizard")
    for flags, most in (((), 0.002), (("-DFFNCA_INT8",), 0.01)):
        found = grown(tmp_path, 200, 0, simulation.start.shape, "-O2", *flags)
        error = simulation.relative_mse(jnp.asarray(found))
        assert error is not None
        assert error < most
    shown = subprocess.run([tmp_path / "grow", "2"], check=True, capture_output=True).stdout.decode()
    assert shown.count("▀") == 2 * simulation.start.shape[0] // 2 * simulation.start.shape[1]
    assert shown.endswith("step 2\n")


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 100


def test_a_title_stays_in_its_comment() -> None:
    program, state = case("life on a torus")
    text = header(program, state, "*/ int evil; /*\\\n??/\n#include <evil> é")
    assert text.splitlines()[0] == "// One step of a cellular automaton: int evil include evil. Written by ffnca."


def test_numbers_of_c_are_read_back_to_the_bit() -> None:
    values = np.random.default_rng(0).normal(size=200).astype(np.float32) ** 9
    assert all(np.float32(number(value).removesuffix("f")) == value for value in values)
    assert [number(value) for value in (1.0, -np.inf, np.inf, 1e30)] == ["1.0f", "-INFINITY", "INFINITY", "1e+30f"]


@pytest.mark.parametrize(
    "write", [lambda program: onnx_bytes(program, "x"), lambda p: header(p, np.ones((8, 8, 1)), "x")]
)
def test_constants_and_parts_of_them_are_written(write) -> None:
    """Channels picked from constants, joined with the state, read by neighbours of none."""
    pytest.importorskip("onnx")
    lattice = Lattice(1, "wrap")
    joined = lattice.concatenate([lattice.state, lattice.constant([1.0, 2.0])[1:], lattice.constant(3.0) * 2.0])
    assert write(lattice.program(joined.sum()))


def test_what_c_does_not_have_is_refused() -> None:
    lattice = Lattice(1, "wrap")
    blurred = lattice.constant(np.ones((8, 8, 1))).convolve(np.ones((1, 1, 3, 3)))
    with pytest.raises(InputError, match="neighbours of a constant"):
        header(lattice.program(lattice.state + blurred), np.ones((8, 8, 1)), "x")
    walled = lattice.program(lattice.state * np.ones((5, 5, 1)))
    with pytest.raises(InputError, match="its own grid"):
        header(walled, np.ones((8, 8, 1)), "x")


@pytest.mark.parametrize(
    "words",
    [["--steps", "5"], ["--story"], ["--wound", "5"], ["--scale", "2"], ["--poster", "a.png"], ["--detail", "8"]],
)
@pytest.mark.parametrize("out", ["rule.h", "rule.onnx"])
def test_a_step_has_no_length_and_no_looks(ffnca, out: str, words: list[str]) -> None:
    code, said, err = ffnca("export", "life", out, *words)
    assert (code, said) == (2, "")
    assert "holds a rule and no frames" in err

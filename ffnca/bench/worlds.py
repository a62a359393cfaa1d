"""Life and Lenia: beside the same in NumPy, and beside CAX where that is installed.

Reference:
    CAX: Faldor and Cully (2024), "CAX: Cellular Automata Accelerated in JAX", arXiv:2410.02651.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Complex, Float

from ffnca.automata.base import rollout
from ffnca.automata.lenia import Lenia
from ffnca.automata.lenia_growth import ring_kernel
from ffnca.automata.life import Life
from ffnca.bench.row import Pair, Row, timed

CENTRE, WIDTH, TIME_STEP = 0.15, 0.015, 0.1


@dataclass(frozen=True)
class _Sizes:
    """How large the worlds are, and how many steps a call makes.

    Attributes:
        life: Cells a side.
        lenia: Cells a side.
        radius: Of Lenia's kernel.
        steps: Of ours and of CAX in a call; beginning and ending are spread over them.
        numpy_steps: Of NumPy in a call.
        repeats: Of the call.
    """

    life: int = 2048
    lenia: int = 128
    radius: int = 13
    steps: int = 50
    numpy_steps: int = 2
    repeats: int = 9


QUICK = _Sizes(life=64, lenia=32, radius=5, steps=4, repeats=3)


def world_rows(quick: bool) -> tuple[list[Row], list[str]]:
    """Rows of Life and of Lenia, and a line if CAX is not there."""
    sizes = QUICK if quick else _Sizes()
    life = f"Life, {sizes.life}x{sizes.life}"
    lenia = f"Lenia, R = {sizes.radius}, {sizes.lenia}x{sizes.lenia}"
    rows = [
        Row(life, "NumPy", partial(_life, sizes), sizes.repeats),
        Row(lenia, "NumPy, by its Fourier transform", partial(_lenia, sizes), sizes.repeats),
    ]
    cax = cax_version()
    if cax is None:
        return rows, ["cax is not installed: no row beside it"]
    beside = ((life, _life, _cax_life), (lenia, _lenia, _cax_lenia))
    return [
        *rows,
        *(
            Row(f"{name}, beside CAX", f"CAX {cax}", partial(_beside_cax, ours, theirs, sizes), sizes.repeats)
            for name, ours, theirs in beside
        ),
    ], []


def cax_version() -> str | None:
    """Which CAX is installed here, if one is."""
    try:
        return version("cax")
    except PackageNotFoundError:
        return None


def _soup(side: int) -> Bool[np.ndarray, "H W"]:
    return np.random.default_rng(0).random((side, side)) < 0.5


def _levels(side: int) -> Float[np.ndarray, "H W"]:
    return np.random.default_rng(0).random((side, side), np.float32)


def life_by_numpy(cells: Bool[np.ndarray, "H W"], num_steps: int) -> Bool[np.ndarray, "H W"]:
    """So many generations of B3/S23 on a torus."""
    for _ in range(num_steps):
        around = np.pad(cells.view(np.uint8), 1, mode="wrap")
        rows = around[:-2] + around[1:-1] + around[2:]
        count = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]  # the cell itself among them
        cells = (count == 3) | (cells & (count == 4))
    return cells


def lenia_by_numpy(
    levels: Float[np.ndarray, "H W"], spectrum: Complex[np.ndarray, "H W_half"], num_steps: int
) -> Float[np.ndarray, "H W"]:
    """So many steps of Lenia on a torus, given the transform of its kernel."""
    for _ in range(num_steps):
        seen = np.fft.irfft2(np.fft.rfft2(levels) * spectrum, levels.shape)
        growth = 2 * np.exp(-0.5 * np.square((seen - CENTRE) / WIDTH)) - 1
        levels = np.clip(levels + np.float32(TIME_STEP) * growth, 0, 1)
    return levels


def spectrum_of(kernel: Float[np.ndarray, "side side"], size: int) -> Complex[np.ndarray, "H W_half"]:
    """The transform of a kernel laid around the first cell of a torus."""
    laid = np.zeros((size, size), np.float32)
    laid[: kernel.shape[0], : kernel.shape[1]] = kernel
    middle = kernel.shape[0] // 2
    return np.fft.rfft2(np.roll(laid, (-middle, -middle), (0, 1)))


def lenia_of(radius: int, size: int) -> Lenia:
    """Lenia of one exponential ring, by Fourier transform."""
    kernel = ring_kernel(radius, (1.0,), "exponential")
    shape = {"centre": CENTRE, "width": WIDTH, "time_step": TIME_STEP, "growth": "exponential"}
    return Lenia.of(kernel, fourier_size=(size, size), **shape)


def _life(sizes: _Sizes) -> Pair:
    automaton, cells, key = Life.from_notation("B3/S23"), _soup(sizes.life), jax.random.key(0)
    state = jnp.asarray(cells, jnp.float32)[..., None]
    return Pair(
        timed(lambda: rollout(automaton, state, sizes.steps, key=key), sizes.steps),
        timed(lambda: life_by_numpy(cells, sizes.numpy_steps), sizes.numpy_steps),
    )


def _lenia(sizes: _Sizes) -> Pair:
    automaton, levels, key = lenia_of(sizes.radius, sizes.lenia), _levels(sizes.lenia), jax.random.key(0)
    state = jnp.asarray(levels)[..., None]
    spectrum = spectrum_of(np.asarray(automaton.growth.kernels)[0], sizes.lenia)
    return Pair(
        timed(lambda: rollout(automaton, state, sizes.steps, key=key), sizes.steps),
        timed(lambda: lenia_by_numpy(levels, spectrum, sizes.numpy_steps), sizes.numpy_steps),
    )


def _beside_cax(ours: Callable[[_Sizes], Pair], theirs: Callable[[_Sizes], Callable[[], Any]], sizes: _Sizes) -> Pair:
    return Pair(ours(sizes).ours, timed(theirs(sizes), sizes.steps))


def _cax_life(sizes: _Sizes) -> Callable[[], Any]:
    from cax.cs.life import Life as Theirs  # pyright: ignore[reportMissingImports]

    birth, survival = Theirs.birth_survival_from_string("B3/S23")
    system = Theirs(birth=birth, survival=survival, **_seeded())
    state = jnp.asarray(_soup(sizes.life), jnp.float32)[..., None]
    return lambda: system(state, num_steps=sizes.steps)


def _cax_lenia(sizes: _Sizes) -> Callable[[], Any]:
    from cax.cs import lenia as theirs  # pyright: ignore[reportMissingImports]

    prefix = "" if _seeded() else "Lenia"
    kernel_params, growth_params = (getattr(theirs, f"{prefix}{name}Params") for name in ("Kernel", "Growth"))
    rule = theirs.LeniaRuleParams(
        channel_source=jnp.array([0]),
        channel_target=jnp.array([0]),
        weight=jnp.array([1.0]),
        kernel_params=kernel_params(jnp.array([1.0]), jnp.array([[1.0]])),
        growth_params=growth_params(jnp.array([CENTRE]), jnp.array([WIDTH])),
    )
    system = theirs.Lenia(
        spatial_dims=(sizes.lenia, sizes.lenia),
        channel_size=1,
        R=sizes.radius,
        T=round(1 / TIME_STEP),
        kernel_fn=theirs.exponential_kernel_fn,
        rule_params=rule,
    )
    state = jnp.asarray(_levels(sizes.lenia))[..., None]
    return lambda: system(state, num_steps=sizes.steps)


def _seeded() -> dict[str, Any]:
    """What systems of CAX 0.3 want besides; nothing later."""
    from flax import nnx

    return {"rngs": nnx.Rngs(0)} if (cax_version() or "").startswith("0.3") else {}

"""A picture finer than the grid: a decoder that draws the colour of any point from the living cells around it."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.automata.layered_rule import UpdateLayer
from ffnca.errors import InputError
from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.layer import FFLayer
from ffnca.ff.standardise import Standardiser
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.kernels import alive_mask
from ffnca.systems.growth.position_code import wave_numbers

COLOURS = 4
"""Channels of the state that are premultiplied RGBA, and what is drawn."""
CHUNK = 64
"""Cells drawn in one matrix product. Only cells with a living one among their neighbours are computed."""
_EDGE = 0.25
"""Share of living cells at a point, bilinearly, under which its picture fades: the least that the square of a living
cell has, so that nothing of a whole body fades."""
_STEPS = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)], np.float32)
_EPSILON = 1e-6
_FAINTEST = 1e-4  # square of the length under which a wave has no phase to speak of


class CodeLayout(NamedTuple):
    """How a body's states say where a cell is; hashable, fixed in compiled code.

    Attributes:
        waves: Radians a cell of each wave of the position code.
        identity: Channels after it that say which body it is.
        boundary: What lies beyond the edge of the grid.
        alive_threshold: Alpha above which a cell lives.
    """

    waves: tuple[float, ...]
    identity: int
    boundary: Boundary
    alive_threshold: float

    @classmethod
    def of(
        cls, half_width: float, channels: int, identity: int, boundary: Boundary, alive_threshold: float
    ) -> "CodeLayout":
        """Of a body half of whose longer side is so many cells, in states of so many channels.

        Raises:
            InputError: If these are too few for a wave.
        """
        if channels < 2 * COLOURS + identity:
            need = f"allowed with a decoder: {2 * COLOURS + identity} or more, to say where a cell is"
            raise InputError(f"rule.channels = {channels}; {need}")
        waves = wave_numbers(channels - COLOURS - identity, half_width)
        return cls(waves, identity, boundary, alive_threshold)

    @property
    def num_features(self) -> int:
        """Numbers that are known of a point, see `features`."""
        count = len(self.waves)
        return COLOURS + self.identity + 4 * (count + min(count, 2) + 2)


class Decoder(nnx.Module):
    """Layers on what is known of a point, each of which also reads that itself, and a colour on top."""

    def __init__(self, standardiser: Standardiser, layers: list[FFLayer], head: UpdateLayer) -> None:
        """Stack the layers; the head gives premultiplied RGBA."""
        self.mean, self.scale = nnx.Param(standardiser.mean), nnx.Param(standardiser.scale)
        self.layers = nnx.List(layers)
        self.head = head

    @classmethod
    def blank(cls, num_features: int, hidden: tuple[int, ...], *, key: PRNGKeyArray) -> "Decoder":
        """A decoder of this shape, not trained."""
        reads = inputs_of(num_features, hidden)
        layers = [
            FFLayer(size, width, key=layer_key, calibration=MAGNITUDE)
            for size, width, layer_key in zip(reads, hidden, jax.random.split(key, len(hidden)), strict=True)
        ]
        plain = Standardiser(jnp.zeros(num_features), jnp.ones(num_features))
        return cls(plain, layers, UpdateLayer(hidden[-1], COLOURS, reads[-1]))

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the layers."""
        return tuple(layer.bias.shape[0] for layer in self.layers)

    @property
    def num_parameters(self) -> int:
        """Of all layers."""
        return sum(leaf.size for leaf in jax.tree.leaves(self))

    def __call__(self, known: Float[Array, "*batch feature"]) -> Float[Array, "*batch 4"]:
        """Premultiplied RGBA in 0..1."""
        first = Standardiser(self.mean[...], self.scale[...])(known.reshape(-1, known.shape[-1]))
        inputs = activity = first
        for number, layer in enumerate(self.layers):
            inputs = jnp.concatenate([activity, first], -1) if number else first
            activity = layer(inputs)
        drawn = self.head(activity, inputs)
        alpha = jnp.clip(drawn[..., 3:], 0, 1)
        colour = jnp.concatenate([jnp.clip(drawn[..., :3], 0, alpha), alpha], -1)
        return colour.reshape(*known.shape[:-1], COLOURS)


def inputs_of(num_features: int, hidden: tuple[int, ...]) -> tuple[int, ...]:
    """How many numbers each layer reads: the features, and the activity of the layer before."""
    return (num_features, *(width + num_features for width in hidden[:-1]))


def features(
    patch: Float[Array, "cell 9 C"],
    offset: Float[Array, "#cell point 2"],
    direction: Float[Array, "2"],
    code: CodeLayout,
) -> tuple[Float[Array, "cell point feature"], Float[Array, "cell point"]]:
    """What is known of points near cells, from the living cells around them alone.

    Every living cell says by its own position code where a point beside it lies, since a wave that is shifted by a
    known distance is a product of two known ones. The means over the four cells around the point are bilinear.

    Args:
        patch: States of the 3x3 cells around each cell.
        offset: Row and column of points from the middle of their cell, -0.5 to 0.5 cells.
        direction: Cosine and sine of the angle by which the body is turned.
        code: What the channels mean.

    Returns:
        Colour, identity, the waves, some of their harmonics and products; and the share of what lives around a point.
    """
    alive = (patch[..., 3] > code.alive_threshold).astype(patch.dtype)
    count = len(code.waves)
    place = patch[..., COLOURS : COLOURS + 4 * count].reshape(*patch.shape[:-1], count, 2, 2)  # frequency, axis
    wave = jax.lax.complex(place[..., 1], place[..., 0]) * _shifts(-jnp.asarray(_STEPS)[None], direction, code)
    plain = jnp.concatenate([patch[..., :COLOURS], patch[..., patch.shape[-1] - code.identity :]], -1)
    parts = [jnp.ones_like(plain[..., :1]), plain, *(part.reshape(*alive.shape, -1) for part in (wave.real, wave.imag))]
    nearness = jnp.prod(jnp.maximum(1 - jnp.abs(offset[..., None, :] - _STEPS[None, None]), 0), -1)
    mixed = nearness @ (alive[..., None] * jnp.concatenate(parts, -1))
    share = mixed[..., 0]
    mean = mixed[..., 1:] / jnp.maximum(share[..., None], _EPSILON)
    plain, real, imaginary = jnp.split(mean, [plain.shape[-1], plain.shape[-1] + 2 * count], -1)
    wave = jax.lax.complex(real, imaginary).reshape(*share.shape, count, 2) * _shifts(offset, direction, code)
    wave = wave / jnp.sqrt(jnp.square(wave.real) + jnp.square(wave.imag) + _FAINTEST)
    finest = wave[..., -1, :]
    across, down = finest[..., 0], finest[..., 1]
    crossed = jnp.stack([across * down, across * jnp.conj(down)], -1)
    waves = [wave, jnp.square(wave[..., -2:, :]), jnp.square(jnp.square(finest)), crossed]
    flat = jnp.concatenate([one.reshape(*share.shape, -1) for one in waves], -1)
    return jnp.concatenate([plain, flat.real, flat.imag], -1), share


def _shifts(
    offset: Float[Array, "*batch 2"], direction: Float[Array, "2"], code: CodeLayout
) -> Float[Array, "*batch frequency 2"]:
    """How far each wave goes on, along x and along y of the body, over these rows and columns: unit complex numbers."""
    down, across = offset[..., 0], offset[..., 1]
    cosine, sine = direction[0], direction[1]
    way = jnp.stack([cosine * across + sine * down, cosine * down - sine * across], -1)
    return jnp.exp(1j * jnp.stack([wave * way for wave in code.waves], -2))


def offsets(detail: int) -> Float[np.ndarray, "point 2"]:
    """Row and column of the pixels of a cell from its middle, in cells, row by row."""
    along = (np.arange(detail, dtype=np.float32) + 0.5) / detail - 0.5
    return np.stack(np.meshgrid(along, along, indexing="ij"), -1).reshape(-1, 2)


def patches(padded: Float[Array, "tall wide C"], place: Int[Array, " cell"], width: int) -> Float[Array, "cell 9 C"]:
    """States of the 3x3 cells around each place of a grid of this width, from the grid with a ring around it."""
    row, column = place // width, place % width
    steps = _STEPS.astype(int) + 1
    return padded[row[:, None] + steps[:, 0], column[:, None] + steps[:, 1]]


@partial(jax.jit, static_argnames=("code", "detail"))
def sharpened(
    decoder: Decoder, state: Float[Array, "H W C"], direction: Float[Array, "2"], code: CodeLayout, detail: int
) -> Float[Array, "tall wide 4"]:
    """A state drawn with `detail` pixels a cell, down and across.

    Args:
        decoder: Trained for this body.
        state: What lives.
        direction: Cosine and sine of the angle by which the body is turned.
        code: What the channels mean.
        detail: Pixels a cell.

    Returns:
        Premultiplied RGBA in 0..1, nothing where no cell lives; the cost follows the number of living cells.
    """
    height, width, _ = state.shape
    padded = pad(state.astype(jnp.float32), code.boundary)
    num_cells, chunk = height * width, min(CHUNK, height * width)
    chosen = alive_mask(padded, code.alive_threshold).reshape(-1)
    (places,) = jnp.nonzero(chosen, size=-(-num_cells // chunk) * chunk, fill_value=num_cells)
    offset = jnp.asarray(offsets(detail))[None]

    def draw(number: Int[Array, ""], canvas: Array) -> Array:
        place = jax.lax.dynamic_slice(places, (number * chunk,), (chunk,))
        known, share = features(patches(padded, jnp.minimum(place, num_cells - 1), width), offset, direction, code)
        return canvas.at[place].set(decoder(known) * faded(share)[..., None], mode="drop")

    num_chunks = (jnp.sum(chosen) + chunk - 1) // chunk
    canvas = jax.lax.fori_loop(0, num_chunks, draw, jnp.zeros((num_cells, detail**2, COLOURS)))
    canvas = canvas.reshape(height, width, detail, detail, COLOURS)
    return jnp.swapaxes(canvas, 1, 2).reshape(height * detail, width * detail, COLOURS)


def faded(share: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """How much of a point is drawn, by the share of what lives around it: soft edges where cells end."""
    return jnp.clip(share / _EDGE, 0, 1)

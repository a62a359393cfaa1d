"""Exact transport of position codes: what its neighbours' codes say a cell's own code should be.

A pair of channels that holds sine and cosine of a wave is a phasor. A living neighbour knows the code of the cell
beside it: its own, with every pair rotated by the wave vector times the way between them. The mean over the living
neighbours is as long as the waves' amplitude where they agree, and shorter where they do not; at full length it is a
code again.

Waves with a wave vector of zero are pairs that are the same everywhere. Channels that belong to no wave, such as those
that say which of several bodies a cell grows, are transported as they are, each at full length by itself.

References:
    Gao et al. (2019), Learning grid cells as vector representation of self-position coupled with matrix representation
    of self-motion, openreview.net/forum?id=Syx0Mh05YQ: v(x + d) = M(d) v(x).
"""

from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ffnca.grid.kernels import living
from ffnca.grid.turn import turning
from ffnca.perceptions import FIRST_HIDDEN

SHORTEST = 0.05
"""A mean shorter than this stays short: it says nothing."""
_LEAST = 1e-6


class Code(NamedTuple):
    """The waves of a position code; data in compiled code.

    Attributes:
        waves: Wave vector of each pair of channels from `FIRST_HIDDEN` on, along x and y, in radians a cell.
        amplitude: Of each wave.
    """

    waves: Float[Array, "pair 2"]
    amplitude: Float[Array, ""]

    @classmethod
    def along_axes(cls, numbers: tuple[float, ...], amplitude: float) -> "Code":
        """For each wave number a wave along x, then one along y, as `position_code` lays them out."""
        waves = [(number, 0.0) if along_x else (0.0, number) for number in numbers for along_x in (True, False)]
        vectors = np.array(waves, np.float32).reshape(-1, 2)
        return cls(jax.device_put(vectors), jax.device_put(np.float32(amplitude)))

    def turned(self, angle: float) -> "Code":
        """The same of a body that is turned, by degrees clockwise."""
        cosine, sine = turning(angle)
        return self._replace(waves=self.waves @ jnp.array([[cosine, sine], [-sine, cosine]], jnp.float32))

    def rotated(
        self, codes: Float[Array, "*batch code"], offset: Float[Array, "*#batch 2"]
    ) -> Float[Array, "*batch code"]:
        """The codes of places that lie by an offset (x, y), in cells, from where these codes are."""
        num_waves = 2 * self.waves.shape[0]
        angle = offset @ self.waves.T
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        sines, cosines = codes[..., 0:num_waves:2], codes[..., 1:num_waves:2]
        turned = jnp.stack([sines * cosine + cosines * sine, cosines * cosine - sines * sine], -1)
        return jnp.concatenate([turned.reshape(*turned.shape[:-2], num_waves), codes[..., num_waves:]], -1)

    def vote(self, padded: Float[Array, "*batch tall wide C"], alive_threshold: float) -> "Vote":
        """What the living neighbours of each cell say of its code. Corners weigh half, as in all perceptions."""
        flags = living(padded, alive_threshold)[..., 0]
        channels = jnp.moveaxis(padded[..., FIRST_HIDDEN:], -1, 0) * flags  # first, so that a row is one vector
        num_waves = 2 * self.waves.shape[0]
        sines, cosines = channels[0:num_waves:2], channels[1:num_waves:2]
        singles = jnp.concatenate([channels[num_waves:], flags[None]])
        waves = self.waves.reshape(-1, 2, *[1] * flags.ndim)
        blurred = (*_blurred(sines, cosines, waves), _blurred_still(singles))
        own = sines, cosines, singles
        ring = [nine / 2 - 2 * _inner(one) for nine, one in zip(blurred, own, strict=True)]
        number = jnp.maximum(ring[2][-1], 0.5)
        return Vote(ring[0] / number, ring[1] / number, ring[2][:-1] / number, self.amplitude)


class Vote(NamedTuple):
    """Weighted mean over the living neighbours of what each says of a cell's code, 0 where none lives.

    Attributes:
        sines: First channels of the pairs.
        cosines: Second channels.
        singles: Channels that belong to no wave.
        amplitude: Of the code.
    """

    sines: Float[Array, "pair *batch H W"]
    cosines: Float[Array, "pair *batch H W"]
    singles: Float[Array, "single *batch H W"]
    amplitude: Float[Array, ""]

    @property
    def lengths(self) -> Float[Array, "pair *batch H W"]:
        """Length of each pair."""
        squared = jnp.square(self.sines) + jnp.square(self.cosines)
        return jnp.sqrt(jnp.maximum(squared, _LEAST**2))  # a root has no slope at 0

    def agreement(self) -> Float[Array, "*batch H W 1"]:
        """Length of the shortest pair as a share of the amplitude: 1 where all neighbours say the same."""
        shortest = reduce(jnp.minimum, self.lengths)  # `jnp.min` over all of them takes XLA twice as long on a CPU
        return (shortest / self.amplitude)[..., None]

    def at_full_length(self) -> Float[Array, "*batch H W code"]:
        """Each pair, and each single channel, as long as the amplitude; what is hardly there stays short."""
        longer = self.amplitude / jnp.maximum(self.lengths, SHORTEST)
        pairs = jnp.stack([longer * self.sines, longer * self.cosines], 1)
        singles = self.singles * self.amplitude / jnp.maximum(jnp.abs(self.singles), SHORTEST)
        return jnp.moveaxis(jnp.concatenate([pairs.reshape(2 * pairs.shape[0], *pairs.shape[2:]), singles]), 0, -1)


def _inner(field: Array) -> Array:
    return field[..., 1:-1, 1:-1]


def _three(field: Array, axis: int) -> list[Array]:
    """The field from one cell before, from here, from one cell after."""
    size = field.shape[axis] - 2
    return [jax.lax.slice_in_dim(field, first, first + size, axis=axis) for first in range(3)]


def _blurred(sines: Array, cosines: Array, waves: Array) -> tuple[Array, Array]:
    """Pairs summed over 3x3 cells with weights 1, 2, 1 along x and y, each rotated to the cell in the middle."""
    turns = jnp.cos(waves), jnp.sin(waves)
    for along, axis in enumerate((-1, -2)):
        cosine, sine = (turn[:, along] for turn in turns)
        (s0, s1, s2), (c0, c1, c2) = _three(sines, axis), _three(cosines, axis)
        sines = cosine * (s2 + s0) - sine * (c2 - c0) + 2 * s1
        cosines = cosine * (c2 + c0) + sine * (s2 - s0) + 2 * c1
    return sines, cosines


def _blurred_still(fields: Array) -> Array:
    """The same sum of fields that are not rotated."""
    for axis in (-1, -2):
        before, here, after = _three(fields, axis)
        fields = before + after + 2 * here
    return fields

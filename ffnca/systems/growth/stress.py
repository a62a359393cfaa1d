"""The wounds of the stress table: each erases or disturbs a grown body in its own way."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.corruption import add_noise

Wound = Callable[[Float[Array, "trial H W C"], Body, PRNGKeyArray], Float[Array, "trial H W C"]]
CUT_WIDTH = 3
NOISE = 0.3


class Stress(NamedTuple):
    """A kind of wound and how often it is tried."""

    num_trials: int
    wound: Wound


def _kept(states: Array, keep: Bool[Array, "trial H W"]) -> Array:
    return states * keep[..., None]


def _disc(states: Array, body: Body, key: PRNGKeyArray) -> Array:
    """A disc of radius 0.1 to 0.4 half-widths around a random living cell."""
    place_key, radius_key = jax.random.split(key)
    cells = jnp.asarray(np.argwhere(body.alive))
    centre = cells[jax.random.randint(place_key, states.shape[:1], 0, cells.shape[0])]
    x, y = jnp.asarray(body.x), jnp.asarray(body.y)
    radius = draws.uniform(radius_key, (states.shape[0], 1, 1), minval=0.1, maxval=0.4)
    middle_x, middle_y = x[centre[:, 0], centre[:, 1]], y[centre[:, 0], centre[:, 1]]
    away = jnp.square(x - middle_x[:, None, None]) + jnp.square(y - middle_y[:, None, None])
    return _kept(states, away >= jnp.square(radius))


def _half(states: Array, body: Body, key: PRNGKeyArray) -> Array:
    """Left, right, top, bottom half erased in turn."""
    x, y = jnp.asarray(body.x), jnp.asarray(body.y)
    sides = jnp.stack([x >= 0, x < 0, y >= 0, y < 0])
    return _kept(states, sides[jnp.arange(states.shape[0]) % 4])


def _quarter_left(states: Array, body: Body, key: PRNGKeyArray) -> Array:
    """All but one quadrant erased, each quadrant in turn."""
    x, y = jnp.asarray(body.x), jnp.asarray(body.y)
    quadrants = jnp.stack([(x < 0) & (y < 0), (x >= 0) & (y < 0), (x < 0) & (y >= 0), (x >= 0) & (y >= 0)])
    return _kept(states, quadrants[jnp.arange(states.shape[0]) % 4])


def _centre(states: Array, body: Body, key: PRNGKeyArray) -> Array:
    """A central disc of half the half-width erased."""
    away = jnp.square(body.x) + jnp.square(body.y)
    return _kept(states, jnp.broadcast_to(away >= 0.25, states.shape[:-1]))


def _noise(states: Array, body: Body, key: PRNGKeyArray) -> Array:
    """Gaussian noise on every channel of every living cell."""
    return add_noise(states, jnp.broadcast_to(body.alive, states.shape[:-1]), NOISE, key=key)


def _cut(states: Array, body: Body, key: PRNGKeyArray) -> Array:
    """A line three cells wide through the middle at a random angle."""
    angle = draws.uniform(key, (states.shape[0], 1, 1), maxval=np.pi)
    half_width = CUT_WIDTH / 2 * np.hypot(body.x[0, 1] - body.x[0, 0], body.y[0, 1] - body.y[0, 0])
    return _kept(states, jnp.abs(body.x * jnp.sin(angle) - body.y * jnp.cos(angle)) >= half_width)


STRESSES: dict[str, Stress] = {
    "disc": Stress(48, _disc),
    "half": Stress(16, _half),
    "quarter_left": Stress(16, _quarter_left),
    "centre": Stress(16, _centre),
    "noise": Stress(16, _noise),
    "cut": Stress(16, _cut),
}

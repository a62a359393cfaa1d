"""Wrong tissue: patches of foreign, random, displaced, faded or strayed cells, as debris around a body or inside it.

A rule that never saw debris lets a few stray cells beyond the body grow into another one; and one that learned to
let all that is confused die cannot close a large hole, where the fronts that meet disagree. So it is shown both.
Most of the strays that it meets are its own: a growing tip overshoots, and what it leaves beyond the edge looks like
a piece of the body from a few cells away.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.moved import moved

NUM_PATCHES, NUM_STRAYS = 4, 2
SMALLEST, DEBRIS_RADIUS = 0.7, 3.5
"""Radii in cells; what is foreign as a whole is never larger, since a large piece is a creature of its own."""
CONFUSED_RADIUS = 0.16
"""Largest radius of confusion inside the body, as a share of the grid's shorter side."""
DISPLACEMENT = 6
"""Most cells by which some groups of channels are displaced against the others."""
PALEST = 0.1
"""Least strength of the colours of a piece that has strayed."""
DEVIATION = 0.4
FOREIGN, RANDOM, DISPLACED, FADED = range(4)


def add_wrong_tissue(
    states: Float[Array, "batch H W C"],
    body: Body,
    *,
    patches: Float[Array, ""] | float,
    strays: Float[Array, ""] | float,
    stray_distance: int,
    alive_threshold: float,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Put patches of wrong tissue into some states.

    Args:
        states: Grids of the body's shape.
        body: What they should become, one for all or one each.
        patches: Probability that a state gets patches.
        strays: Probability that it gets strays.
        stray_distance: Most cells by which a piece has strayed, by rows and by columns.
        alive_threshold: Alpha above which a cell lives.
        key: Source of places, sizes and contents.
    """
    place_key, content_key, stray_key = jax.random.split(key, 3)
    inside = jnp.broadcast_to(jnp.asarray(body.alive), states.shape[:3])
    living = states[..., 3] > alive_threshold
    places = _patches(inside, living, patches, place_key)
    for patch, content in zip(places, _contents(states, body, content_key), strict=True):
        states = jnp.where(patch[..., None], content, states)
    return _add_strays(states, body, inside, strays, stray_distance, stray_key)


def _away(shape: tuple[int, int], centre: Float[Array, "2 *each 1 1"]) -> Float[Array, "*each H W"]:
    """Distance of every cell from each centre (row, column), across the edges."""
    sides = jnp.array(shape)[(slice(None), *(None,) * (centre.ndim - 1))]
    grid = jnp.mgrid[0 : shape[0], 0 : shape[1]].reshape(2, *(1,) * (centre.ndim - 3), *shape)
    gap = jnp.abs(grid - centre)
    gap = jnp.minimum(gap, sides - gap)
    return jnp.sqrt(jnp.square(gap).sum(0))


def _add_strays(
    states: Float[Array, "batch H W C"],
    body: Body,
    inside: Bool[Array, "batch H W"],
    share: Float[Array, ""] | float,
    distance: int,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Small pieces of the body beyond its edge, all of a state displaced alike.

    Colours are paler than codes, or the other way round: what lives on beyond an edge is faint, barely above the
    threshold, and of a code that still says where it is.
    """
    keys = jax.random.split(key, 6)
    num, rows, columns = inside.shape
    shift = draws.randint(keys[0], (num, 2), -distance, distance + 1)
    piece = moved(body.goal, shift)
    beyond = ~inside & (piece[..., 3] > 0)
    chances = jnp.where(beyond, 0.0, -jnp.inf).reshape(num, -1)
    cell = jax.random.categorical(keys[1], chances, shape=(NUM_STRAYS, num))
    away = _away((rows, columns), jnp.stack([cell // columns, cell % columns])[..., None, None])
    radius = draws.uniform(keys[2], (NUM_STRAYS, num, 1, 1), minval=SMALLEST, maxval=DEBRIS_RADIUS)
    kept = draws.bernoulli(keys[3], share, (num, 1, 1))
    colour = draws.uniform(keys[4], (num, 1, 1, 1), minval=PALEST)
    code = draws.uniform(keys[5], (num, 1, 1, 1), minval=0.3)
    stray = jnp.concatenate([colour * piece[..., :4], code * piece[..., 4:]], -1)
    return jnp.where((beyond & (away < radius).any(0) & kept)[..., None], stray, states)


def _patches(
    inside: Bool[Array, "batch H W"],
    living: Bool[Array, "batch H W"],
    share: Float[Array, ""] | float,
    key: PRNGKeyArray,
) -> list[Bool[Array, "batch H W"]]:
    """Where each kind of content goes: any of them inside the body, only foreign and random cells around it."""
    keys = jax.random.split(key, 7)
    num, rows, columns = inside.shape
    each = (NUM_PATCHES, num, 1, 1)
    sides = jnp.array([rows, columns])
    centre = draws.uniform(keys[0], (2, *each)) * sides[:, None, None, None, None]
    away = _away((rows, columns), centre)
    small = draws.uniform(keys[1], each, minval=SMALLEST, maxval=DEBRIS_RADIUS)
    wide = draws.uniform(keys[2], each, minval=SMALLEST, maxval=CONFUSED_RADIUS * min(rows, columns))
    kind = draws.randint(keys[3], each, 0, 4)
    ragged = draws.uniform(keys[4], inside.shape) < draws.uniform(keys[5], each[1:], minval=0.3, maxval=1.2)
    kept = ragged & draws.bernoulli(keys[6], share, each[1:])
    within, around = away < jnp.where(kind == FOREIGN, small, wide), away < small
    found = []
    for wanted in range(4):
        patch = inside & (within & (kind == wanted)).any(0)
        if wanted in (DISPLACED, FADED):  # changes what is there
            patch &= living
        else:
            patch |= ~inside & (around & (kind // 2 == wanted)).any(0)
        found.append(patch & kept)
    return found


def _contents(states: Array, body: Body, key: PRNGKeyArray) -> list[Array]:
    """A grid of foreign cells, of random ones, of displaced groups of channels, and of the states themselves faded."""
    keys = jax.random.split(key, 7)
    num, rows, columns, channels = states.shape
    strength = draws.uniform(keys[0], (num, 1, 1, 1), minval=0.3)
    anywhere = draws.randint(keys[1], (2, num, 2), 0, jnp.array([rows, columns]))
    noise = DEVIATION * draws.normal(keys[2], states.shape[1:])  # the same for all states, each moved elsewhere
    noise = noise.at[..., 3].set(draws.uniform(keys[3], noise.shape[:-1]))
    near = draws.randint(keys[4], (num, 2), -DISPLACEMENT, DISPLACEMENT + 1)
    group = jnp.concatenate([jnp.zeros(4, int), 1 + jnp.arange(channels - 4) // 4])  # colour, then each frequency
    away = draws.bernoulli(keys[5], 0.4, (num, channels))[:, group].at[:, 3].set(False)
    displaced = jnp.where(away[:, None, None], moved(body.goal, near), states)
    return [strength * moved(body.goal, anywhere[0]), moved(noise, anywhere[1]), displaced, strength * states]

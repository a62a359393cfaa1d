"""Patch corruption: foreign, random, displaced or faded cells, and displaced fragments, around a body or inside it.

A rule that never saw debris lets a few stray cells beyond the body grow into another one; and one that learned to
let all that is confused die cannot close a large hole, where the fronts that meet disagree. So it is shown both.
Most of the fragments that it meets are its own: a growing tip overshoots, and what it leaves beyond the edge looks like
a piece of the body from a few cells away.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.moved import moved
from ffnca.systems.growth.recipe import Recipe

FOREIGN, RANDOM, DISPLACED, FADED = range(4)


def patched(
    states: Float[Array, "batch H W C"], body: Body, recipe: Recipe, *, alive_threshold: float, key: PRNGKeyArray
) -> Float[Array, "batch H W C"]:
    """Put patches and displaced fragments into some states.

    Args:
        states: Grids of the body's shape.
        body: What they should become, one for all or one each.
        recipe: How many, how large, how far displaced.
        alive_threshold: Alpha above which a cell lives.
        key: Source of places, sizes and contents.
    """
    place_key, content_key, fragment_key = jax.random.split(key, 3)
    inside = jnp.broadcast_to(jnp.asarray(body.alive), states.shape[:3])
    living = states[..., 3] > alive_threshold
    places = _patches(inside, living, recipe, place_key)
    for patch, content in zip(places, _contents(states, body, recipe, content_key), strict=True):
        states = jnp.where(patch[..., None], content, states)
    return _with_fragments(states, body, inside, recipe, fragment_key)


def _away(shape: tuple[int, int], centre: Float[Array, "2 *each 1 1"]) -> Float[Array, "*each H W"]:
    """Distance of every cell from each centre (row, column), across the edges."""
    sides = jnp.array(shape)[(slice(None), *(None,) * (centre.ndim - 1))]
    grid = jnp.mgrid[0 : shape[0], 0 : shape[1]].reshape(2, *(1,) * (centre.ndim - 3), *shape)
    gap = jnp.abs(grid - centre)
    gap = jnp.minimum(gap, sides - gap)
    return jnp.sqrt(jnp.square(gap).sum(0))


def _with_fragments(
    states: Float[Array, "batch H W C"],
    body: Body,
    inside: Bool[Array, "batch H W"],
    recipe: Recipe,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Small pieces of the body beyond its edge, all of a state displaced alike.

    Colours are paler than codes, or the other way round: what lives on beyond an edge is faint, barely above the
    threshold, and of a code that still says where it is.
    """
    keys, distance, count = jax.random.split(key, 6), recipe.fragment_distance, recipe.num_fragments
    num, rows, columns = inside.shape
    shift = draws.randint(keys[0], (num, 2), -distance, distance + 1)
    piece = moved(body.goal, shift)
    beyond = ~inside & (piece[..., 3] > 0)
    chances = jnp.where(beyond, 0.0, -jnp.inf).reshape(num, -1)
    cell = jax.random.categorical(keys[1], chances, shape=(count, num))
    away = _away((rows, columns), jnp.stack([cell // columns, cell % columns])[..., None, None])
    radius = draws.uniform(keys[2], (count, num, 1, 1), minval=recipe.smallest_patch, maxval=recipe.largest_debris)
    kept = draws.bernoulli(keys[3], recipe.fragments_share, (num, 1, 1))
    colour = draws.uniform(keys[4], (num, 1, 1, 1), minval=recipe.palest_fragment)
    code = draws.uniform(keys[5], (num, 1, 1, 1), minval=recipe.least_strength)
    stray = jnp.concatenate([colour * piece[..., :4], code * piece[..., 4:]], -1)
    return jnp.where((beyond & (away < radius).any(0) & kept)[..., None], stray, states)


def _patches(
    inside: Bool[Array, "batch H W"],
    living: Bool[Array, "batch H W"],
    recipe: Recipe,
    key: PRNGKeyArray,
) -> list[Bool[Array, "batch H W"]]:
    """Where each kind of content goes: any of them inside the body, only foreign and random cells around it."""
    keys = jax.random.split(key, 7)
    num, rows, columns = inside.shape
    each = (recipe.num_patches, num, 1, 1)
    sides = jnp.array([rows, columns])
    centre = draws.uniform(keys[0], (2, *each)) * sides[:, None, None, None, None]
    away = _away((rows, columns), centre)
    small = draws.uniform(keys[1], each, minval=recipe.smallest_patch, maxval=recipe.largest_debris)
    widest = recipe.largest_confusion * min(rows, columns)
    wide = draws.uniform(keys[2], each, minval=recipe.smallest_patch, maxval=widest)
    kind = draws.randint(keys[3], each, 0, 4)
    least, most = recipe.raggedness
    ragged = draws.uniform(keys[4], inside.shape) < draws.uniform(keys[5], each[1:], minval=least, maxval=most)
    kept = ragged & draws.bernoulli(keys[6], recipe.patched_share, each[1:])
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


def _contents(states: Array, body: Body, recipe: Recipe, key: PRNGKeyArray) -> list[Array]:
    """A grid of foreign cells, of random ones, of displaced groups of channels, and of the states themselves faded."""
    keys = jax.random.split(key, 7)
    num, rows, columns, channels = states.shape
    strength = draws.uniform(keys[0], (num, 1, 1, 1), minval=recipe.least_strength)
    anywhere = draws.randint(keys[1], (2, num, 2), 0, jnp.array([rows, columns]))
    noise = recipe.random_deviation * draws.normal(
        keys[2], states.shape[1:]
    )  # the same for all states, each moved elsewhere
    noise = noise.at[..., 3].set(draws.uniform(keys[3], noise.shape[:-1]))
    near = draws.randint(keys[4], (num, 2), -recipe.displacement, recipe.displacement + 1)
    group = jnp.concatenate([jnp.zeros(4, int), 1 + jnp.arange(channels - 4) // 4])  # colour, then each frequency
    away = draws.bernoulli(keys[5], recipe.displaced_groups, (num, channels))[:, group].at[:, 3].set(False)
    displaced = jnp.where(away[:, None, None], moved(body.goal, near), states)
    return [strength * moved(body.goal, anywhere[0]), moved(noise, anywhere[1]), displaced, strength * states]

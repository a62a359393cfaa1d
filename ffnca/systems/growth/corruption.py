"""Corruption: the states from which the teacher teaches, all made from the target by one operator.

Each cell shows the target of another place, some share of it, and noise:

    s_i = rho_i goal(i + phi_i) + eps_i

`rho` is 0 where nothing has grown yet, and in wounds. `phi` is an offset within a smooth region with a sharp or a soft
edge: debris, a fragment that lies elsewhere, an arm that is a cell too long. `eps` is Gaussian noise, some of it alike
in all cells of a state. Regions are where a smooth random field is high; how smooth the field is, how far the offset
reaches and how sharp its edge is are drawn log-uniformly.

Where the code of a place is transported exactly, a fragment that is off as a whole is a body of its own, right by
itself: no cell could tell. There only colour and alpha come from another place, and codes are off by noise alone.

A rule that learns from its own rollouts imitates a teacher who answers anywhere: what the target of a place is.
Corruption shows it states that its own rollouts rarely reach.

References:
    Ross et al. (2011), arXiv:1011.0686 (own rollouts); Laskey et al. (2017), arXiv:1703.09327 (noise).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca import draws
from ffnca.grid.transport import Code
from ffnca.perceptions import FIRST_HIDDEN
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.recipe import Recipe

FINEST = 0.7
"""Scale of the finest random field, in cells; that of the coarsest is the half-width of the body."""
LOWEST, HIGHEST = -0.7, 1.5
"""A region is where a field is above a level, uniform between these, in its deviations: 76% to 7% of the cells."""
SHARPEST, SOFTEST = 0.05, 1.0
"""Range of the field, in its deviations, over which the offset sets in."""
SMALLEST_OFFSET = 0.5
JITTER = 1.5
"""Most cells by which the front of a growing body is ragged."""
BEYOND = 1.3
"""Fronts reach up to so many times the reach of the body, so that whole bodies are among the states."""


def log_uniform(key: PRNGKeyArray, num: int, low: float, high: Float[Array, "*#each"] | float) -> Float[Array, " num"]:
    """Uniform in the logarithm, from low to high."""
    return low * (jnp.asarray(high) / low) ** jax.random.uniform(key, (num,))


def smooth_field(
    shape: tuple[int, int], scale: Float[Array, " batch"], *, key: PRNGKeyArray
) -> Float[Array, "batch H W"]:
    """White noise blurred across the edges of the grid, of mean 0 and variance 1.

    Args:
        shape: Height and width.
        scale: Deviation of the Gaussian blur of each field, in cells.
        key: Source of the noise.
    """
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])
    squared = jnp.asarray((2 * np.pi) ** 2 * (down**2 + across**2), jnp.float32)
    kept = jnp.exp(-0.5 * squared * jnp.square(scale)[:, None, None])
    noise = draws.normal(key, (scale.shape[0], *shape))
    field = jnp.fft.irfft2(jnp.fft.rfft2(noise) * kept, s=shape)
    field -= jnp.mean(field, (1, 2), keepdims=True)
    return field / jnp.maximum(jnp.std(field, (1, 2), keepdims=True), 1e-9)


def excess(num: int, body: Body, *, key: PRNGKeyArray) -> Float[Array, "batch H W"]:
    """By how much a smooth random field is above a random level, in its deviations: above 0 is a region.

    Args:
        num: How many states.
        body: Gives the shape of the grid and the size of the body.
        key: Source of scales, fields and levels.
    """
    scale_key, field_key, level_key = jax.random.split(key, 3)
    scale = log_uniform(scale_key, num, FINEST, body.half_width)
    field = smooth_field(body.alive.shape[-2:], scale, key=field_key)
    return field - draws.uniform(level_key, (num, 1, 1), minval=LOWEST, maxval=HIGHEST)


def wounded(states: Float[Array, "batch H W C"], body: Body, *, key: PRNGKeyArray) -> Float[Array, "batch H W C"]:
    """Nothing left in a random region of each state."""
    return states * (excess(states.shape[0], body, key=key) <= 0)[..., None]


def grown(body: Body, num: int, *, key: PRNGKeyArray) -> Bool[Array, "batch H W"]:
    """Cells within a random distance of the first cell, along the body."""
    front_key, jitter_key = jax.random.split(key)
    reach = jnp.reshape(jnp.asarray(body.reach), (-1, 1, 1))
    front = draws.uniform(front_key, (num, 1, 1), maxval=BEYOND * reach)
    jitter = draws.uniform(jitter_key, (num, *body.alive.shape[-2:]), maxval=JITTER)
    return (body.distance - jitter <= front) | (body.distance == 0)


def displaced(body: Body, offset: Float[Array, "batch H W 2"], code: Code | None = None) -> Float[Array, "batch H W C"]:
    """The target of each cell's place plus an offset (x, y) in cells: colours of the nearest cell.

    Args:
        body: One for all or one each.
        offset: Of each cell.
        code: The waves of its position code, by which codes are displaced too; None leaves them as they are.
    """
    num, rows, columns = offset.shape[:3]
    row = jnp.mod(jnp.arange(rows)[:, None] + jnp.rint(offset[..., 1]).astype(int), rows)
    column = jnp.mod(jnp.arange(columns) + jnp.rint(offset[..., 0]).astype(int), columns)
    target = jnp.broadcast_to(jnp.asarray(body.target), (num, *body.target.shape[-3:]))
    there = target[jnp.arange(num)[:, None, None], row, column]
    codes = jnp.broadcast_to(jnp.asarray(body.goal), target.shape)[..., FIRST_HIDDEN:]
    codes = codes if code is None else code.rotated(codes, offset)
    return jnp.concatenate([there[..., :FIRST_HIDDEN], codes * jnp.any(there != 0, -1, keepdims=True)], -1)


def corrupted(
    body: Body, num: int, recipe: Recipe, *, code: Code | None = None, key: PRNGKeyArray
) -> Float[Array, "batch H W C"]:
    """Partially grown bodies, some with a part displaced, some wounded; without noise.

    Args:
        body: The body to grow, one for all or one each.
        num: How many; whole bodies are among them.
        recipe: How many are displaced, how far, and how many are wounded.
        code: As in `displaced`.
        key: Source of everything random.
    """
    keys = jax.random.split(key, 8)
    far = log_uniform(keys[0], num, SMALLEST_OFFSET, recipe.largest_offset * body.half_width)
    way = draws.uniform(keys[1], (num,), maxval=2 * jnp.pi)
    is_displaced = draws.bernoulli(keys[2], recipe.displaced_share, (num,))
    offset = (far * is_displaced)[:, None] * jnp.stack([jnp.cos(way), jnp.sin(way)], -1)
    above = excess(num, body, key=keys[3])
    part = jnp.clip(above / log_uniform(keys[4], num, SHARPEST, SOFTEST)[:, None, None], 0, 1)
    states = displaced(body, part[..., None] * offset[:, None, None], code)
    there = grown(body, num, key=keys[5]) | (above > 0) & is_displaced[:, None, None]
    states *= there[..., None]
    is_wounded = draws.bernoulli(keys[6], recipe.wounded_share, (num, 1, 1, 1))
    return jnp.where(is_wounded, wounded(states, body, key=keys[7]), states)


def add_noise(
    states: Float[Array, "batch H W C"],
    living: Bool[Array, "batch H W"],
    scale: Float[Array, " batch"] | float,
    *,
    shared: float = 0.0,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Gaussian noise on every channel of the living cells.

    Args:
        states: Grids.
        living: Their living cells.
        scale: Deviation, one a state.
        shared: Deviation of what is added alike to all living cells of a state, as a share of the scale.
        key: Source of the noise.
    """
    spread = jnp.broadcast_to(jnp.asarray(scale), states.shape[:1])[:, None, None, None]
    noise = draws.normal(key, states.shape)
    if shared:
        noise += shared * draws.normal(jax.random.fold_in(key, 1), (states.shape[0], 1, 1, states.shape[-1]))
    return states + spread * noise * living[..., None]

"""The body to grow: what every cell of the grid should be, where it starts, and how far each cell is from there."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy import ndimage

from ffnca.errors import InputError
from ffnca.grid.seeds import single_cell
from ffnca.grid.turn import turned_picture
from ffnca.systems.growth.position_code import coordinates, position_code
from ffnca.systems.growth.spec import identity_channels

BRIDGE_ALPHA = 0.2
"""Alpha of the faint tissue that joins separate parts, so that all can grow from one cell."""
OUTSIDE = 1e9
_TOUCHING = np.ones((3, 3), bool)


class Body(NamedTuple):
    """A target laid out in the middle of a grid; a tree of arrays that goes into compiled code as data.

    What is said of the body of one state holds of as many states: with a first axis in front, it is a body for each.

    Attributes:
        picture: The picture alone, premultiplied RGBA; what quality is measured against.
        goal: What each cell should be if it lives at all: picture, bridges, codes of position and identity. The codes
            go on beyond the body, so that a cell which grew there knows that it is outside.
        target: The whole grid when grown: the goal in the body and in the cells that touch it, else zero.
        start: The initial state: the first cell alone.
        alive: Cells that should live.
        distance: Steps from the seed cell along living cells, one more in cells that touch the body; `OUTSIDE`
            elsewhere.
        unwanted: How little a cell belongs: 0 in the body and in the cells that touch it, a half in the next ring of
            cells, 1 farther out.
        x: Column position in half-widths, 0 in the middle.
        y: Row position in half-widths.
        seed_at: Row and column of the first cell.
        reach: Distance of the farthest living cell.
        empty_mse: Mean squared error of an empty grid, by which relative MSE divides.
    """

    picture: Float[np.ndarray, "H W 4"]
    goal: Float[np.ndarray, "H W C"]
    target: Float[np.ndarray, "H W C"]
    start: Float[np.ndarray, "H W C"]
    alive: Bool[np.ndarray, "H W"]
    distance: Float[np.ndarray, "H W"]
    unwanted: Float[np.ndarray, "H W"]
    x: Float[np.ndarray, "H W"]
    y: Float[np.ndarray, "H W"]
    seed_at: tuple[int, int]
    reach: float
    empty_mse: float

    def started_by(self, cell: Float[np.ndarray, " C"], position: tuple[int, int]) -> "Body":
        """The same body, grown from another first cell, which need not be a living one."""
        start = np.asarray(single_cell(self.alive.shape, cell, position))
        return self._replace(start=start, seed_at=position)

    @property
    def half_width(self) -> Float[Array, "*each"]:
        """Half the longer side of the picture, in cells; of a body that is not turned."""
        return jnp.asarray(1 / (self.x[..., 0, 1] - self.x[..., 0, 0]))

    def wanted(self, unwanted_alpha: float) -> Float[Array, "*each H W C"]:
        """What a cell learns to become: the goal, with `unwanted_alpha` where not even a neighbour should live.

        Such a cell dies, and its alpha is 0 then. Were 0 what it learns, a cell that cannot know whether it belongs
        would become a mean above the alive threshold as soon as the chance is a tenth, and faint cells would live on
        beyond the body's edge. In the ring next to the cells that touch the body it is half of that, since thin tips
        are in doubt too and should grow.
        """
        unwanted = jnp.asarray(self.unwanted)
        alpha = jnp.where(unwanted > 0, unwanted_alpha * unwanted, self.goal[..., 3])
        return jnp.asarray(self.goal).at[..., 3].set(alpha)

    def starts(self, num_states: int) -> Float[Array, "batch H W C"]:
        """Initial states, all alike."""
        return jnp.broadcast_to(jnp.asarray(self.start), (num_states, *self.start.shape[-3:]))

    def relative_mse(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch"]:
        """Mean squared error over premultiplied RGBA, divided by that of an empty grid."""
        return jnp.mean(jnp.square(state[..., :4] - self.picture), axis=(-3, -2, -1)) / self.empty_mse


class Bodies(NamedTuple):
    """All that one rule learns to grow, on grids of one size; states take turns to be of each.

    Attributes:
        each: Every array with a first axis that runs over the bodies.
    """

    each: Body

    @classmethod
    def of_all(cls, bodies: "list[Body]") -> "Bodies":
        """These, one or several."""
        return cls(jax.tree.map(lambda *leaves: np.stack(leaves), *bodies))

    @property
    def count(self) -> int:
        """How many."""
        return self.each.target.shape[0]

    def which(self, places: Int[Array, " batch"]) -> Int[Array, " batch"]:
        """The number of the body that is grown at each place of a pool or batch."""
        return places % self.count

    def at(self, places: Int[Array, " batch"]) -> Body:
        """The body of each place; a single one is left to be broadcast."""
        if self.count == 1:
            return self.each
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[self.which(places)], self.each)

    def starts(self, num_states: int) -> Float[Array, "batch H W C"]:
        """Initial states, the bodies in turn."""
        return self.at(jnp.arange(num_states)).starts(num_states)


def joined(picture: Float[np.ndarray, "H W 4"], alive_threshold: float) -> Float[np.ndarray, "H W 4"]:
    """Join separate parts of a picture to the largest by straight bridges, faint where faint cells live."""
    picture = picture.copy()
    bridge_alpha = BRIDGE_ALPHA if alive_threshold <= BRIDGE_ALPHA / 2 else 1.0
    while True:
        labelled: Any = ndimage.label(picture[..., 3] > alive_threshold, structure=_TOUCHING)
        parts, num_parts = labelled
        if num_parts <= 1:
            return picture
        from scipy.spatial import KDTree  # slow to import, and seldom needed

        main = 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
        inside, others = np.argwhere(parts == main), np.argwhere((parts != main) & (parts > 0))
        found: Any = KDTree(inside).query(others)
        gaps, nearest = found
        other = int(np.argmin(gaps))
        ends = np.stack([inside[nearest[other]], others[other]])
        line = np.rint(np.linspace(ends[0], ends[1], int(np.abs(ends[1] - ends[0]).max()) + 1)).astype(int)
        bridge = picture[line[:, 0], line[:, 1], 3]
        picture[line[:, 0], line[:, 1], 3] = np.maximum(bridge, bridge_alpha)


def geodesic(alive: Bool[np.ndarray, "H W"], start: tuple[int, int]) -> Float[np.ndarray, "H W"]:
    """Number of king's moves from `start` to every cell along living cells."""
    distance = np.full(alive.shape, OUTSIDE)
    reached, step = np.zeros_like(alive), 0
    reached[start] = True
    while True:
        distance[reached & (distance == OUTSIDE)] = step
        grown = np.asarray(ndimage.binary_dilation(reached, _TOUCHING, mask=alive)) | reached
        if (grown == reached).all():
            return distance
        reached, step = grown, step + 1


def build_body(
    picture: Float[np.ndarray, "h w 4"],
    shape: tuple[int, int],
    num_channels: int,
    *,
    alive_threshold: float,
    code_amplitude: float,
    identity: tuple[float, ...] = (),
    angle: float = 0.0,
) -> Body:
    """Lay a picture out in the middle of a grid and say what each cell should be.

    Args:
        picture: Premultiplied RGBA, at least one living cell.
        shape: Height and width of the grid; must hold the picture.
        num_channels: Channels of the state, at least 4; those above 4 carry the codes.
        alive_threshold: Alpha above which a cell lives.
        code_amplitude: Of the codes.
        identity: Says in the last channels of every living cell, 1 or -1 in each, which of several bodies it is.
        angle: By which the whole body is turned, in degrees clockwise.

    Raises:
        ValueError: If the picture does not fit.
        InputError: If nothing in it lives.
    """
    half_width = max(picture.shape[:2]) / 2
    picture = turned_picture(picture, angle)
    height, width = picture.shape[:2]
    if height > shape[0] or width > shape[1]:
        raise ValueError(f"a picture of {height}x{width} does not fit a grid of {shape[0]}x{shape[1]}")
    top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
    canvas = np.zeros((*shape, 4), np.float32)
    canvas[top : top + height, left : left + width] = picture
    colours = joined(canvas, alive_threshold)
    alive = colours[..., 3] > alive_threshold
    if not alive.any():
        raise InputError(f"the picture has no pixel with alpha above alive_threshold = {alive_threshold:g}")
    x, y = coordinates(shape, (top + height / 2, left + width / 2), half_width, angle)
    code = position_code(x, y, num_channels - 4 - len(identity), half_width, code_amplitude)
    same = np.broadcast_to(code_amplitude * np.array(identity), (*shape, len(identity)))
    goal = np.concatenate([colours * alive[..., None], code, same], -1).astype(np.float32)
    cells = np.argwhere(alive)
    middle = np.array([top + height / 2, left + width / 2])
    row, column = cells[np.argmin(np.square(cells - middle).sum(1))]
    seed_at = (int(row), int(column))
    distance = geodesic(alive, seed_at)
    touching: Any = np.asarray(ndimage.binary_dilation(alive, _TOUCHING), bool) & ~alive
    near = alive | touching
    return Body(
        picture=canvas,
        goal=goal,
        target=goal * near[..., None],
        start=np.asarray(single_cell(shape, goal[seed_at], seed_at)),
        alive=alive,
        distance=np.where(touching, ndimage.minimum_filter(distance, 3) + 1, distance).astype(np.float32),
        unwanted=np.where(near, 0.0, np.where(ndimage.binary_dilation(near, _TOUCHING), 0.5, 1.0)).astype(np.float32),
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        seed_at=seed_at,
        reach=float(distance[alive].max()),
        empty_mse=float(np.mean(np.square(canvas))),
    )


def identities(count: int) -> list[tuple[float, ...]]:
    """A code of 1 and -1 for each of several bodies, any two apart in more than half of the places; none for one.

    Rows of a Hadamard matrix without its constant column: 3 places for up to 4 bodies, 7 for 8, 15 for 16.
    """
    if count == 1:
        return [()]
    from scipy import linalg  # slow to import, and seldom needed

    return [tuple(map(float, row)) for row in linalg.hadamard(identity_channels(count) + 1)[:count, 1:]]

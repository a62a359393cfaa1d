"""The world file of a texture that is grown from noise."""

from typing import Annotated, Literal

from pydantic import Field

from ffnca.errors import MAX_SEED
from ffnca.spec import Spec, above_zero, whole
from ffnca.world import ONE_LINE, World

KIND = "texture"
Number = Annotated[int, Field(ge=1, le=8, description="a whole number from 1 to 8")]
Width = Annotated[int, Field(ge=8, le=1024)]


class TextureSpec(Spec):
    """What it looks like."""

    exemplar: str = Field(
        min_length=1,
        max_length=4096,
        pattern=ONE_LINE,
        description="the name of a texture that ships, or a picture file found beside this one",
        title="a texture that ships (bricks, cells, chequers, labyrinth, marble, scales, spots, waves, woven), "
        "or a picture of 64 to 128 pixels a side without transparency, a pixel a cell",
    )
    seed: int = whole(0, 0, MAX_SEED, "of the drawing of a texture that ships")


class TextureRuleSpec(Spec):
    """The rule: how a cell describes its surroundings, and the layer that scores what it is among them."""

    components: tuple[Number, Number, Number] = Field(
        default=(4, 4, 3),
        strict=False,
        description="3 whole numbers from 1 to 8 in a list",
        title="hidden channels for surroundings of 5, 10 and 20 cells: principal components of the exemplar's patches",
    )
    hidden: int = whole(112, 8, 1024, "units of the layer")
    fire_rate: float = above_zero(0.5, 1, "probability that a cell updates in a step")


class TextureTrainSpec(Spec):
    """Its training."""

    minutes: float = above_zero(2, 600, "how long it learns, after compiling")
    learning_rate: float = above_zero(0.02, 1, "at the start; it falls over the budget")
    pool_size: int = whole(16, 4, 1024, "states of its own that it keeps and learns from")


class TextureWorld(World):
    """A texture that grows from noise on a grid of any size and heals, learned from one picture of it."""

    kind: Literal["texture"]
    texture: TextureSpec
    rule: TextureRuleSpec = TextureRuleSpec()
    train: TextureTrainSpec = TextureTrainSpec()

"""What a step and a picture of a growing rule need: the part of its file that everything depends on."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from ffnca.errors import InputError
from ffnca.perceptions import FIRST_HIDDEN, perception_of
from ffnca.spec import Spec, above_zero, several_of, shown, wrong
from ffnca.systems.base import DETAILS
from ffnca.systems.growth.spec import NcaSpec, Transport
from ffnca.world import GridSpec, Title


class CodeModel(Spec):
    """The position code in the hidden channels, for rules that see it exactly transported."""

    waves: tuple[float, ...] = several_of((1.0,), "1 to 15 numbers of radians a cell in a list", 15)
    amplitude: float = above_zero(0.7, 2)


class RuleModel(NcaSpec):
    """The rule: what a cell sees, how wide its layers are, of what type they are."""

    type: str = Field(min_length=1, max_length=64, description="a type of rule, such as ascent, state, delta")
    state_limit: float | None = Field(default=2.0, gt=0, description="a number above 0, or null for none")
    transport: Transport = "learned"
    code: CodeModel | None = None

    @model_validator(mode="after")
    def _knows_the_code_that_it_sees(self) -> Self:
        of_code = [name for name in self.perception if perception_of(name).of_code]
        if of_code and self.code is None:
            raise ValueError(f"perception = {shown(of_code[0])} needs a code; allowed: its waves and its amplitude")
        if self.code is not None and 4 * len(self.code.waves) > self.channels - FIRST_HIDDEN:
            raise ValueError(f"code has {len(self.code.waves)} waves; allowed: one for every four hidden channels")
        return self


MAX_HIDDEN_DETAIL, MOST_LAYERS = 512, 4


class DetailModel(Spec):
    """The decoder that draws finer than the grid."""

    factor: int = Field(ge=DETAILS[0], le=DETAILS[1], description=f"a whole number from {DETAILS[0]} to {DETAILS[1]}")
    hidden: tuple[Annotated[int, Field(ge=1, le=MAX_HIDDEN_DETAIL)], ...] = Field(
        strict=False,
        min_length=1,
        max_length=MOST_LAYERS,
        description=f"1 to {MOST_LAYERS} widths of 1 to {MAX_HIDDEN_DETAIL}",
    )


class GrowthModel(Spec):
    """A rule file's model."""

    title: Title
    grid: GridSpec
    rule: RuleModel
    targets: tuple[str, ...] = Field(default=("",), strict=False, min_length=1, description="names of the targets")
    code_amplitude: float = above_zero(0.7, 2)
    detail: DetailModel | None = None
    own_seed: bool = Field(default=False, description="true if the first cell is not what the target says of its place")

    @model_validator(mode="after")
    def _names_are_in_order(self) -> "GrowthModel":
        if list(self.targets) != sorted(set(self.targets)):
            raise ValueError("targets are not distinct names in alphabetical order; allowed: such names")
        if self.own_seed and len(self.targets) > 1:
            raise ValueError("own_seed = true with several targets; allowed: with one")
        return self


def checked_model(settings: Mapping[str, Any], name: str) -> GrowthModel:
    """A model from the JSON of a rule file.

    Raises:
        InputError: If a key is unknown or missing, or a value is of another type or out of range.
    """
    try:
        return GrowthModel.model_validate(settings)
    except ValidationError as error:
        is_unknown = any(detail["type"] == "extra_forbidden" for detail in error.errors(include_url=False))
        hint = " (a newer ffnca may know it)" if is_unknown else ""
        raise InputError(f"{name}: its model: {wrong(error, GrowthModel)}{hint}") from error

"""What is fixed before a growing rule is trained."""

from typing import NamedTuple

from jaxtyping import Array

from ffnca.automata.nca import NCA, Rule
from ffnca.grid.boundary import Boundary
from ffnca.grid.transport import Code
from ffnca.packages import found
from ffnca.perceptions import perception_size
from ffnca.systems.growth.model import CodeModel, RuleModel
from ffnca.systems.growth.objective import OBJECTIVES, Objective
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule import automaton_of, blank_rule, described_rule, waves_of
from ffnca.systems.growth.spec import NcaSpec, TrainSpec


class Plan(NamedTuple):
    """Everything that is fixed before training starts, hashable, so that equal plans share compiled code.

    Attributes:
        rule: The [rule] table.
        train: The [train] table.
        recipe: All other numbers.
        code: The position code of what is grown.
        boundary: What lies beyond the edge of the grid.
    """

    rule: NcaSpec
    train: TrainSpec
    recipe: Recipe
    code: CodeModel
    boundary: Boundary = "wrap"

    @property
    def objective(self) -> Objective:
        """What the rule is trained by."""
        return OBJECTIVES[self.train.objective]

    @property
    def learning(self):
        """What the layers learn from within one step, a `LayerLearning`.

        Raises:
            ValueError: If the objective has none.
        """
        if self.objective.learning is None:
            raise ValueError(f"{self.train.objective} does not learn layer by layer")
        return found(self.objective.learning)(self.recipe)

    @property
    def num_perception(self) -> int:
        """Length of what a cell sees."""
        return perception_size(self.rule.perception, self.rule.channels)

    @property
    def pool_batch(self) -> int:
        """States drawn from the pool in a round."""
        return min(self.recipe.pool_batch, self.train.pool_size)

    @property
    def moved_code(self) -> Code | None:
        """The code by which displaced parts of teacher states are off; None where it is never off."""
        return None if self.rule.transport == "exact" else waves_of(self.code)

    @property
    def model(self) -> RuleModel:
        """What a step needs of the rule that is trained."""
        return described_rule(self.rule, self.train.objective, self.code)

    def fresh_rule(self, *, key: Array) -> Rule:
        """A rule of the objective's type with random weights."""
        return blank_rule(self.model, key=key)

    def automaton(self, rule: Rule) -> NCA:
        """A rule on raw perceptions as an automaton."""
        return automaton_of(self.model, self.boundary, rule)

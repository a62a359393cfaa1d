"""The world file of cells that classify the figure that they are part of."""

from typing import Annotated, Literal

from pydantic import Field

from ffnca.spec import Spec, above_zero, several_of
from ffnca.world import ONE_LINE, World

KIND = "classifier"
DIGITS = "digits"
NUM_LABELS = 10
OBJECTIVE = "votes"
Width = Annotated[int, Field(ge=4, le=256)]


class ClassifierSpec(Spec):
    """What is classified."""

    images: str = Field(
        default=DIGITS,
        min_length=1,
        max_length=4096,
        pattern=ONE_LINE,
        description=f'"{DIGITS}", or a folder with the four IDX files of MNIST, found beside the world file',
        title="what it learns from: the digits of scikit-learn, enlarged, or images of labels 0 to 9 in a folder",
    )


class ClassifierRuleSpec(Spec):
    """Its layers."""

    hidden: tuple[Width, ...] = several_of(
        (28, 28, 28, 28), "1 to 8 whole numbers from 4 to 256 in a list", 8, "units of each layer"
    )
    objective: Literal["votes"] = Field(
        default=OBJECTIVE,
        description='"votes"',
        title="the mean goodness that the cells of a figure give to its label is more than that of every other",
    )


class ClassifierTrainSpec(Spec):
    """Its training."""

    minutes: float = above_zero(5.0, 600, "how long it learns, after compiling")
    learning_rate: float = above_zero(0.01, 1, "of Adam, at the start")


class ClassifierWorld(World):
    """Figures whose cells say which label they are part of, and come to agree with each other."""

    kind: Literal["classifier"]
    classifier: ClassifierSpec = ClassifierSpec()
    rule: ClassifierRuleSpec = ClassifierRuleSpec()
    train: ClassifierTrainSpec = ClassifierTrainSpec()

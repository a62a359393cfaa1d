"""How well a number tells cells of one kind from others."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import mannwhitneyu


def auroc(scores: Float[np.ndarray, " cell"], positive: Bool[np.ndarray, " cell"]) -> float:
    """Probability that a random positive scores above a random negative, ties counted half.

    Reference:
        Mann and Whitney (1947).
    """
    if positive.all() or not positive.any():
        return float("nan")
    found: Any = mannwhitneyu(scores[positive], scores[~positive], method="asymptotic")
    return float(found.statistic / (positive.sum() * (~positive).sum()))

"""Every rule that was ever shipped grows as it did: states that were kept stay what they were."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
golden_states = pytest.importorskip("golden_states")

QUICK = ("lizard", "lizard_format_1")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in golden_states.names()]
)
@pytest.mark.computes
def test_a_shipped_rule_grows_as_it_did(name: str) -> None:
    """Colours within 1e-5: processors, and versions of the compiler, differ in the last bits."""
    with np.load(golden_states.KEPT) as kept:
        wanted = kept[name]
    assert wanted[:, 3].max() > 0.9  # something has grown
    found = golden_states.golden_cells(name)
    np.testing.assert_allclose(found[:, :4], wanted[:, :4], atol=1e-5)
    # goodness that a cell lacks is the small difference of two sums over hundreds of units
    np.testing.assert_allclose(found[:, 4], wanted[:, 4], atol=1e-4)

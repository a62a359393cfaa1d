"""The stress table as a picture: a row a wound, trials just wounded and healed side by side."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from ffnca.render import contact_sheet, enlarge, over

NUM_SHOWN = 3
"""Trials of each wound that are shown, evenly spaced among all."""
SCALE = 2


class StressSheet:
    """Collects what `evaluate` shows and lays it out."""

    def __init__(self) -> None:
        """Nothing collected yet."""
        self._frames: list[UInt8[np.ndarray, "H W 3"]] = []
        self._labels: list[str] = []

    def add(
        self, name: str, wounded: Float[Any, "trial H W C"], healed: Float[Any, "trial H W C"], errors: Float[Any, " t"]
    ) -> None:
        """Take a few trials of one wound.

        Args:
            name: Of the wound.
            wounded: States just wounded.
            healed: The same trials later.
            errors: Relative MSE of the healed.
        """
        for trial in np.linspace(0, len(errors) - 1, NUM_SHOWN).round().astype(int):
            self._frames += [over(wounded[trial]), over(healed[trial])]
            self._labels += [name, f"{float(errors[trial]):.4f}"]

    def write(self, path: Path) -> None:
        """Write all rows as PNG."""
        sheet = contact_sheet(enlarge(np.stack(self._frames), SCALE), self._labels, columns=2 * NUM_SHOWN)
        Image.fromarray(sheet).save(path, format="PNG", optimize=True)

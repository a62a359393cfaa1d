"""JSON that every reader takes: the standard knows no numbers that are not finite."""

import json
import math
from typing import Any


def dumped(value: Any) -> str:
    """Dictionaries, lists and plain values on one line; a number that is not finite becomes null."""
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from ffnca.strict_json import dumped

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@given(NESTED)
def test_whatever_is_dumped_is_json(value: object) -> None:
    text = dumped(value)
    assert "\n" not in text
    json.loads(text, parse_constant=_refuse)


def test_only_what_is_not_finite_changes() -> None:
    kept = {"a": [1, 2.5, None, True], "b": {"c": "NaN"}}
    assert json.loads(dumped(kept)) == kept
    assert json.loads(dumped({"a": (math.nan, -math.inf), "b": math.inf})) == {"a": [None, None], "b": None}

"""Acts of a story: which are taken, how long they are, when their wounds come."""

import pytest

from ffnca.errors import InputError
from ffnca.export.story import Acts


@pytest.mark.parametrize(
    ("text", "num_steps", "wounds"),
    [
        ("grow", 100, []),
        ("grow,wound", 112, [100]),
        ("grow,wound,heal", 220, [100]),
        (" Grow, wound ,HEAL ", 220, [100]),
        ("grow,wound,heal,wound,heal", 340, [100, 220]),
        ("grow,wound,heal,wound", 232, [100, 220]),
    ],
)
def test_stories(text, num_steps, wounds):
    acts = Acts.parsed(text)
    assert acts.num_steps == num_steps
    assert acts.wound_steps(num_steps) == wounds
    assert acts.wound_steps(2 * num_steps) == [2 * step for step in wounds]
    assert all(0 <= step <= 3 for step in acts.wound_steps(3))


NO_STORIES = ["", ",", "grow,", "wound", "heal", "grow,heal", "grow,grow", "grow,wound,wound", "grow,woud", "x\ny"]


@pytest.mark.parametrize("text", [*NO_STORIES, "grow" + ",wound,heal" * 16])
def test_what_is_no_story_is_one_line(text):
    with pytest.raises(InputError, match="such as grow,wound,heal") as raised:
        Acts.parsed(text)
    assert "\n" not in str(raised.value)

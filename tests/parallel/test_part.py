"""Parts of grids: how they are named, and what is drawn for their cells."""

import jax
import numpy as np
import pytest

from ffnca import draws
from ffnca.automata.gray_scott import GrayScott
from ffnca.automata.lenia import Lenia
from ffnca.automata.split import Split
from ffnca.errors import InputError
from ffnca.opening import opened
from ffnca.part import Part, current_part, within
from ffnca.processes import Together
from ffnca.systems.base import Request


@pytest.mark.parametrize(("text", "part"), [("4x2", Part(1, 4, 2)), ("3", Part(1, 3, 1)), ("1X8", Part(1, 1, 8))])
def test_parts_by_name(text: str, part: Part) -> None:
    assert Part.parsed(text) == part


@pytest.mark.parametrize("text", ["", "x", "2x", "x2", "2x2x2", "0x2", "0", "-1x2", "a", "1.5", "999999", "²x2"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--split"):
        Part.parsed(text)


def test_the_whole_of_a_part() -> None:
    assert Part(2, 3, 4).whole((5, 7, 6, 8)) == (10, 7, 18, 32)
    assert Part(2, 3, 4).whole((6, 8)) == (18, 32)


def test_a_part_lasts_as_long_as_its_context() -> None:
    assert current_part() is None
    with within(Part(down=2)):
        assert current_part() == Part(down=2)
    with pytest.raises(InputError), within(Part(down=2)):
        Part.parsed("x")
    assert current_part() is None


def test_one_part_is_the_whole(key: jax.Array) -> None:
    automaton = GrayScott.of(0.04, 0.06)
    state = jax.random.uniform(key, (8, 12, 2))
    split = Split.over(automaton, Part())
    assert np.array_equal(split.step(split.placed(state), key), automaton.step(state, key))
    assert np.array_equal(split.render(state), automaton.render(state))


def test_cells_draw_alike_wherever_they_lie(key: jax.Array) -> None:
    """A mesh of one device that lies at another place is not to be had, so places are given by hand."""
    shape = (2, 6, 8)
    whole = draws.bernoulli(key, 0.5, shape)
    drawn = draws.bernoulli_by_place(key, 0.5, whole.size)
    places = np.arange(whole.size, dtype=np.uint32).reshape(shape)
    assert np.array_equal(drawn(places[:, 3:, 4:]), whole[:, 3:, 4:])
    assert np.array_equal(draws.bernoulli_of_cells(key, 0.5, shape), whole)


def test_what_sees_all_of_the_grid_is_refused() -> None:
    lenia = opened(Request("orbium")).automaton
    assert isinstance(lenia, Lenia)
    with pytest.raises(InputError, match="a Lenia cannot be split"):
        Split.over(lenia, Part())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("host:1", None, 0), "--processes: missing"),
        ((None, 2, None), "--coordinator, --process-id: missing"),
        (("host", 2, 0), "HOST:PORT"),
        (("host:0", 2, 0), "HOST:PORT"),
        (("host:99999", 2, 0), "HOST:PORT"),
        ((":80", 2, 0), "HOST:PORT"),
        (("host:80", 0, 0), "--processes 0"),
        (("host:80", 2, 2), "0 to 1"),
        (("host:80", 2, -1), "0 to 1"),
    ],
)
def test_processes_that_cannot_meet_are_refused(given: tuple, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Together.chosen(*given)


def test_processes_as_they_are_given() -> None:
    assert Together.chosen(None, None, None) is None
    assert Together.chosen("[::1]:9000", 4, 3) == Together("[::1]:9000", 4, 3)

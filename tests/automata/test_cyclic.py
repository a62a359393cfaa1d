"""Cyclic automata against plain NumPy: every neighbourhood, boundary and kind of medium."""

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.cyclic import Cyclic, random_states
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.world_file import parse_world


def _plain(cells: np.ndarray, automaton: Cyclic) -> np.ndarray:
    """One step, cell by cell and neighbour by neighbour."""
    (tall, wide), reach, after = cells.shape, automaton.reach, cells.copy()
    mode = {"wrap": "wrap", "reflect": "reflect"}.get(automaton.boundary)
    around = np.pad(cells, reach, mode=mode) if mode else np.pad(cells, reach, constant_values=-1)
    for row in range(tall):
        for column in range(wide):
            ahead = (cells[row, column] + 1) % automaton.num_states
            count = 0
            for down in range(-reach, reach + 1):
                for across in range(-reach, reach + 1):
                    inside = automaton.neighbourhood == "moore" or abs(down) + abs(across) <= reach
                    if inside and (down or across):
                        count += around[row + reach + down, column + reach + across] == ahead
            if count >= automaton.threshold or (automaton.excitable and cells[row, column] > 0):
                after[row, column] = ahead
    return after


@pytest.mark.parametrize(
    ("size", "automaton"),
    [
        ((9, 12), Cyclic(3, 3)),
        ((11, 8), Cyclic(14, 1, 1, "von_neumann", boundary="zero")),
        ((10, 10), Cyclic(5, 4, 3, "von_neumann", boundary="reflect")),
        ((12, 9), Cyclic(5, 2, 2, "moore", excitable=True)),
    ],
)
def test_steps_are_those_of_numpy(size: tuple[int, int], automaton: Cyclic) -> None:
    state = np.asarray(random_states(size, automaton.num_states, key=jax.random.key(1)))
    program, step, changed = step_program(automaton, 1), jax.jit(automaton.step), 0
    for _ in range(8):
        wanted = _plain(state[..., 0].astype(int), automaton)
        np.testing.assert_array_equal(step(state, jax.random.key(0))[..., 0], wanted)
        np.testing.assert_array_equal(program.run(state)[..., 0], wanted)
        changed += (wanted != state[..., 0]).sum()
        state = wanted[..., None].astype(np.float32)
    assert changed > 20


def test_demons_take_over(key) -> None:
    """Spirals of demons turn every cell in every step in the end: what Griffeath's droplets lead to."""
    demons = make("demons")
    end = rollout(demons.automaton, demons.start, 700, key=key)
    assert demons.measured(end)["changing"] > 0.95
    turned = rollout(demons.automaton, end, 14, key=key)
    assert np.mean(np.asarray(turned) == np.asarray(end)) > 0.9  # all 14 states, and back


WORLD = 'kind = "cyclic"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("", "1/1/14/N"),
        ('[rule]\nnotation = "R3/T5/C8/NM"\n', "3/5/8/M"),
        ('[rule]\nnotation = "Cyclic Spirals"\n', "3/5/8/M"),
        ('[rule]\nnotation = "313"\n', "1/3/3/M"),
    ],
)
def test_rules_have_names(text: str, notation: str) -> None:
    assert parse_world(WORLD + text, "w").rule.notation == notation


@pytest.mark.parametrize("rule", ["6/1/3/M", "1/0/3/M", "1/1/33/M", "1/1/1/M", "1/1/3/X", "99999999999/1/3/M", ""])
def test_bad_rules_say_what_is_allowed(rule: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(f'{WORLD}[rule]\nnotation = "{rule}"\n', "w.toml")
    assert f'notation = "{rule}"; allowed: range 1 to 5' in str(caught.value)


@pytest.mark.parametrize(("rule", "most"), [("1/9/3/M", 8), ("2/13/3/N", 12)])
def test_a_threshold_above_the_number_of_neighbours_is_refused(rule: str, most: int) -> None:
    with pytest.raises(InputError, match=f"allowed: a threshold up to {most}"):
        parse_world(f'{WORLD}[rule]\nnotation = "{rule}"\n', "w.toml")
    parse_world(f'{WORLD}[rule]\nnotation = "{rule.replace("9", "8").replace("13", "12")}"\n', "w.toml")

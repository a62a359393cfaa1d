"""Patterns of Golly and animals of Lenia become world files that run; Lenia is checked against plain NumPy."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.automata.lenia_cells import parse_cells, parse_channels
from ffnca.errors import InputError
from ffnca.interchange.lenia_animals import animal_world, animals_in
from ffnca.opening import make
from ffnca.systems.base import Request
from ffnca.systems.lenia import LENIA
from ffnca.world_file import load_world, parse_world

ANIMALS = Path(__file__).resolve().parents[3] / "shared/data/lenia/animals.json"
GLIDER = [[0, 1, 0], [0, 0, 1], [1, 1, 1]]


def living(simulation) -> list[list[int]]:
    """What lives, cut out."""
    cells = np.asarray(simulation.start)[..., 0]
    rows, columns = np.nonzero(cells)
    return cells[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(int).tolist()


QUOTED = "Gli\"der \\ 'one'"
NAMED = f"#N {QUOTED}\r\nx = 3, y = 3, rule = B36/S23\r\nbo$2bo$3o!\r\n"
ON_A_TORUS = '#C """\n#C \x7f\t\x01\nx = 3, y = 3, rule = B3/S23:T40,32\nbo$2bo$3o!'


@pytest.mark.parametrize(
    ("name", "text", "size", "boundary", "rule", "title"),
    [
        ("a.rle", NAMED, 64, "zero", "B36/S23", QUOTED),
        ("b.RLE", ON_A_TORUS, (32, 40), "wrap", "B3/S23", "b"),
        ("c.cells", "!Name: Glider\n!\n.O.\n..O\nOOO\n", 64, "zero", "B3/S23", "Glider"),
        ("d.lif", "#Life 1.06\n0 -1\n1 0\n-1 1\n0 1\n1 1\n", 64, "zero", "B3/S23", "d"),
    ],
)
def test_patterns_are_worlds_of_life(ffnca, tmp_path: Path, name, text, size, boundary, rule, title) -> None:
    (tmp_path / name).write_bytes(text.encode())
    code, out, err = ffnca("import", name, "out.toml")
    assert (code, err) == (0, "")
    assert "out.toml" in out
    world = load_world("out.toml")
    assert world.grid.size == (size if isinstance(size, tuple) else (size, size))
    assert (world.grid.boundary, world.rule.notation) == (boundary, rule)
    assert world.title == title
    assert living(make("out.toml")) == GLIDER


def test_an_imported_glider_moves(ffnca, tmp_path: Path) -> None:
    (tmp_path / "glider.cells").write_text(".O.\n..O\nOOO\n")
    assert ffnca("import", "glider.cells", "glider.toml")[0] == 0
    simulation = make("glider.toml")
    after = rollout(simulation.automaton, simulation.start, 4, key=jax.random.key(0))
    np.testing.assert_array_equal(after, np.roll(simulation.start, (1, 1), (0, 1)))


@pytest.mark.parametrize(
    ("name", "content", "words", "message"),
    [
        ("a.rle", b"!", [], "a.rle: the pattern is empty"),
        ("a.rle", b"\xff\xfe", [], "is not UTF-8"),
        ("a.rle", b"2000o!", [], "allowed: 1024 a side"),
        ("a.rle", b"3o!" + b" " * 2**22, [], "too large"),
        ("a.rle", b"x = 3, y = 1, rule = WireWorlds\n3o!", [], "a.rle: line 1, column 15: the rule of its header"),
        ("a.rle", b"3o!", ["--target", "a.png"], "--target a.png: says nothing of a.rle"),
    ],
)
def test_bad_patterns_are_one_line(ffnca, tmp_path: Path, name, content, words, message) -> None:
    (tmp_path / name).write_bytes(content)
    code, out, err = ffnca("import", name, "out.toml", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == [name]


SMALL = {
    "rings": {"R": 5, "T": 7, "b": "1/2,1", "m": 0.2, "s": 0.05, "kn": 2, "gn": 2},
    "disc": {"R": 4, "T": 10, "b": "1", "m": 0.15, "s": 0.03, "kn": 1, "gn": 1},
}
CELLS = "2.pAyO$3CqB.X$oA2.H$$2E!"


def entry(code: str, **changes: object) -> dict:
    return {"code": code, "name": f"The {code}", "params": SMALL[code], "cells": CELLS, **changes}


def lenia_step(state: np.ndarray, params: dict) -> np.ndarray:
    """One step on a torus, neighbour by neighbour, by the formulas of Chan (2019), sections 2.2 and 2.3."""
    radius, total, mean = params["R"], 0.0, np.zeros_like(state)
    peaks = [eval(peak) for peak in params["b"].split(",")]
    for down in range(-radius, radius + 1):
        for across in range(-radius, radius + 1):
            place = len(peaks) * np.hypot(down, across) / radius
            if place >= len(peaks):
                continue
            within = place % 1
            core = (4 * within * (1 - within)) ** 4
            if params["kn"] == 2:
                core = np.exp(4 - 1 / (within * (1 - within))) if 0 < within < 1 else 0.0
            weight = peaks[int(place)] * core
            total += weight
            mean += weight * np.roll(state, (down, across), (0, 1))
    off = (mean / total - params["m"]) / params["s"]
    growth = 2 * np.maximum(0, 1 - off**2 / 9) ** 4 - 1 if params["gn"] == 1 else 2 * np.exp(-(off**2) / 2) - 1
    return np.clip(state + growth / params["T"], 0, 1)


@pytest.mark.parametrize("code", SMALL)
def test_animals_live_as_plain_numpy_says(ffnca, tmp_path: Path, code: str) -> None:
    heading = {"code": ">1", "name": "class: Small"}
    (tmp_path / "animals.json").write_text(json.dumps([heading, entry("rings"), entry("disc")]))
    assert ffnca("import", "animals.json", "animal.toml", "--name", code)[0] == 0
    simulation = make("animal.toml")
    assert simulation.world.title == f"The {code}"
    cells = np.array(parse_cells(CELLS))
    state = np.zeros(simulation.start.shape[:2])
    top, left = (np.array(state.shape) - cells.shape) // 2
    state[top : top + cells.shape[0], left : left + cells.shape[1]] = cells
    np.testing.assert_allclose(np.asarray(simulation.start)[..., 0], state, atol=1e-7)
    for _ in range(3):
        state = lenia_step(state, SMALL[code])
    assert 0.5 < state.sum() != cells.sum()
    found = rollout(simulation.automaton, simulation.start, 3, key=jax.random.key(0))
    np.testing.assert_allclose(np.asarray(found)[..., 0], state, atol=2e-5)


def test_an_animal_is_found_by_code_name_or_number(caplog) -> None:
    animals = [entry("rings"), entry("disc"), entry("disc", name="Other", cells="o!")]
    titles = {wanted: parse_world(animal_world(animals, wanted, "f"), "f").title for wanted in ("rings", "the DISC")}
    assert titles == {"rings": "The rings", "the DISC": "The disc"}
    assert parse_world(animal_world(animals, "disc:2", "f"), "f").title == "Other"
    assert not caplog.messages
    assert parse_world(animal_world(animals[:1], None, "f"), "f").title == "The rings"


@pytest.mark.parametrize(
    ("changes", "wanted", "message"),
    [
        ({}, None, "holds 2 animals; allowed: --name CODE, such as"),
        ({}, "ring", r'has no animal "ring"; did you mean "rings"'),
        ({"params": SMALL["rings"] | {"kn": 5}}, "rings", r"kn = 5, a type of kernel that is not supported"),
        ({"params": SMALL["rings"] | {"gn": 4}}, "rings", r"gn = 4, a type of growth that is not supported"),
        ({"params": [SMALL["rings"], SMALL["disc"]]}, "rings", "R differs between kernels"),
        ({"params": [SMALL["rings"]] * 65}, "rings", "params is no table; allowed: a table, or a list of up to 64"),
        ({"params": [SMALL["rings"] | {"c": 1}] * 2}, "rings", "c = 1; allowed: the numbers of two channels"),
        ({"params": [SMALL["rings"] | {"c": [0, 1]}] * 2}, "rings", r"kernels\[0\].target = 1 with rule.channels = 1"),
        ({"params": [SMALL["rings"] | {"h": 0}] * 2}, "rings", "h = 0; allowed: a number above 0"),
        ({"params": SMALL["rings"] | {"c0": 1}}, "rings", r"params\.c0 is not supported"),
        ({"params": {"R": 5}}, "rings", "params has no T"),
        ({"params": SMALL["rings"] | {"b": "1/0"}}, "rings", 'b = "1/0"; allowed: numbers or fractions'),
        ({"params": SMALL["rings"] | {"b": "0,0"}}, "rings", "no ring has a weight"),
        ({"params": SMALL["rings"] | {"R": 500}}, "rings", r"rule\.radius = 500; allowed"),
        ({"cells": 9 * ["o!"]}, "rings", "cells are not text; allowed: text, or a list of it for up to 8 channels"),
        ({"cells": ["o!", 1]}, "rings", "cells are not text"),
        ({"cells": "hello!"}, "rings", "is no animal"),
    ],
)
def test_what_no_world_can_be_is_named(changes: dict, wanted: str | None, message: str) -> None:
    animals = animals_in([entry("rings", **changes), entry("disc")])
    with pytest.raises(InputError, match=message):
        animal_world(animals, wanted, "f")


def test_several_kernels_and_channels_become_a_world() -> None:
    params = [SMALL["disc"] | {"c": [0, 1], "h": 1, "r": 0.8}, SMALL["disc"] | {"c": [1, 1], "h": 3}]
    animals = animals_in([entry("disc", params=params, cells=[CELLS, "o$2o!"])])
    world = parse_world(animal_world(animals, None, "f"), "f")
    assert [(one.source, one.target, one.radius_share, one.weight) for one in world.kernels] == [
        (0, 1, 0.8, 0.25),
        (1, 1, 1, 0.75),
    ]
    first, second = np.array(parse_channels(world.start.cells))
    np.testing.assert_array_equal(first, parse_cells(CELLS))
    np.testing.assert_array_equal(second[:2, :2], [[1, 0], [1, 1]])
    assert second.sum() == 3


def test_steps_are_the_game_of_life(key) -> None:
    """Lenia's own Life: a kernel of eight neighbours and half of the cell, a step of growth, T = 1."""
    params = {"R": 2, "T": 1, "b": "1", "m": 0.35, "s": 0.07, "kn": 4, "gn": 3}
    glider = parse_world(animal_world([entry("disc", params=params, cells="bo$2bo$3o!")], None, "f"), "f")
    simulation = LENIA.open(glider, Request("f"), Path("f.toml"))
    after = rollout(simulation.automaton, simulation.start, 4, key=key)
    np.testing.assert_array_equal(after, np.roll(simulation.start, (1, 1), (0, 1)))


@pytest.mark.skipif(not ANIMALS.exists(), reason="Lenia's animals are not here")
def test_lenias_own_animals(ffnca) -> None:
    """All become worlds; the shipped Orbium is one of them."""
    animals = animals_in(json.loads(ANIMALS.read_bytes()))
    assert len(animals) == 548
    steps = [one for one in animals if one["params"]["kn"] > 2]
    assert len(steps) == 20
    for one in animals[::20] + steps:
        world = parse_world(animal_world([one], None, "f"), "f")
        assert world.start.cells.replace("\n", "") == "".join(one["cells"].split())
    assert ffnca("import", ANIMALS, "orbium.toml", "--name", "Orbium unicaudatus")[0] == 0
    mine, shipped = make("orbium.toml"), make("orbium")
    assert mine.world.rule == shipped.world.rule
    np.testing.assert_array_equal(mine.start, shipped.start)

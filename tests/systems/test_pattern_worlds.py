"""Pattern files are worlds by themselves, in every dialect; states are written as patterns and come back."""

from pathlib import Path

import jax
import numpy as np
import pytest

from ffnca.automata.life_pattern import MAX_PATTERN_SIDE, parse_pattern
from ffnca.automata.life_states import to_rle
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.systems.pattern_file import MAX_PATTERN
from ffnca.world_file import load_world, parse_world

GLIDER = [[0, 1, 0], [0, 0, 1], [1, 1, 1]]
FADING = [[0, 1, 0], [0, 2, 3], [1, 1, 24]]
GOLLY = """#N Glider
#O Richard K. Guy
#C The smallest spaceship. [[ AUTOSTART ]]
#R 5 -3
#P -1 -1
#CXRLE Pos=-1,-1 Gen=3480106827776
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rle", f"{GOLLY}x = 3, y = 3, rule = B3/S23\nbob$2bo$3o!\n\nwhat is behind the end"),
        ("b.RLE", f"{GOLLY}x=3,y=3,rule=b3s23\nbob$2bo$3o!".replace("\n", "\r\n")),
        ("c.rle", "bob$2\nb\no\n$3\no!"),
        ("d.rle", "x = 3, y = 3, rule = 23/3/2\n.A.$..A$3A!"),
        ("e.rle", "x = 3, y = 3, rule = LifeHistory\nDAB$.BC$2AE!"),
        ("f.cells", "!Name: Glider\n!Author: Guy\n!\n.O\n..O\nOOO\n"),
        ("g.lif", "#Life 1.05\n#D A glider\n#N\n#P\n.*\n..*\n***\n"),
        ("h.life", "#Life 1.06\n0 -1\n1 0\n-1 1\n0 1\n1 1\n"),
        ("i.rle", "#N\n#CXRLE Pos=0,0\n\n  x = 3 , y = 3 , rule = Conway's Life\n\nbo $2bo\t$\n#C between\n3o!"),
        ("j.rle", "x = 3, y = 3, rule = B3_S23\nbo$2bo$3o!"),
    ],
)
def test_every_dialect(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    np.testing.assert_array_equal(parse_pattern(text).cells, GLIDER)
    world = load_world(tmp_path / name)
    assert (world.kind, world.rule.notation, world.grid.size, world.grid.boundary) == (
        "life",
        "B3/S23",
        (64, 64),
        "zero",
    )
    assert world.title == (name[0] if name[0] in "cdeghij" else "Glider")


def test_states_by_letters() -> None:
    text = "x = 3, y = 3, rule = 345/2/25\n.A$.BC$2AX!"
    np.testing.assert_array_equal(parse_pattern(text).cells, FADING)
    text = "x = 5, y = 1, rule = 23/3/256\nXpApXyAyO!"
    np.testing.assert_array_equal(parse_pattern(text).cells, [[24, 25, 48, 241, 255]])
    assert to_rle(parse_pattern(text).cells, "B3/S23/C256") == text.replace("23/3/256", "B3/S23/C256") + "\n"


def test_a_pattern_is_run_and_made(ffnca, tmp_path: Path) -> None:
    Path("glider.cells").write_text("!Name: Glider\n.O.\n..O\nOOO\n")
    code, out, err = ffnca("run", "glider.cells", "--steps", 4, "--size", "20x31", "--out", "state.npz")
    assert (code, err, out.startswith("glider: 4 steps")) == (0, "", True)
    start = make("glider.cells", (20, 31)).start
    with np.load("state.npz") as arrays:
        np.testing.assert_array_equal(arrays["state"], np.roll(start, (1, 1), (0, 1)))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.rle", "bo$2bo$3oq!", 'line 1, column 10: "q" is no state'),
        ("a.rle", "x = 3, y = 3\nbo$\n2bo$3o?", 'line 3, column 7: "?" where a run should be'),
        ("a.rle", "x = 3, y = 3\n.A$..B$3A!", 'line 2, column 6: "B" is state 2; allowed with B3/S23: 2 states'),
        ("a.rle", "x = 3, y = 3, rule = 23/3/4\n.A$..B$3D!", 'line 2, column 9: "D" is state 4'),
        (
            "a.rle",
            "x = 3, y = 3, rule = WireWorlds\n.A!",
            'line 1, column 15: the rule of its header: "Wire',
        ),
        (
            "a.rle",
            "#C x\nx = 3, y = 3, rule = B3/S23:K9\no!",
            "line 2, column 15: the rule of its header: the topology",
        ),
        ("a.rle", "x = 3, y = 3\n3o$1000000000000b3o!", "line 2, column 4: the pattern is larger than 2048x2048"),
        ("a.rle", "1000000000000$o!", "line 1, column 15: the pattern is larger than 2048x2048"),
        ("a.rle", f"{'9' * 100_000}o!", "line 1, column 1: the pattern is larger than 2048x2048"),
        ("a.rle", "9" * MAX_PATTERN, "line 1, column 1:"),
        ("a.rle", "\n" * (MAX_PATTERN - 3) + "bo!", f"the pattern has {MAX_PATTERN - 2} lines; allowed: 1048576"),
        ("a.rle", "#R 1\n" * 101 + "bo!", 'line 101, column 1: "#R 1" is one rule more; allowed: 100 lines #r'),
        ("a.rle", "yX!", "is no state"),
        ("a.rle", "2000o!", "the pattern has 1x2000 cells; allowed: 1024 a side"),
        ("a.rle", "x = 3, y = 3, rule = B3/S23:T2,2\n3o!", "asks for a grid 2 wide and 2 high; allowed: sides of 8 to"),
        ("a.rle", "", "is empty"),
        ("a.rle", "x = 3, y = 3\n!!", "a.rle"),
        ("a.cells", "!Name: x\n.O.\n.x.\n", 'line 3, column 2: "x" in plain text'),
        ("a.lif", "#Life 1.06\n0 0\n99999999999 0\n", "line 3, column 1: Life 1.06"),
        ("a.lif", "#Life 1.06\n0 0\n-99999 3\n", "larger than 2048x2048"),
        ("a.lif", "#Life 1.05\n#P 0 x\n*\n", "line 2, column 1: Life 1.05"),
        ("a.lif", "#Life 1.05\n#P 0 0\n*x\n", "line 3, column 2: Life 1.05"),
    ],
)
def test_bad_files_are_one_line(ffnca, name: str, text: str, said: str) -> None:
    Path(name).write_text(text)
    if said == "a.rle":  # a header of a size, and nothing alive: an empty grid
        assert not np.asarray(make(name).start).any()
        return
    code, out, err = ffnca("run", name)
    assert (code, out, len(err.splitlines()), err.startswith(f"ffnca: {name}: ")) == (2, "", 1, True)
    assert said in err


def test_the_largest_file_is_a_world(tmp_path: Path) -> None:
    path = tmp_path / "a.rle"
    path.write_bytes(b"3o!".ljust(MAX_PATTERN))
    assert int(np.asarray(make(path).start).sum()) == 3


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.rle", "#N a\x1b[31mred\u202e\x07\n3o!", "a\\x1b[31mred\\u202e\\x07"),
        ("\x1b🦎\t.rle", "3o!", "\\x1b🦎"),
        (f"{'a' * 240}.rle", "3o!", 200 * "a"),
        ("a.rle", "#N <script>alert(1)</script>\n3o!", "<script>alert(1)</script>"),
    ],
)
def test_any_name_becomes_a_title(tmp_path: Path, name: str, text: str, title: str) -> None:
    (tmp_path / name).write_text(text)
    assert load_world(tmp_path / name).title == title


def test_a_file_that_is_too_large_is_not_read(ffnca) -> None:
    Path("a.rle").write_bytes(b"o" * (MAX_PATTERN + 1))
    assert "too large" in ffnca("run", "a.rle")[2]
    assert MAX_PATTERN_SIDE == 2048


def test_what_is_not_as_it_should_be_is_told(ffnca, capsys: pytest.CaptureFixture[str]) -> None:
    Path("cut.rle").write_text("x = 9, y = 1, rule = B3/S23\nbo$2bo$3o")
    world = load_world("cut.rle")
    size, end = capsys.readouterr().err.splitlines()
    assert size == "ffnca: cut.rle: its header says 1x9 (height x width), its rows 3x3; the rows count"
    assert end.startswith("ffnca: cut.rle: it has no final !")
    assert parse_pattern(world.start.rle).ended


def test_bounded_grids_behind_a_rule_in_a_world_file() -> None:
    text = 'kind = "life"\ntitle = "t"\n[grid]\nsize = [32, 32]\n[rule]\nnotation = "{}"\n[start]\nrle = "{}"\n'
    world = parse_world(text.format("23/3:T64,48", "3o!"), "w")
    assert (world.rule.notation, world.grid.size, world.grid.boundary) == ("B3/S23", (48, 64), "wrap")
    world = parse_world(
        text.replace("[start]", "[start]\ndensity = 0.5").replace('rle = "{}"\n', "").format("Life:P20"), "w"
    )
    assert (world.grid.size, world.grid.boundary) == ((20, 20), "zero")
    for notation, rle, said in (
        ("B3/S23:T30+3,9", "3o!", 'w: rule.notation = "B3/S23:T30+3,9": the topology "T30+3,9" is not supported'),
        ("B3/S23:T2", "3o!", "w: rule.notation asks for a grid 2 wide and 2 high; allowed: sides of 8 to 1024"),
        ("B3/S23:T9", "10o!", "w: rule.notation asks for a grid 9 wide and 9 high, which does not hold its pattern"),
        ("B3/S23:T64", "x = 1, y = 1, rule = B3/S23:P64\\n3o!", "w: rule.notation ends :T64,64, but the header"),
        ("B2/S/C3", "3C!", 'w: start.rle: line 1, column 2: "C" is state 3; allowed with B2/S/C3: 3 states'),
    ):
        with pytest.raises(InputError) as caught:
            parse_world(text.format(notation, rle), "w")
        assert str(caught.value).startswith(said)


@pytest.mark.parametrize("name", ["gosper-gun", "transers", "wireworld", "bosco", "waffle"])
def test_a_state_is_written_and_comes_back(ffnca, name: str) -> None:
    code, out, err = ffnca("export", name, "later.rle", "--steps", 33)
    assert (code, err, out) == (0, "", f"later.rle: {name} after 33 steps\n")
    assert max(map(len, Path("later.rle").read_text().splitlines())) <= 72
    first, later = make(name), make("later.rle")
    for key in ("kind", "title", "grid", "rule"):
        assert getattr(later.world, key, None) == getattr(first.world, key, None)
    *_, state = first.states(33, 33, key=jax.random.key(0))
    assert np.asarray(state).any()
    np.testing.assert_array_equal(later.start, state)


def test_what_is_no_pattern_is_not_written(ffnca) -> None:
    for words, said in (
        (("orbium", "a.rle"), "a.rle: the states of kind lenia are no patterns"),
        (("glider", "a.rle", "--fps", 5), "a.rle: holds one state and no frames; allowed with it: --steps, --seed"),
        (("glider", "no/a.rle"), "no"),
    ):
        code, out, err = ffnca("export", *words)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert said in err
    assert not list(Path().iterdir())


def test_the_rule_of_a_header_names_the_kind(ffnca) -> None:
    Path("a.rle").write_text('#N Ring\nx = 3, y = 3, rule = "wireworld:T40,20"\nABC$C.C$3C!')
    Path("b.rle").write_text("x = 2, y = 1, rule = 5,34,45,34,58\n2o!")
    Path("c.rle").write_text("x = 2, y = 1, rule = R2,C4,M0,S3..8,B5..9,NM\nAC!")
    Path("d.rle").write_text("x = 2, y = 1, rule = Life\n2o!")  # both Life-like and Larger than Life call one so
    ring, bosco, fading, life = (load_world(f"{name}.rle") for name in "abcd")
    assert (ring.kind, ring.title, ring.grid.size, ring.grid.boundary) == ("wireworld", "Ring", (20, 40), "wrap")
    assert (bosco.kind, bosco.rule.notation) == ("larger_than_life", "R5,C0,M1,S34..58,B34..45,NM")
    assert (fading.kind, int(np.asarray(make("c.rle").start).max())) == ("larger_than_life", 3)
    assert life.kind == "life"
    for rule, cell, said in (("WireWorld", "D", "4 states, 0 to 3"), ("R2,C0,M0,S3..8,B5..9,NM", "B", "2 states")):
        Path("e.rle").write_text(f"x = 1, y = 1, rule = {rule}\n{cell}!")
        code, out, err = ffnca("run", "e.rle")
        assert (code, out, len(err.splitlines()), said in err) == (2, "", 1, True)


def test_a_mirror_is_told_of_and_an_empty_grid_comes_back(ffnca, capsys: pytest.CaptureFixture[str]) -> None:
    world = 'kind = "life"\ntitle = "Nothing"\n[grid]\nsize = [9, 8]\nboundary = "{}"\n[rule]\nnotation = "Life"\n'
    for boundary in ("reflect", "wrap"):
        Path("w.toml").write_text(world.format(boundary) + "[start]\ndensity = 0\n")
        code, _, err = ffnca("export", "w.toml", "a.rle")
        assert (code, "no edge that mirrors" in err) == (0, boundary == "reflect")
    assert make("a.rle").start.shape == (9, 8, 1)
    assert not np.asarray(make("a.rle").start).any()

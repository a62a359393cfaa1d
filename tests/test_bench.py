"""The benchmark: what `ffnca bench` prints, references that compute the same, and programs measured from outside."""

import json
import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from ffnca.automata.base import rollout
from ffnca.automata.life import Life
from ffnca.automata.nca import NCA
from ffnca.bench import learning, processes, steps, transports, worlds, writing
from ffnca.bench.row import Pair, Row
from ffnca.bench.steps import Grid
from ffnca.bench.table import Wanted, in_words
from ffnca.errors import InputError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
bench_table = pytest.importorskip("bench_table")


def _row(name: str, unit: str = "milliseconds") -> Row:
    return Row(name, "a third of it", lambda: Pair(lambda: 6.0, lambda: 2.0), 3, unit)


def test_a_quick_run_keeps_the_contract(ffnca) -> None:
    code, out, err = ffnca("bench", "--quick", "--json", "--out", "bench.json")
    assert code == 0
    table = json.loads(out)
    assert table == json.loads(Path("bench.json").read_text())
    assert set(table) == {"machine", "rows", "memory"}
    assert table["machine"]["device"] == jax.devices()[0].device_kind
    assert table["machine"]["cpus"] > 0
    assert len(table["rows"]) >= 5
    for row in table["rows"]:
        assert set(row) == {"name", "milliseconds", "reference", "reference_milliseconds", "ratio"}
        for figure in ("milliseconds", "reference_milliseconds", "ratio"):
            assert math.isfinite(row[figure])
            assert row[figure] > 0
        assert row["ratio"] == pytest.approx(row["milliseconds"] / row["reference_milliseconds"])
    names = " ".join(row["name"] for row in table["rows"])
    for part in ("NCA step", "Life", "Lenia", "import ffnca", "ffnca --help"):
        assert part in names
    assert all(line.startswith("ffnca: cax is not installed") for line in err.splitlines())


def test_only_some_rows_as_a_table(ffnca) -> None:
    code, out, err = ffnca("bench", "--quick", "--only", "IMPORT", "--only", "life")
    assert (code, err) == (0, "")
    _, life, imports = out.strip().splitlines()
    assert life.strip().startswith("Life, 64x64")
    assert "NumPy" in life
    assert imports.strip().startswith("import ffnca")
    assert " ms " in imports


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--only", "such"), ("--only", "such", "names are NCA step")),
        (("--out", "bench.txt"), ("bench.txt", ".json or .png")),
        (("--out", "none/bench.json"), ("none",)),
    ],
)
def test_bad_input_is_one_line(ffnca, words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    code, out, err = ffnca("bench", "--quick", *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    for part in parts:
        assert part in err
    assert not any(Path.cwd().iterdir())


def test_what_is_done_again_and_again_is_done_to_the_same_living_cells() -> None:
    state = steps.living(8)
    automaton, calls = steps.published(), []

    def noted(automaton: NCA, moving: jax.Array, key: jax.Array) -> jax.Array:
        jax.debug.callback(calls.append, automaton.alive(moving).sum())
        return jnp.sum(automaton.perceive(moving), -1, keepdims=True)

    again = transports.repeated(noted, automaton, state, 3, key=jax.random.key(0))
    jax.effects_barrier()
    assert [int(count) for count in calls] == [64] * 3
    np.testing.assert_allclose(again, state, atol=1e-6)
    rows = transports.transport_rows(quick=False)
    assert [row.reference for row in rows] == ["by learned transport"] * 2
    assert transports.transport_rows(quick=True) == []


def test_ctrl_c_ends_it_and_writes_nothing(ffnca, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> Pair:
        raise KeyboardInterrupt

    row = Row("one", "other", interrupted)
    monkeypatch.setattr(Wanted, "chosen", lambda *only, quick: Wanted([row], []))
    code, out, err = ffnca("bench", "--out", "bench.json")
    assert (code, out, err) == (130, "", "ffnca: interrupted\n")
    assert not any(Path.cwd().iterdir())


def test_ours_and_the_reference_take_turns_and_the_median_counts() -> None:
    asked: list[str] = []
    ours, reference = iter([99.0, 5.0, 1.0, 3.0]), iter([99.0, 2.0, 9.0, 6.0])

    def prepare() -> Pair:
        def mine() -> float:
            asked.append("ours")
            return next(ours)

        def other() -> float:
            asked.append("reference")
            return next(reference)

        return Pair(mine, other)

    figures = Row("one", "other", prepare, 3).figures()
    assert asked == ["ours", "reference"] * 4
    assert (figures["milliseconds"], figures["reference_milliseconds"], figures["ratio"]) == (3.0, 6.0, 0.5)


def test_the_plot_shows_times_and_memory(tmp_path: Path) -> None:
    wanted = Wanted([_row("step"), _row("peak", "mebibytes")], [])
    figures = writing.benchmark(wanted, tmp_path / "bench.png")
    assert [in_words(row) for row in figures["rows"] + figures["memory"]] == [
        ("step", "6 ms", "a third of it", "2 ms", "3"),
        ("peak", "6 MiB", "a third of it", "2 MiB", "3"),
    ]
    with Image.open(tmp_path / "bench.png") as picture:
        assert len(np.unique(np.asarray(picture).reshape(-1, picture.mode.count("A") + 3), axis=0)) > 10


def test_what_has_no_room_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "free_bytes", lambda: 3 * 1024**2 * steps.BYTES_PER_CELL)
    rows, notes = steps.step_rows(quick=False)
    names = {row.name for row in rows}
    assert "NCA step, 1024x1024" in names
    assert "NCA step, 1024x1024, batch 8" not in names
    (note,) = notes
    assert note.startswith("NCA step, 1024x1024, batch 8: left out")


def test_memory_that_is_left_is_known_or_not() -> None:
    free = steps.free_bytes()
    assert free is None or 2**20 < free < 2**50


def test_the_products_are_those_of_a_step(key: jax.Array) -> None:
    draw = np.random.default_rng(0)
    seen, first, second = (jnp.asarray(draw.normal(size=size), jnp.float32) for size in ((5, 6), (6, 7), (7, 3)))
    after = steps.products(seen, first, second, 2)
    once = seen.at[0, :3].set((seen @ first @ second)[0])
    np.testing.assert_allclose(after, once.at[0, :3].set((once @ first @ second)[0]), rtol=1e-5)


def test_a_creature_is_the_same_size_on_every_grid() -> None:
    alive = [int((steps.creature(side)[..., 3] > 0.1).sum()) for side in (32, 64)]
    assert alive[0] == alive[1] == 609
    grid = Grid(1, 32, 2, 3)  # as in the quick run, so that it is compiled once
    assert all(measured() > 0 for measured in steps.sparse(grid, grid))


def test_life_in_numpy_is_life(key: jax.Array) -> None:
    cells = np.random.default_rng(1).random((33, 47)) < 0.4
    ours = rollout(Life.from_notation("B3/S23"), jnp.asarray(cells, jnp.float32)[..., None], 7, key=key)
    np.testing.assert_array_equal(worlds.life_by_numpy(cells, 7), np.asarray(ours)[..., 0] > 0.5)


def test_lenia_in_numpy_is_lenia(key: jax.Array) -> None:
    automaton = worlds.lenia_of(5, 32)
    levels = np.random.default_rng(1).random((32, 32), np.float32)
    ours = rollout(automaton, jnp.asarray(levels)[..., None], 3, key=key)
    spectrum = worlds.spectrum_of(np.asarray(automaton.growth.kernels)[0], 32)
    np.testing.assert_allclose(worlds.lenia_by_numpy(levels, spectrum, 3), np.asarray(ours)[..., 0], atol=1e-4)
    assert ours.max() > 0.1


def test_programs_are_measured_from_outside() -> None:
    idle, busy = processes.ran(("-c", "pass")), processes.ran(("-c", "b'x' * 2**28"))
    assert idle.milliseconds > 0
    assert 0 < idle.mebibytes < 100  # and not the memory of who started it
    assert 256 < busy.mebibytes < 400


def test_a_cold_start_has_an_empty_folder_for_compiled_code(tmp_path: Path) -> None:
    note = tmp_path / "folder"
    code = f"open({str(note)!r}, 'w').write(folder + str(os.listdir(folder)))"
    processes.ran_cold(("-c", f"import os; folder = os.environ['JAX_COMPILATION_CACHE_DIR']; {code}"))
    folder = note.read_text()
    assert folder.endswith("[]")
    assert not Path(folder.removesuffix("[]")).exists()


def test_a_program_that_fails_is_one_line() -> None:
    with pytest.raises(InputError, match=r"python -c .*: failed \(.*nothing to see"):
        processes.ran(("-c", "raise SystemExit('nothing to see')"))


def test_all_rows_have_names_of_their_own() -> None:
    names = [row.name for row in Wanted.chosen(("",)).rows]
    assert len(set(names)) == len(names)
    for part in (
        "72x72",
        "256x256",
        "1024x1024",
        "training round",
        "2048x2048",
        "nothing compiled yet",
        "import ffnca",
    ):
        assert any(part in name for name in names), part


@pytest.mark.slow
def test_a_training_round_is_measured() -> None:
    (row,) = learning.learning_rows(quick=False)
    figures = Row(row.name, row.reference, row.prepare, 3).figures()
    assert figures["ratio"] > 0


def test_kept_figures_become_the_table_of_their_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    kept, document = tmp_path / "bench.json", tmp_path / "README.md"
    figures = writing.benchmark(Wanted([_row("step")], []))
    figures["machine"] |= {"device": "NVIDIA H200", "devices": 2}
    kept.write_text(json.dumps(figures))
    document.write_text("<!-- begin gpu -->\nold\n<!-- end gpu -->\n")
    monkeypatch.setattr(bench_table, "STUDIES", document)
    monkeypatch.setattr(sys, "argv", ["bench_table.py", str(kept), "--block", "gpu", "--write"])
    bench_table.main()
    printed = capsys.readouterr().out.strip()
    assert "| step | 6 ms | a third of it | 2 ms | 3 |" in printed.splitlines()
    assert "on 2 x NVIDIA H200, " in printed
    assert document.read_text() == f"<!-- begin gpu -->\n{printed}\n<!-- end gpu -->\n"

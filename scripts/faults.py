"""Break runs in every way that a machine does, and count what is lost.

    python scripts/faults.py [--kills 100] [--only TEXT] [--write]

Each trial is a process of the real command line, forked from one that has imported the package, so that most of its
time is work. *Survived*: files are whole, as before or as they should become; what ends, ends with one line and exit
code 2; and the run that goes on comes to the same numbers, bit for bit, as one that nothing happened to. All else is
lost. Full and read-only disks need the right to mount a tmpfs; without it they are left out, and that is said.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import safetensors.numpy
from PIL import Image
from report import publish

WORLD = """kind = "growth"
title = "Ring"
[grid]
size = [14, 14]
[rule]
hidden = [8]
[target]
image = "ring.png"
size = 12
[train]
pool_size = 16
"""
UPDATES = 200
KILLS_IN_A_ROW, FEW = 4, 5
"""Kills of one run before it is let go on to its end; trials of each other fault."""
SHARE = (0.3, 0.35, 0.35)
"""Of the kills: in training and resuming, exporting, saving."""
PATIENCE = 240.0
"""Seconds after which a command counts as hung."""
PATTERN = "x = 3, y = 3, rule = B3/S23:T32,32\nbob$2bo$3o!\n"
ENDS = (0, 1)
"""Exit codes of a training that came to its end: it learned, or not yet."""
LEFT_OVER = ".ffnca-"


@dataclass
class Tally:
    """What came of the trials of one fault."""

    tried: int = 0
    survived: int = 0
    losses: list[str] = field(default_factory=list)

    def count(self, *wrong: str | None) -> None:
        """One more trial, and what was wrong after it; None is nothing."""
        self.tried += 1
        found = [one for one in wrong if one]
        self.survived += not found
        self.losses += found
        for one in found:
            print(f"  lost: {one}", file=sys.stderr, flush=True)


class Command:
    """A run of the command line in a folder, in a process of its own."""

    def __init__(self, folder: Path, *words: object, before: Callable[[], None] = lambda: None) -> None:
        """Start it; `before` is called in its process first."""
        self.said = Path(tempfile.mkstemp(prefix="faults-", suffix=".txt")[1])
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(folder, [str(word) for word in words], before)

    def _run(self, folder: Path, words: list[str], before: Callable[[], None]) -> None:
        from ffnca import cli

        code = 99
        try:
            os.chdir(folder)
            handle = os.open(self.said, os.O_WRONLY)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(handle, 2)
            sys.argv = ["ffnca", *words]
            before()
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)

    def is_over(self) -> bool:
        """Whether it has ended, by itself or not; `code` says how."""
        found, status = os.waitpid(self.pid, os.WNOHANG)
        if found:
            self.code = os.waitstatus_to_exitcode(status)
        return bool(found)

    def ended(self) -> int:
        """Wait for its exit code, and kill it if none comes."""
        end = time.monotonic() + PATIENCE
        while not self.is_over():
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                end += PATIENCE
            time.sleep(0.01)
        return self.code

    def killed_after(self, wait: Iterator[bool]) -> bool:
        """Kill it without warning once `wait` has come to its end; whether it was still there."""
        for over in wait:
            if self.is_over():
                return False
            if over:
                break
        os.kill(self.pid, signal.SIGKILL)
        return self.ended() == -signal.SIGKILL

    @property
    def lines(self) -> list[str]:
        """What it said on stderr."""
        return self.said.read_text(errors="replace").splitlines()

    def refusal(self) -> str | None:
        """What is wrong with how it refused: it should be by one line and exit code 2."""
        if self.code == 2 and len(self.lines) == 1:
            return None
        return f"exit code {self.code}, {len(self.lines)} lines: {' / '.join(self.lines)[-300:]}"


def moment(folder: Path, longest: float, rng: random.Random) -> Iterator[bool]:
    """True at a random moment: of the whole time, or just after a change in a folder, where files are saved."""
    if rng.random() < 0.5:
        end = time.monotonic() + rng.uniform(0, longest)
        while time.monotonic() < end:
            yield False
            time.sleep(0.005)
    else:
        changes, after = rng.randint(1, 12), rng.uniform(0, 0.02)
        seen = _entries(folder)
        while changes:
            yield False
            time.sleep(0.0005)
            now = _entries(folder)
            changes, seen = changes - (now != seen), now
        time.sleep(after)
    yield True


def _entries(folder: Path) -> set[tuple[str, int]]:
    found = set()
    for place, _, names in os.walk(folder):
        with suppress(OSError):
            found |= {(f"{place}/{name}", os.stat(f"{place}/{name}").st_size) for name in names}
    return found


class Faults:
    """The trials, each in a folder of its own, beside what nothing happened to."""

    def __init__(self, root: Path, kills: int, rng: random.Random) -> None:
        """Run each command once with nothing happening to it."""
        self.root, self.kills, self.rng = root, kills, rng
        self.few = max(2, min(FEW, kills // 10))
        self.tallies: dict[str, Tally] = {}
        whole = self.place("whole")
        self.seconds = self._timed(whole, *self.training())
        self.export_seconds = self._timed(whole, *self.exporting())
        self.save_seconds = self._timed(whole, *self.saving())
        self.numbers = numbers_of(whole / "run")
        self.gif, self.state = (whole / "out.gif").read_bytes(), saved_state(whole / "out.npz")

    def _timed(self, folder: Path, *words: object) -> float:
        Command(folder, *words).ended()  # the first may compile
        for left in (folder / "run", folder / "out.gif", folder / "out.npz"):
            shutil.rmtree(left, ignore_errors=True) if words[0] == "train" else None
        began = time.monotonic()
        command = Command(folder, *words)
        if command.ended() not in ENDS:
            raise SystemExit(f"{words}: {command.lines}")
        return time.monotonic() - began

    def place(self, name: str) -> Path:
        """A new folder with the files that the commands read."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        put_inputs(folder)
        return folder

    @staticmethod
    def training(*more: object) -> tuple[object, ...]:
        """The words that train."""
        return ("train", "ring.toml", "--out", "run", "--updates", UPDATES, *more)

    @staticmethod
    def exporting() -> tuple[object, ...]:
        """The words that export."""
        return ("export", "glider.rle", "out.gif", "--steps", 12)

    @staticmethod
    def saving() -> tuple[object, ...]:
        """The words that save a state."""
        return ("run", "glider.rle", "--steps", 100, "--out", "out.npz")

    def tally(self, name: str) -> Tally:
        """The trials of this fault."""
        return self.tallies.setdefault(name, Tally())

    def goes_on(self, folder: Path) -> str | None:
        """What is wrong with the run that goes on to its end."""
        resume = ["--resume"] * (folder / "run" / "run.json").exists()
        command = Command(folder, *self.training(*resume))
        if command.ended() not in ENDS:
            return f"{folder.name}: does not go on: {' / '.join(command.lines)[-300:]}"
        return self.differs(folder / "run")

    def differs(self, run: Path) -> str | None:
        """What is not as in the run that nothing happened to, bit for bit."""
        found = numbers_of(run)
        if found.keys() != self.numbers.keys():
            return f"{run}: holds {sorted(found.keys() ^ self.numbers.keys())[:5]} more or less"
        wrong = [name for name, one in found.items() if not np.array_equal(one, self.numbers[name], equal_nan=True)]
        return f"{run}: differs in {wrong[:5]}" if wrong else None

    def kill_training(self) -> None:
        """Kill trainings, kill them again as they go on, and let them end."""
        name, done = "kill -9, training and resuming", 0
        wanted = round(SHARE[0] * self.kills)
        while done < wanted:
            folder, struck = self.place("killed"), 0
            for _ in range(KILLS_IN_A_ROW):
                resume = ["--resume"] * (folder / "run" / "run.json").exists()
                command = Command(folder, *self.training(*resume))
                struck += command.killed_after(moment(folder, self.seconds, self.rng))
            wrong = self.goes_on(folder)
            left = f"{folder}: left {LEFT_OVER}" if leftovers(folder / "run") else None
            for _ in range(struck):
                self.tally(name).count(wrong, left)
            done += struck
            print(f"{name}: {done} of {wanted}", file=sys.stderr, flush=True)

    def kill_writing(self) -> None:
        """Kill what writes a file over another."""
        for share, name, words, seconds, read, wanted in (
            (SHARE[1], "kill -9, exporting", self.exporting(), self.export_seconds, Path.read_bytes, self.gif),
            (SHARE[2], "kill -9, saving", self.saving(), self.save_seconds, saved_state, self.state),
        ):
            while self.tally(name).tried < round(share * self.kills):
                folder = self.place("writing")
                out = folder / ("out.gif" if words[0] == "export" else "out.npz")
                before = b"as it was before"
                out.write_bytes(before)
                command = Command(folder, *words)
                if not command.killed_after(moment(folder, seconds, self.rng)):
                    continue
                half = out.read_bytes() != before and read(out) != wanted
                again = Command(folder, *words).ended()
                self.tally(name).count(
                    f"{out.name} is half written" if half else None,
                    f"a second run ends with {again}" if again else None,
                    f"{out.name} is not as it should be" if not again and read(out) != wanted else None,
                    f"left {leftovers(folder)}" if leftovers(folder) else None,
                )
            print(f"{name}: {self.tally(name).tried}", file=sys.stderr, flush=True)

    def full_disk(self) -> None:
        """Let the disk be full at some byte of a training, of an export, of a state."""
        name = "full disk"
        for trial in range(self.few):
            with mounted(self.root / "disk", self.rng.randint(24, 360)) as disk:
                put_inputs(disk)
                command = Command(disk, *self.training())
                fitted = command.ended() in ENDS
                wrong = None if fitted else command.refusal()
                mount("-o", "remount,size=64m", disk)
                self.tally(name).count(wrong, self.goes_on(disk))
            for words, read, wanted in (
                (self.exporting(), Path.read_bytes, self.gif),
                (self.saving(), saved_state, self.state),
            ):
                with mounted(self.root / "disk", 256) as disk:
                    put_inputs(disk)
                    out = disk / ("out.gif" if words[0] == "export" else "out.npz")
                    (disk / "filler").write_bytes(bytes(free_bytes(disk) - 4096 * (trial % 2)))
                    command = Command(disk, *words)
                    wrong = None
                    if command.ended():
                        wrong = command.refusal() or ("a file is left" if out.exists() or leftovers(disk) else None)
                    (disk / "filler").unlink()
                    again = Command(disk, *words).ended()
                    self.tally(name).count(wrong, None if not again and read(out) == wanted else "not as it should be")
            print(f"{name}: {self.tally(name).tried}", file=sys.stderr, flush=True)

    def read_only(self) -> None:
        """Let the disk be read-only before and in the middle of work."""
        name = "read-only folder"
        for words in (self.training(), self.exporting(), self.saving()):
            with mounted(self.root / "disk", 65536) as disk:
                put_inputs(disk)
                mount("-o", "remount,ro", disk)
                before, command = sorted(disk.iterdir()), Command(disk, *words)
                command.ended()
                same = "files have changed" if sorted(disk.iterdir()) != before else None
                self.tally(name).count(command.refusal(), same)
        for _ in range(self.few // 2):
            with mounted(self.root / "disk", 65536) as disk:
                put_inputs(disk)
                command = Command(disk, *self.training())
                waited(lambda disk=disk: (disk / "run" / "metrics.jsonl").exists(), command)
                read_only = mount("-o", "remount,ro", disk, check=False) == 0  # refused while a file is open to write
                code = command.ended()
                if read_only:
                    mount("-o", "remount,rw", disk)
                wrong = command.refusal() if code not in ENDS else None
                self.tally(name).count(wrong, self.goes_on(disk))

    def removed_folder(self) -> None:
        """Remove the run's folder while it trains."""
        for _ in range(max(1, self.few // 2)):
            folder = self.place("removed")
            command = Command(folder, *self.training())
            waited(lambda folder=folder: (folder / "run" / "metrics.jsonl").exists(), command)
            shutil.rmtree(folder / "run", ignore_errors=True)
            command.ended()
            again = shutil.rmtree(folder / "run", ignore_errors=True) or self.goes_on(folder)
            self.tally("removed folder").count(command.refusal() if command.code not in ENDS else None, again)

    def two_at_once(self) -> None:
        """Train twice in one folder, anew and by resuming; the second is refused and the first is as if alone."""
        for trial in range(max(2, self.few // 2)):
            folder = self.place("two")
            first = Command(folder, *self.training())
            waited(lambda folder=folder: (folder / "run" / "run.json").exists(), first)
            second = Command(folder, *self.training(*["--resume"] * (trial % 2)))
            second.ended()
            said = None if any("in use" in line or "holds a run" in line for line in second.lines) else "it says else"
            wrong = f"ends with {first.code}" if first.ended() not in ENDS else self.differs(folder / "run")
            self.tally("two trainings in one folder").count(second.refusal(), said, wrong)

    def damaged_checkpoint(self) -> None:
        """Cut off or flip a bit of a file of the newest checkpoint; the one before is gone back to, and it is said."""
        for trial in range(self.few):
            folder = self.place("damaged")
            shutil.copytree(self.root / "whole" / "run", folder / "run")
            newest = max((folder / "run" / "checkpoints").iterdir(), key=lambda path: int(path.name))
            files = [path for path in newest.rglob("*") if path.is_file() and path.stat().st_size]
            struck = max(files, key=lambda path: path.stat().st_size) if trial % 2 else self.rng.choice(files)
            content = bytearray(struck.read_bytes())
            place = self.rng.randrange(len(content))
            content[place] ^= 1 << self.rng.randrange(8)
            struck.write_bytes(content if trial % 3 else content[:place])
            command = Command(folder, *self.training("--resume"))
            command.ended()
            told = [line for line in command.lines if "is damaged; goes on from" in line]
            replayed = self.differs(folder / "run")
            quiet = "says more than a line of it" if len(command.lines) > 3 else None
            silent = f"nothing said of {struck.name}" if trial % 2 and not told else None
            self.tally("damaged newest checkpoint").count(replayed, quiet, silent)

    def not_a_number(self) -> None:
        """Put NaN into a number of the state after some round; it is gone within 25 rounds, and the run ends well."""
        for _ in range(self.few):
            folder, at, leaf = self.place("nan"), self.rng.randint(1, 49), self.rng.randrange(10**6)
            command = Command(folder, *self.training(), before=lambda at=at, leaf=leaf: poison(at, leaf))
            code = command.ended()
            finite = all(np.isfinite(one).all() for one in numbers_of(folder / "run").values() if one.dtype.kind == "f")
            said = (folder / "run" / "metrics.jsonl").read_text()
            self.tally("injected NaN").count(
                f"ends with {code}: {command.lines[-1:]}" if code not in ENDS else None,
                None if finite else "something is not finite",
                None if "not finite: back to update" in said else f"not rolled back (round {at}, leaf {leaf})",
            )

    def clock_jumps(self) -> None:
        """Let the time of day jump by days to and fro, and the files be of next year; the budget takes no notice."""
        for trial in range(max(2, self.few // 3)):
            folder = self.place("clock")
            command = Command(folder, *self.training(), before=jump)
            if trial % 2:
                command.killed_after(moment(folder, self.seconds, self.rng))
                far = time.time() + 4e7 * self.rng.choice((-1, 1))
                for path in folder.rglob("*"):
                    os.utime(path, (far, far))
                self.tally("clock jumps").count(self.goes_on(folder))
            else:
                code = command.ended()
                self.tally("clock jumps").count(
                    f"ends with {code}" if code not in ENDS else self.differs(folder / "run")
                )


def put_inputs(folder: Path) -> None:
    """The files that the commands read."""
    (folder / "ring.toml").write_text(WORLD)
    (folder / "glider.rle").write_text(PATTERN)
    rows, columns = np.mgrid[0:12, 0:12] - 5.5
    radius = np.hypot(rows, columns)
    colours = [100 + 10 * columns, 100 + 10 * rows, np.full((12, 12), 80), 255 * ((radius < 6) & (radius > 2.2))]
    Image.fromarray(np.stack(colours, -1).astype(np.uint8)).save(folder / "ring.png")


def numbers_of(run: Path) -> dict[str, np.ndarray]:
    """All numbers that a run has come to: of its rule, and of the state in its newest checkpoint.

    Read in a process of its own, since orbax starts threads, and with threads this one could not fork any more.
    """
    place = Path(tempfile.mkstemp(prefix="faults-", suffix=".npz")[1])
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            np.savez(place, **_numbers_of(run))  # pyright: ignore[reportArgumentType]
            code = 0
        finally:
            os._exit(code)
    if os.waitpid(pid, 0)[1]:
        return {}
    with np.load(place) as numbers:
        found = dict(numbers)
    place.unlink()
    return found


def _numbers_of(run: Path) -> dict[str, np.ndarray]:
    import orbax.checkpoint as ocp

    newest = max((run / "checkpoints").glob("[0-9]*[0-9]"), key=lambda path: int(path.name))
    with ocp.StandardCheckpointer() as reader:
        state = reader.restore((newest / "default").resolve())["state"]
    numbers = {f"state {name}": np.asarray(leaf) for name, leaf in state.items()}
    return numbers | safetensors.numpy.load_file(run / "rule.safetensors") | {"round": np.asarray(int(newest.name))}


def saved_state(path: Path) -> list[bytes]:
    """The arrays of a state file."""
    with np.load(path) as arrays:
        return [arrays[name].tobytes() for name in sorted(arrays)]


def leftovers(folder: Path) -> list[str]:
    """Temporary files that nobody removed."""
    return [path.name for path in folder.rglob(f"{LEFT_OVER}*")]


def waited(is_so: Callable[[], bool], command: Command) -> None:
    """Wait until something is so, or a command has ended."""
    while not is_so() and Path(f"/proc/{command.pid}/stat").read_text().split(") ")[1][0] != "Z":
        time.sleep(0.001)


def poison(at: int, number: int) -> None:
    """From now on a round of this process leaves NaN in one of its arrays."""
    import jax
    import jax.numpy as jnp

    from ffnca.systems.growth import local_trainer

    done = SimpleNamespace(rounds=0)
    usual = local_trainer.train_round

    def train_round(*given: Any, **options: Any) -> Any:
        state, figures = usual(*given, **options)
        done.rounds += 1
        if done.rounds == at:
            leaves, tree = jax.tree.flatten(state)
            places = [place for place, leaf in enumerate(leaves) if jnp.issubdtype(leaf.dtype, jnp.floating)]
            place = places[number % len(places)]
            leaves[place] = leaves[place].at[(0,) * leaves[place].ndim].set(jnp.nan)
            state = jax.tree.unflatten(tree, leaves)
        return state, figures

    local_trainer.train_round = train_round


def jump() -> None:
    """From now on the time of day jumps by up to ten days to and fro in this process."""
    usual, rng = time.time, random.Random(0)
    time.time = lambda: usual() + rng.uniform(-864_000, 864_000)
    time.time_ns = lambda: int(1e9 * time.time())


def mount(*words: object, check: bool = True) -> int:
    """Run mount."""
    return subprocess.run(["mount", *map(str, words)], check=check, capture_output=True).returncode


@contextmanager
def mounted(place: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of so many kilobytes for a while."""
    place.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False, capture_output=True)


def free_bytes(folder: Path) -> int:
    """What still fits on a disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def may_mount(root: Path) -> bool:
    """Whether this process can mount."""
    with suppress(OSError, subprocess.CalledProcessError), mounted(root / "disk", 64):
        return True
    return False


def table(tallies: dict[str, Tally]) -> list[str]:
    """A row for each fault, and their sum."""
    rows = [(name, one.tried, one.survived) for name, one in tallies.items()]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    lines = ["| fault | tried | survived | lost |", "|---|---|---|---|"]
    return lines + [f"| {name} | {tried} | {survived} | {tried - survived} |" for name, tried, survived in rows]


def main() -> int:
    """Try all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how many processes are killed without warning")
    parser.add_argument("--only", default="", help="only faults with this in their method's name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        root = Path(folder)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(root / "cache"))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        warnings.filterwarnings("ignore", "os.fork")  # jax has started no threads here
        import ffnca.commands
        import ffnca.systems.growth.local_trainer
        import ffnca.systems.growth.simulated
        import ffnca.train_commands  # noqa: F401

        faults = Faults(root, options.kills, random.Random(options.seed))
        need_mount = (faults.full_disk, faults.read_only)
        trials = (faults.full_disk, faults.damaged_checkpoint, faults.kill_writing, faults.kill_training)
        trials += (faults.not_a_number, faults.clock_jumps, faults.two_at_once, faults.removed_folder, faults.read_only)
        for trial in trials:
            if options.only not in trial.__name__:
                continue
            if trial in need_mount and not may_mount(root):
                print(f"{trial.__name__}: left out, nothing can be mounted here", file=sys.stderr)
                continue
            began = time.monotonic()
            try:
                trial()
            except KeyboardInterrupt:  # what was counted counts
                break
            print(f"{trial.__name__}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        lines = table(faults.tallies)
        print(*lines, sep="\n")
        if options.write:
            publish("faults", lines, f"faults.py --kills {options.kills} --write")
        return int(any(one.losses for one in faults.tallies.values()))


if __name__ == "__main__":
    sys.exit(main())

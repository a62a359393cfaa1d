"""Feed every reader of strangers' files with spoilt ones, and count what is not refused in the project's own words.

    python scripts/fuzz.py [--minutes 10] [--only NAME] [--jobs 1] [--more FOLDER] [--kept FOLDER] [--write]

Real files are spoilt by flipped bytes, cuts, splices, huge numbers, deep nesting and the like, also inside what is
packed or has checksums. A reader may read a file or raise `InputError`. *Other*: any other exception. *Crashed*: the
process died. *Slow*: more than `SECONDS` of CPU time; *large*: it grew by more than `MEGABYTES`. Files that do any of
these are kept. The same seed gives the same files as far as the time goes. PyTorch's files are read where PyTorch is
installed.
"""

import argparse
import base64
import gzip
import importlib.util
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from report import publish_rows

from ffnca.errors import InputError
from ffnca.world import shipped_worlds, worlds_folder

SECONDS, MEGABYTES, ADDRESSES = 5.0, 1024, 16384
"""Megabytes in memory, and of addresses, of which threads and XLA take many that they do not use."""
RESULTS = ("read", "refused", "other", "crashed", "slow", "large")
NUMBERS = (
    *(
        "0",
        "-1",
        "1e308",
        "1e999",
        "-0",
        "NaN",
        "nan",
        "inf",
        "9" * 19,
        "9" * 400,
        "0x7f",
        "1_0",
        "65536",
        "4294967295",
    ),
    *("1000000000000", "-9223372036854775809", "0.0000001", "1e-400", "true", "null", '""', "[]", "{}"),
)
WORDS = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"$",
    b"!",
    b"#",
    b'"""',
    b"[[",
    b"]]",
    b"{",
    b"}",
    b"\\u0000",
)
NESTS = (b"[", b"{", b'{"a":', b"(", b"a.", b"[[", b"$", b"1,", b"x = ")


class Reader(NamedTuple):
    """What reads files, files that it reads, and how they are packed."""

    read: Callable[[Path], Any]
    seeds: dict[str, bytes]
    packing: "Packing | None" = None


class Packing(NamedTuple):
    """Takes a file to pieces, and makes a file of them whose checksums are right."""

    opened: Callable[[bytes], list[bytes]]
    closed: Callable[[list[bytes], bytes], bytes]


class _Slow(BaseException):
    """Not to be caught by those who catch every Exception."""


def spoilt(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The content with a few things wrong."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        _spoil(found, others, rng)
    return bytes(found[: 4 * len(content) + 2**17])


def _spoil(content: bytearray, others: list[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(content) + 1)
    length = min(rng.choice((1, 2, 4, 16, 64, 1024)), max(1, len(content)))
    match rng.randrange(10):
        case 0 | 1 if content:
            content[min(place, len(content) - 1)] ^= 1 << rng.randrange(8)
        case 2 if content:
            content[min(place, len(content) - 1)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        case 3:
            del content[place:]
        case 4:
            del content[place : place + length]
        case 5:
            content[place:place] = content[place : place + length] * rng.choice((1, 2, 50))
        case 6:
            other = rng.choice(others)
            begin = rng.randrange(len(other) + 1)
            content[place : place + rng.choice((0, length))] = other[begin : begin + length]
        case 7:
            numbers = list(re.finditer(rb"-?\d+(\.\d+)?", bytes(content[:65536])))
            new = rng.choice(NUMBERS).encode()
            if numbers:
                number = rng.choice(numbers)
                content[number.start() : number.end()] = new
            else:
                content[place : place + 8] = struct.pack(rng.choice("<>") + "q", rng.choice((-1, 0, 2**31, 2**62)))
        case 8:
            content[place:place] = rng.choice(NESTS) * rng.choice((3, 200, 20_000))
        case _:
            content[place:place] = rng.choice(WORDS) * rng.choice((1, 3))


def _png_chunks(content: bytes) -> list[bytes]:
    chunks, place = [content[:8]], 8
    while place + 12 <= len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        chunks.append(kind + (zlib.decompress(data) if kind == b"IDAT" else data))
        place += 12 + size
    return chunks


def _png_of(chunks: list[bytes], whole: bytes) -> bytes:
    found = chunks[0]
    for chunk in chunks[1:]:
        kind, data = chunk[:4], chunk[4:]
        data = zlib.compress(data, 1) if kind == b"IDAT" else data
        found += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return found


def _zip_parts(content: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def _zip_of(parts: list[bytes], whole: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        names = archive.namelist()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in zip(names, parts, strict=True):
            archive.writestr(name, part)
    return file.getvalue()


PNG = Packing(_png_chunks, _png_of)
ZIP = Packing(_zip_parts, _zip_of)
GZIP = Packing(lambda content: [gzip.decompress(content)], lambda parts, whole: gzip.compress(parts[0], 1))


def next_input(name: str, reader: Reader, rng: random.Random) -> bytes:
    """A spoilt file; every other one of a packed kind is spoilt inside."""
    content, others = reader.seeds[name], list(reader.seeds.values())
    packing = reader.packing
    if packing is None or rng.random() < 0.4:
        return spoilt(content, others, rng)
    try:
        parts = packing.opened(content)
    except (zlib.error, zipfile.BadZipFile, OSError, struct.error):
        return spoilt(content, others, rng)
    which = rng.randrange(len(parts))
    parts[which] = spoilt(parts[which], parts, rng)
    return packing.closed(parts, content)


def tried(reader: Reader, path: Path) -> tuple[str, str]:
    """What came of reading a file, and what to say of it."""

    def stop(number: int, frame: Any) -> None:
        raise _Slow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        reader.read(path)
        return "read", ""
    except InputError as error:
        return ("refused", "") if len(str(error).splitlines()) == 1 else ("other", f"several lines: {error}")
    except _Slow:
        return "slow", traceback.format_exc()
    except MemoryError:
        return "large", traceback.format_exc()
    except BaseException:
        return "other", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def fuzzed(name: str, reader: Reader, minutes: float, kept: Path, seed: int) -> Counter[str]:
    """Counts of what came of it; each process goes on until it dies or the time is up."""
    counts: Counter[str] = Counter()
    end, start = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            place = Path(folder)
            pid = os.fork()
            if pid == 0:
                _work(name, reader, end, place, kept, (seed, start))
            _, status = os.waitpid(pid, 0)
            found = (
                Counter(json.loads((place / "counts").read_text() or "{}"))
                if (place / "counts").exists()
                else Counter()
            )
            counts += found
            start += sum(found.values()) + 1
            if status:
                counts["crashed"] += 1
                kept.mkdir(parents=True, exist_ok=True)
                for path in (place / "input").iterdir():
                    shutil.copy(path, kept / f"{name}-crashed-{start}-{path.name}")
    return counts


def all_fuzzed(
    readers: dict[str, Reader], minutes: float, kept: Path, seed: int, jobs: int
) -> Iterator[tuple[str, Counter[str]]]:
    """Each reader with its counts as it is done, so many at a time, each in a process of its own."""
    waiting, running = list(readers), {}
    with tempfile.TemporaryDirectory(prefix="fuzz-counts-") as folder:
        while waiting or running:
            if waiting and len(running) < jobs:
                name = waiting.pop(0)
                pid = os.fork()
                if pid == 0:
                    counts = fuzzed(name, readers[name], minutes, kept, seed)
                    (Path(folder) / str(os.getpid())).write_text(json.dumps(counts))
                    os._exit(0)
                running[pid] = name
                continue
            pid, status = os.wait()
            if status:
                raise SystemExit(f"{running[pid]}: its process ended with {status}")
            yield running.pop(pid), Counter(json.loads((Path(folder) / str(pid)).read_text()))


def _work(name: str, reader: Reader, end: float, place: Path, kept: Path, seed: tuple[int, int]) -> None:
    """What a process does: its counts are in a file at any moment."""
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # notes of files that are read all the same
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    most = used + ADDRESSES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    rng, counts, said = random.Random(f"{name} {seed}"), Counter(), set()
    (place / "input").mkdir()
    while time.monotonic() < end:
        seed_name = rng.choice(list(reader.seeds))
        path = place / "input" / seed_name
        content = next_input(seed_name, reader, rng)
        path.write_bytes(content)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result, why = tried(reader, path)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        if grown > MEGABYTES:
            result, why = "large", f"{grown:.0f} MB more"
        counts[result] += 1
        if why:
            cause = (result, why.splitlines()[-1][:60], why.splitlines()[-3].strip()[:80] if "\n" in why else "")
            if cause not in said:
                said.add(cause)
                kept.mkdir(parents=True, exist_ok=True)
                stem = f"{name}-{result}-{len(said)}-{sum(counts.values())}"
                (kept / f"{stem}-{seed_name}").write_bytes(content)
                (kept / f"{stem}.txt").write_text(why)
        path.unlink()
        (place / "counts").write_text(json.dumps(counts))
    os._exit(0)


def _readers(more: Path | None) -> dict[str, Reader]:
    """Every reader, with real files that it reads."""
    from ffnca.ff.images.network_file import load_network
    from ffnca.idx_file import read_idx
    from ffnca.interchange.golly import pattern_world
    from ffnca.interchange.importing import read_growing_ca
    from ffnca.interchange.lenia_animals import animal_world, animals_in
    from ffnca.interchange.state_dict import state_dict_layers
    from ffnca.interchange.tensor_files import read_arrays
    from ffnca.opening import trainee
    from ffnca.palette_file import load_palette
    from ffnca.run_folder import RunFolder
    from ffnca.systems.growth.target import load_target
    from ffnca.systems.observed.spec import watched_world
    from ffnca.world_file import load_world, parse_world

    worlds = {path.name: path.read_bytes() for path in shipped_worlds().values()}
    patterns = {path.name: path.read_bytes() for path in (worlds_folder() / "patterns").iterdir()}
    rules = {
        path.name: path.read_bytes() for path in (worlds_folder() / "rules").iterdir() if path.suffix == ".safetensors"
    }
    given = {} if more is None else {path.name: path.read_bytes() for path in more.rglob("*") if path.is_file()}

    def animals(path: Path) -> Any:
        from ffnca.interchange.importing import read_json

        found = animals_in(read_json(path))
        for animal in found[:3]:
            text = animal_world(found, str(animal.get("code")), str(path))
            parse_world(text, str(path))

    def run_folder(path: Path) -> Any:
        run = RunFolder(path.parent)
        if path.name == "run.json":
            return run.budget
        run.trim(100)
        return run.spent

    def idx(path: Path) -> Any:
        return read_idx(path, 3)

    ours = {
        "glider.cells": b"!Name: Glider\n!\n.O.\n..O\nOOO\n",
        "glider.lif": b"#Life 1.06\n0 -1\n1 0\n-1 1\n0 1\n1 1\n",
    }
    ours["old.life"] = b"#Life 1.05\n#D Glider\n#N\n#P -1 -1\n.*.\n..*\n***\n"
    digits = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    head = bytes((0, 0, 8, 3)) + struct.pack(">3I", *digits.shape)
    return {
        "worlds": Reader(load_world, worlds),
        "patterns": Reader(pattern_world, patterns | ours | _of(given, ".rle", ".cells", ".lif", ".mc")),
        "watched worlds": Reader(lambda path: watched_world(path.name, path.parent), worlds | patterns),
        "rules": Reader(trainee, rules),
        "networks": Reader(load_network, {"net.safetensors": _network()} | dict(list(rules.items())[:1])),
        "palettes": Reader(
            load_palette,
            {"liked.json": b'{"liked": ["#ff8800", [1, 2, 3]], "disliked": ["#000000"], "seed": 3, "strength": 0.5}'},
        ),
        "pictures": Reader(lambda path: load_target(path, 16), _pictures("PNG"), PNG),
        "other pictures": Reader(lambda path: load_target(path, 16), _pictures("GIF", "WEBP", "JPEG")),
        "animals": Reader(
            animals,
            {"animals.json": _animals()}
            | {name: content[:60_000] + b'"}]' for name, content in given.items() if name == "animals.json"},
        ),
        "published weights": Reader(
            read_growing_ca,
            {"made-up.json": _growing_ca()}
            | {name: content for name, content in _of(given, ".json").items() if name != "animals.json"},
        ),
        "arrays, .npz": Reader(
            lambda path: state_dict_layers(read_arrays(path), None, path.name), _arrays(".npz"), ZIP
        ),
        "arrays, .safetensors": Reader(
            lambda path: state_dict_layers(read_arrays(path), None, path.name), _arrays(".safetensors")
        ),
        **_pytorch_arrays(),
        "IDX": Reader(idx, {"digits-idx3-ubyte": head + digits.tobytes()}),
        "IDX, packed": Reader(idx, {"digits.gz": gzip.compress(head + digits.tobytes(), mtime=0)}, GZIP),
        "run folders": Reader(
            run_folder,
            {
                "run.json": b'{"world": {"kind": "growth"}, "recipe": {"margin": 4}, "seed": 0, '
                b'"budget": {"minutes": null, "updates": 200}}',
                "metrics.jsonl": b'{"updates":100,"seconds":1.22,"loss":0.1,"measured":{"rel_mse_200":0.6}}\n' * 9,
            },
        ),
        "checkpoints": _checkpoints(),
    }


def _of(files: dict[str, bytes], *endings: str) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.endswith(endings)}


def _pictures(*formats: str) -> dict[str, bytes]:
    """Pictures of every mode that a format has."""
    rows, columns = np.mgrid[0:20, 0:24]
    colours = np.stack([10 * columns, 10 * rows, 5 * rows + 5 * columns, 255 * ((rows - 9) ** 2 < 60)], -1)
    image, found = Image.fromarray(colours.astype(np.uint8)), {}
    for form in formats:
        modes = {"PNG": ("RGBA", "RGB", "P", "L", "LA", "1", "I;16"), "GIF": ("P", "L")}.get(form, ("RGB", "L"))
        for mode in modes:
            file = io.BytesIO()
            made = Image.fromarray((257 * colours[..., 0]).astype(np.uint16)) if mode == "I;16" else image.convert(mode)
            made.save(file, form, **({"transparency": 3} if mode in ("P", "L") and form in ("PNG", "GIF") else {}))
            found[f"{mode.replace(';', '-')}.{form.lower()}"] = file.getvalue()
    return found


def _animals() -> bytes:
    params = {"R": 13, "T": 10, "b": "1", "m": 0.15, "s": 0.014, "kn": 1, "gn": 1}
    several = [params | {"c": [0, 1], "h": 0.5}, params | {"c": [1, 0], "b": "1,1/2"}]
    animals = [
        {"code": "rings", "name": "Rings"},
        {"code": "disc", "name": "Disc", "cname": "?", "params": params, "cells": "7.MD6.qL$6.pKqEqFURpApBRAqQ$2.yO!"},
        {"code": "two", "name": "Two", "params": several, "cells": ["o$2o!", "yOqE$3.o!"]},
    ]
    return json.dumps(animals).encode()


def _growing_ca() -> bytes:
    generator, layers = np.random.default_rng(0), []
    for inputs, outputs in ((48, 32), (32, 16)):
        raw = generator.integers(0, 256, (inputs + 1, outputs), dtype=np.uint8).tobytes()
        scales = {"weight_scale": 1.2, "bias_scale": 0.4}
        layers.append({"data_b64": base64.b64encode(raw).decode(), "in_ch": inputs, "out_ch": outputs, **scales})
    return json.dumps(layers).encode()


def _arrays(ending: str) -> dict[str, bytes]:
    import safetensors.numpy

    draw = np.random.default_rng(0).normal
    arrays = {
        "fc0.weight": draw(size=(32, 48, 1, 1)),
        "fc0.bias": draw(size=32),
        "fc1.weight": draw(size=(16, 32, 1, 1)),
    }
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    if ending == ".safetensors":
        return {"weights.safetensors": safetensors.numpy.save(arrays)}
    plain, packed = io.BytesIO(), io.BytesIO()
    np.savez(plain, **arrays)  # pyright: ignore[reportArgumentType]
    np.savez_compressed(packed, **arrays)  # pyright: ignore[reportArgumentType]
    return {"plain.npz": plain.getvalue(), "packed.npz": packed.getvalue()}


def _pytorch_arrays() -> dict[str, Reader]:
    """The reader of .pt, with tensors of all forms; none without PyTorch."""
    from ffnca.interchange.state_dict import state_dict_layers
    from ffnca.interchange.tensor_files import read_arrays

    if importlib.util.find_spec("torch") is None:
        return {}

    def work() -> None:
        import torch  # pyright: ignore[reportMissingImports]

        dense = {"fc0.weight": torch.ones(32, 48, 1, 1), "fc0.bias": torch.ones(32), "fc1.weight": torch.ones(16, 32)}
        forms = {"sparse": torch.eye(8).to_sparse(), "complex": torch.ones(3, dtype=torch.complex64), "whole": 3}
        forms["quantized"] = torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)
        torch.save({"epoch": 3, "model": dense}, folder / "dense.pt")
        torch.save(dense | forms, folder / "forms.pt")

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _apart(work)
        seeds = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {"arrays, .pt": Reader(lambda path: state_dict_layers(read_arrays(path), None, path.name), seeds, ZIP)}


def _apart(work: Callable[[], None]) -> None:
    """Do it in a process of its own: jax and orbax start threads, and with threads this one could not fork any more."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("a file to begin with could not be made")


def _network() -> bytes:
    def work() -> None:
        import jax

        from ffnca.ff.images.network import FFNetwork

        FFNetwork.create(20, (8, 8), 4, key=jax.random.key(0)).save(path)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        _apart(work)
        return path.read_bytes()


def _checkpoints() -> Reader:
    """A file of a checkpoint is spoilt, the others are as they should be."""
    from ffnca.checkpoint import Checkpoints
    from ffnca.trainer import Progress

    class State(NamedTuple):
        pool: np.ndarray
        round: np.ndarray

    whole = Path(tempfile.mkdtemp(prefix="fuzz-checkpoint-"))
    state = State(np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32), np.array(25))

    def work() -> None:
        kept = Checkpoints(whole / "checkpoints")
        kept.save(state, Progress(seconds=1.5))
        kept.close()

    _apart(work)
    files = {str(path.relative_to(whole)): path for path in whole.rglob("*") if path.is_file()}
    names = {name.replace("/", "%"): path.read_bytes() for name, path in files.items()}

    def read(path: Path) -> None:
        place = path.parent.parent / "run"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole, place)
        shutil.copy(path, place / path.name.replace("%", "/"))
        kept = Checkpoints(place / "checkpoints")
        found, _ = kept.load(state)
        kept.close()
        if not np.array_equal(found.pool, state.pool):
            raise AssertionError("other numbers were read")

    return Reader(read, {name: content for name, content in names.items() if content})


def table(found: dict[str, Counter[str]]) -> list[str]:
    """A row for each reader."""
    head = ["reader", "files", *RESULTS]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, counts in found.items():
        lines.append(
            "| " + " | ".join(map(str, [name, sum(counts.values()), *(counts[one] for one in RESULTS)])) + " |"
        )
    return lines


def main() -> int:
    """Spoil files for so many minutes a reader, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each reader")
    parser.add_argument("--only", default="", help="only readers with this in their name")
    parser.add_argument("--jobs", type=int, default=1, help="readers at a time")
    parser.add_argument("--more", type=Path, help="a folder with more real files")
    parser.add_argument(
        "--kept", type=Path, default=Path("fuzz"), help="where files go that are not refused as they should"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "os.fork")
    readers = {name: reader for name, reader in _readers(options.more).items() if options.only in name}
    found = {}
    for name, counts in all_fuzzed(readers, options.minutes, options.kept, options.seed, options.jobs):
        found[name] = counts
        print(name, dict(counts), file=sys.stderr, flush=True)
    lines = table({name: found[name] for name in readers})
    print(*lines, sep="\n")
    if options.write:
        publish_rows(
            "fuzz", lines, f"fuzz.py --minutes {options.minutes:g} --jobs {options.jobs} --more FOLDER --write"
        )
    return int(any(counts[one] for counts in found.values() for one in RESULTS[2:]))


if __name__ == "__main__":
    sys.exit(main())

"""Imports go strictly downward, and what is light stays light."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import ffnca

PACKAGE = Path(ffnca.__file__).parent
LAYERS = (
    *(
        "errors",
        "terminal",
        "allocation",
        "processes",
        "computing",
        "signals",
        "part",
        "draws",
        "files",
        "safetensors_file",
        "atomic",
        "spec",
        "notes",
        "lattice",
    ),
    *(
        "packages",
        "perceptions",
        "settings_text",
        "world",
        "idx_file",
        "palette_file",
        "render",
        "rule_file",
        "budget",
        "trainer",
    ),
    *("ff", "grid", "automata", "brushes", "extras", "views", "simulation", "stability"),
    *("systems", "world_file", "opening"),
    *("checkpoint", "run_folder", "training", "interchange", "page"),
    *(
        "export",
        "progress",
        "bench",
        "listing",
        "view",
        "commands",
        "evaluating",
        "train_commands",
        "export_words",
        "printing",
        "exit_codes",
        "cli",
        "__main__",
    ),
)
"""From bottom to top; a module or folder of the package imports from those before it, and from itself."""
MEAN_LINES, MOST_PARAMETERS = 200, 7


def _modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    paths = {path.relative_to(PACKAGE.parent).with_suffix(""): path for path in sorted(PACKAGE.rglob("*.py"))}
    return {".".join(name.parts).removesuffix(".__init__"): path for name, path in paths.items()}


MODULES = _modules()


def imports(source: str, module: str, package: bool = False) -> set[str]:
    """Dotted names that a module imports anywhere in it, functions and type checking included."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level + package or None] if node.level else []
            home = ".".join([*parents, *([node.module] if node.module else [])])
            names |= {f"{home}.{alias.name}" for alias in node.names}
    return names


def _inner(names: set[str]) -> set[str]:
    """The modules of the package among imported names: each name, or the module that it is taken from."""
    found = (name if name in MODULES else name.rpartition(".")[0] for name in names if name.split(".")[0] == "ffnca")
    return {name if name in MODULES else "ffnca" for name in found}


IMPORTS = {
    module: imports(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
    for module, path in MODULES.items()
}
INNER = {module: _inner(names) - {module} for module, names in IMPORTS.items()}


def _layer(module: str) -> str:
    return module.split(".")[1]


def test_imports_are_found_wherever_they_are() -> None:
    source = (
        "import ffnca.errors\nfrom ffnca.ff import goodness as g\nfrom . import a\nfrom .b import c\nfrom .. import d\n"
        "def f():\n    import pygame.locals\n"
    )
    found = imports(source, "ffnca.grid.kernels")
    wanted = {"ffnca.errors", "ffnca.ff.goodness", "ffnca.grid.a", "ffnca.grid.b.c", "ffnca.d", "pygame.locals"}
    assert found == wanted
    assert imports("from . import a", "ffnca.grid", package=True) == {"ffnca.grid.a"}
    assert _inner({"ffnca.errors.InputError", "ffnca.ff", "numpy.ndarray"}) == {"ffnca.errors", "ffnca.ff"}


def test_every_module_has_its_layer() -> None:
    assert {_layer(module) for module in MODULES if module != "ffnca"} == set(LAYERS)


@pytest.mark.parametrize("module", [module for module in MODULES if module != "ffnca"])
def test_imports_go_downward(module: str) -> None:
    height = LAYERS.index(_layer(module))
    for imported in INNER[module] - {"ffnca"}:
        lower = _layer(imported) == _layer(module) or LAYERS.index(_layer(imported)) < height
        assert lower, f"{module} imports {imported}, which lies above it"


def test_no_module_needs_the_package_front() -> None:
    """Public names load lazily from `ffnca`; inside the package each comes from its home."""
    assert not [module for module, inner in INNER.items() if "ffnca" in inner]


def test_no_cycles() -> None:
    try:
        TopologicalSorter(INNER).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("ff", {"ff", "errors", "atomic", "files", "safetensors_file", "lattice"}),
        ("grid", {"grid", "errors", "part", "draws", "perceptions", "lattice", "packages", "spec"}),
        ("world", {"errors", "spec"}),
    ],
)
def test_what_the_foundations_know(folder: str, allowed: set[str]) -> None:
    for module, inner in INNER.items():
        if module != "ffnca" and _layer(module) == folder:
            assert {_layer(imported) for imported in inner} <= allowed, module


def test_only_the_lazy_fronts_know_the_image_wing() -> None:
    """Networks on images may change or go without any automaton taking notice."""
    wing = "ffnca.ff.images"
    assert f"{wing}.network" in MODULES
    readers = {module for module, inner in INNER.items() if any(name.startswith(wing) for name in inner)}
    assert {module for module in readers if not module.startswith(wing)} <= {"ffnca", "ffnca.ff"}


def test_pygame_only_in_the_view() -> None:
    for module, names in IMPORTS.items():
        if "pygame" in {name.split(".")[0] for name in names}:
            assert module.startswith("ffnca.view"), module


def test_modules_are_short_on_average() -> None:
    sizes = [len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES.values()]
    assert sum(sizes) <= MEAN_LINES * len(sizes)


def test_functions_take_few_parameters() -> None:
    found = {}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                num = len([name for name in names if name not in ("self", "cls")])
                if num > MOST_PARAMETERS and not node.name.startswith("__") and module != "ffnca.cli":
                    found[f"{module}.{node.name}"] = num
    assert not found


def test_kinds_are_known_to_their_own_modules_alone() -> None:
    """What a world can do is asked of its simulation, not of its type."""
    for module, path in MODULES.items():
        if not module.startswith("ffnca.systems."):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"isinstance\(.*\b(NCA|Life|Lenia|GrowthWorld|LifeWorld|LeniaWorld)\b", text), module


def test_files_are_read_without_anything_heavy() -> None:
    code = (
        "import sys, ffnca.listing, ffnca.systems.growth.rule_file\nffnca.listing.list_worlds()\n"
        "heavy = {'jax', 'jaxlib', 'flax', 'optax', 'matplotlib', 'scipy', 'pygame'} & set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)

"""Write the API pages: every module of the package, and the names that load from `ffnca` itself.

    pip install -e '.[docs]' && python scripts/api_pages.py FOLDER

`pdoc ffnca` alone would find neither: public names load when they are first used, and pdoc reads only what is there.
"""

import argparse
import importlib
import os
import pkgutil
import warnings
from pathlib import Path

import pdoc  # pyright: ignore[reportMissingImports]

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")


def open_package(name: str) -> None:
    """Import all of a package: the names that it offers under `__all__`, and its modules, which then belong to them."""
    package = importlib.import_module(name)
    modules = [module for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
    if hasattr(package, "__all__"):
        offered = {name: getattr(package, name) for name in package.__all__}
        together = dict.fromkeys([*offered, *(module.name for module in modules)])
        vars(package).update(offered | {"__all__": list(together)})
    for module in modules:
        if module.ispkg:
            open_package(f"{name}.{module.name}")


def main() -> None:
    """Load everything, then write; what pdoc warns of is an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    open_package("ffnca")
    pdoc.render.configure(docformat="google")
    with warnings.catch_warnings(action="error"):
        warnings.filterwarnings("ignore", message=".*ArrayTree")  # a type of optax that names itself
        pdoc.pdoc("ffnca", output_directory=options.folder)
    print(options.folder / "index.html")


if __name__ == "__main__":
    main()

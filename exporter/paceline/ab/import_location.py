"""
Where the tested code was imported from: the trap of every comparison in work trees is an installed package that
leads back to one tree, so that both sides measure the same code.

As a pytest plugin (`-p paceline.ab.import_location`) it notes the files of all modules at the end of each process,
also of xdist's workers.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import json

FOLDER_VARIABLE: Final = "PACELINE_AB_IMPORTS"
INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


def pytest_unconfigure() -> None:
    """
    Write the files of all modules.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return
    files = {name: file for name, module in sys.modules.copy().items() if (file := getattr(module, "__file__", None))}
    (Path(folder) / f"{os.getpid()}.json").write_bytes(json.encode({name: str(file) for name, file in files.items()}))


def read_imports(folder: Path) -> dict[str, Path]:
    """
    The file of each module, by its name, from what all processes wrote.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.json")):
        files = json.decode(path.read_bytes(), type=dict[str, str])
        found |= {name: Path(file) for name, file in files.items()}
    return found


def strangers(imports: Mapping[str, Path], own: Path, original: Path, roots: Iterable[Path]) -> Iterator[str]:
    """
    Top-level modules of the project that were imported from elsewhere than the work tree that was to be tested.

    Args:
        imports: the file of each module.
        own: the work tree.
        original: the work tree of the user.
        roots: the folders of `own` that hold the project's packages.
    """
    for name, file in imports.items():
        if "." in name or file.is_relative_to(own):
            continue
        is_of_user = file.is_relative_to(original) and INSTALLED.isdisjoint(file.relative_to(original).parts)
        if is_of_user or any(_holds(root, name) for root in roots):
            yield name


def _holds(root: Path, name: str) -> bool:
    # A folder without Python in it is no package: docs/ beside an installed package of that name.
    package = root / name
    return (root / f"{name}.py").is_file() or (package.is_dir() and any(package.glob("*.py")))

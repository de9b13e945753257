"""
Did pytest choose another rootdir than the folder with the settings of Paceline?

pytest looks for its configuration before it knows the options of plugins, so it reads a value behind a space as a test
path. And a `pytest.ini` below the project's `pyproject.toml` makes its own folder the rootdir.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

_WITH_PATH = ("--paceline-results", "--paceline-push-ca-file")


def misleading(arguments: Sequence[str], folder: Path, root: Path) -> Iterator[str]:
    """
    What to say of options whose value pytest went by.

    Args:
        arguments: as given.
        folder: where the command was given.
        root: pytest's rootdir.
    """
    if root == _project(folder):
        return
    for option, value in pairwise(arguments):
        if option in _WITH_PATH and (folder / value).exists():
            yield f"pytest read {value!r} as a test path and chose {root} as rootdir; write {option}={value}"


def unread_settings(folder: Path, root: Path, has_table: Callable[[bytes], bool]) -> Iterator[str]:
    """
    What to say of settings of Paceline that are above a rootdir without a `pyproject.toml`.

    Args:
        folder: where the command was given.
        root: pytest's rootdir.
        has_table: whether the content of a file has settings of Paceline.
    """
    file = _project(folder) / "pyproject.toml"
    if not root.is_relative_to(file.parent) or (root / file.name).is_file() or not file.is_file():
        return
    if has_table(file.read_bytes()):
        yield (
            f"the settings in {file} were not read: pytest chose {root} as rootdir; "
            f"move pytest's configuration to {file.parent}, or add --rootdir={file.parent}"
        )


def _project(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if (one / "pyproject.toml").is_file()), folder)

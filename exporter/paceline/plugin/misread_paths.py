"""
Did pytest take the value of an option for a place of tests?

It looks for its configuration before it knows the options of plugins. What stands behind a space is then a folder to
look in, so that another configuration than the project's may hold.
"""

from collections.abc import Iterator, Sequence
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


def _project(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if (one / "pyproject.toml").is_file()), folder)

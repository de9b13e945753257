"""
Did the user ask for a part of the suite?
"""

from collections.abc import Sequence
from pathlib import Path

_SELECTING = ("-k", "-m", "--lf", "--last-failed", "--sw", "--stepwise", "--deselect", "--ignore", "--paceline-bench")


def is_selection(arguments: Sequence[str], folder: Path, testpaths: Sequence[str]) -> bool:
    """
    Whether arguments of a command line choose some tests of a suite.

    What the project's own `addopts` leave out always, is not asked here: it is never a part of the suite.

    Args:
        arguments: options and paths as given, without those of the configuration.
        folder: where the command was given.
        testpaths: the folders of the suite, where the project names them.
    """
    return any(argument.startswith(_SELECTING) or _is_part(argument, folder, testpaths) for argument in arguments)


def _is_part(argument: str, folder: Path, testpaths: Sequence[str]) -> bool:
    path = argument.partition("::")[0]
    if argument.startswith("-") or not (folder / path).exists():
        return False
    is_whole = not testpaths or argument.rstrip("/") in {path.rstrip("/") for path in testpaths} | {"."}
    return (folder / path).is_file() or not is_whole

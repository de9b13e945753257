"""
Runs from files of other tools, and from Paceline's own: one reader a format, asked in order.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from paceline.documents import decode_run
from paceline.errors import DocumentError
from paceline.history.importers.imported_file import ImportedFile, TypeOf, type_unknown
from paceline.history.importers.junit import read_junit
from paceline.history.importers.pytest_benchmark import read_pytest_benchmark
from paceline.model import Run


def _read_run_document(source: ImportedFile) -> list[Run] | None:
    """
    Read a run as it was written: under its own id, suite and branch.

    Raises:
        DocumentError: the run document is damaged, or of a newer schema.
    """
    return [decode_run(source.content, str(source.path))] if {"schema", "run_id"} <= source.keys else None


_READERS: Final[Mapping[str, Callable[[ImportedFile], list[Run] | None]]] = {
    "a run document of Paceline": _read_run_document,
    "JUnit XML": read_junit,
    "JSON of pytest-benchmark": read_pytest_benchmark,
}


def read_runs(
    path: Path, suite: str, branch: str, type_of: TypeOf = type_unknown, default_branch: str = "main"
) -> list[Run]:
    """
    Read the runs that a file holds, whichever of the known formats it has.

    Read again, a file gives the same run ids.

    Args:
        path: the file.
        suite: the suite of the runs; a run document of Paceline keeps its own.
        branch: the branch of the runs, "" if the file may name it; a run document of Paceline keeps its own.
        type_of: the test type by the path of a test's file.
        default_branch: the default branch of the project; a run document of Paceline keeps its own.

    Returns:
        The runs; no run if the file has no test.

    Raises:
        StorageError: the file cannot be read.
        DocumentError: the file has no known format, or its content does not match its format.
    """
    source = ImportedFile.read(path, suite, branch, default_branch, type_of)
    try:
        for read in _READERS.values():
            runs = read(source)
            if runs is not None:
                return runs
    except RecursionError as error:
        raise DocumentError(f"{path}: values nested too deeply, expected {_expected()}") from error
    raise DocumentError(f"{path}: {source.found}, expected {_expected()}")


def _expected() -> str:
    *names, last = _READERS
    return f"{', '.join(names)} or {last}"

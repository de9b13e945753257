"""
The file of baselines: committed with the code, and read by people in a pull request.
"""

from pathlib import Path

from msgspec import DecodeError, json

from paceline.analysis.baselines import Baseline, Baselines
from paceline.errors import DocumentError, StorageError
from paceline.files import open_to_write


def read_baselines(path: Path) -> Baselines:
    """
    Read the file; without a file there are no baselines.

    Raises:
        DocumentError: the file is not JSON, has an unknown key, or has an invalid value.
        StorageError: the file cannot be read.
    """
    try:
        return json.decode(path.read_bytes(), type=Baselines)
    except FileNotFoundError:
        return Baselines()
    except OSError as error:
        raise StorageError(f"the baselines {path} cannot be read: {error.strerror}") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: not the baselines of a project: {error}") from error


def write_baselines(path: Path, baselines: Baselines) -> None:
    """
    Write the file, sorted, so that a change of one baseline is a change of few lines.

    Raises:
        StorageError: the file cannot be written.
    """
    ordered = Baselines(
        pinned=_ordered(baselines.pinned),
        accepted=_ordered(baselines.accepted),
        repeated_queries=tuple(sorted(baselines.repeated_queries, key=lambda one: (one.place, one.statement))),
    )
    with open_to_write(path) as file:
        file.write(f"{json.format(json.encode(ordered), indent=2).decode()}\n")


def _ordered(baselines: tuple[Baseline, ...]) -> tuple[Baseline, ...]:
    return tuple(sorted(baselines, key=lambda one: (one.suite, one.tests, one.ended)))

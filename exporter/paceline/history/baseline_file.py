"""
The file of baselines: committed with the code, and read by people in a pull request.
"""

from pathlib import Path

from msgspec import DecodeError, convert, json

from paceline.analysis.baselines import Baseline, Baselines
from paceline.errors import DocumentError, StorageError
from paceline.explaining import explain, find_wrong


def read_baselines(path: Path) -> Baselines:
    """
    Read the file; where there is none, there are no baselines.

    Raises:
        DocumentError: it is not JSON, or has an unknown key or a value that cannot be.
        StorageError: it cannot be read.
    """
    try:
        content = json.decode(path.read_bytes())
    except FileNotFoundError:
        return Baselines()
    except OSError as error:
        raise StorageError(f"the baselines {path} cannot be read: {error.strerror}") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: not JSON: {error}, expected baselines of Paceline") from error
    if not isinstance(content, dict):
        raise DocumentError(f"{path}: expected an object with the keys {', '.join(_fields_at(()))}")
    wrong = find_wrong(content, lambda value: convert(value, Baselines), ())
    if wrong is not None:
        raise DocumentError(f"{path}: {explain(wrong, {}, _fields_at)}")
    return convert(content, Baselines)


def write_baselines(path: Path, baselines: Baselines) -> None:
    """
    Write the file, sorted, so that a change of one baseline is a change of few lines.

    Raises:
        StorageError: it cannot be written.
    """
    ordered = Baselines(pinned=_ordered(baselines.pinned), accepted=_ordered(baselines.accepted))
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_bytes(json.format(json.encode(ordered), indent=2) + b"\n")
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"the baselines {path} cannot be written: {error.strerror}") from error


def _ordered(baselines: tuple[Baseline, ...]) -> tuple[Baseline, ...]:
    return tuple(sorted(baselines, key=lambda one: (one.suite, one.tests, one.ended)))


def _fields_at(path: tuple[str, ...]) -> tuple[str, ...]:
    return (Baseline if path else Baselines).__struct_fields__

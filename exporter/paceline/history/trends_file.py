"""
The file `trends.json` of a results folder: the bounded summary of each suite.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import DecodeError, json

from paceline.analysis.summary import SuiteSummary, Trends
from paceline.errors import DocumentError, StorageError
from paceline.history.results_folder import ResultsFolder, set_aside


def read_trends(path: Path) -> Mapping[str, SuiteSummary]:
    """
    Read the summaries by suite.

    Raises:
        StorageError: the file does not exist, or cannot be read.
        DocumentError: the file is damaged.
    """
    try:
        return json.decode(path.read_bytes(), type=Trends).suites
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}; `pytest --paceline` writes it") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path} is not a summary of trends: {error}") from error


def write_trends(folder: ResultsFolder, suites: Mapping[str, SuiteSummary]) -> None:
    """
    Write the summaries of all suites.

    Raises:
        StorageError: the folder cannot be written to.
    """
    folder.replace(folder.trends, json.encode(Trends(suites=suites)))


def add_trends(folder: ResultsFolder, suite: str, summary: SuiteSummary) -> None:
    """
    Write the summary of one suite beside those of others. A damaged file is set aside.

    Raises:
        StorageError: the file cannot be read or written.
    """
    known: Mapping[str, SuiteSummary] = {}
    if folder.trends.exists():
        try:
            known = read_trends(folder.trends)
        except DocumentError as error:
            folder.warn(f"{error}; it was set aside as {set_aside(folder.trends, 'damaged').name}")
    write_trends(folder, {**known, suite: summary})

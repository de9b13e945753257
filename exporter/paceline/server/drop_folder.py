"""
A folder in which others leave run documents.
"""

import gzip
import logging
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Final, TypeAlias

from paceline.errors import ConflictError, DocumentError, StorageError
from paceline.identity import safe_text
from paceline.server.request_body import BodyLimits

_LOG = logging.getLogger(__name__)
_SUFFIXES = (".json", ".json.gz")
TAKEN, DAMAGED, CONFLICT, SKIPPED, UNREADABLE = "taken", "damaged", "conflict", "skipped", "unreadable"
RESULTS = (TAKEN, DAMAGED, CONFLICT, SKIPPED, UNREADABLE)
_LONGEST = BodyLimits().unpacked
_LONGEST_LINE = 500

# Size and time of change in ns.
_Look: TypeAlias = tuple[int, int]
# What became of something in the folder, and a line for the log, "" for none.
_Result: TypeAlias = tuple[str, str]
_Take: TypeAlias = Callable[[bytes, str], object]


class DropFolder:
    """
    Takes each document once and moves it into `taken/`, or into `damaged/` where it is no run, or another run has its
    id; nothing is deleted.

    A file that is being written is left alone: it is taken when it did not change from one look to the next.
    Files that are not named as documents are other programs' business. What is hidden by a dot, as by programs that
    write it aside first, folders and special files are skipped, and what cannot be read or kept now is tried again;
    each of these is told once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self._seen: dict[Path, _Look] = {}
        self._told: set[str] = set()

    def look(self, take: _Take) -> Counter[str]:
        """
        Look once.

        Args:
            take: takes a document and what to call it. A DocumentError sets the file aside; after a StorageError it
                stays for the next look.

        Returns:
            How often there was each result, without those that the look before had as well.
        """
        results = list(self._results(take))
        new = [(result, line) for result, line in results if line not in self._told]
        self._told = {line for result, line in results if result in {SKIPPED, UNREADABLE}}
        for line in filter(None, (line for _, line in new)):
            _LOG.warning("%s", safe_text(line, _LONGEST_LINE))
        return Counter(result for result, _ in new)

    def _results(self, take: _Take) -> Iterator[_Result]:
        before, self._seen = self._seen, {}
        try:
            paths = sorted(self._folder.iterdir())
        except OSError as error:
            yield UNREADABLE, f"{self._folder} cannot be read: {error.strerror}"
            return
        for path in paths:
            is_foreign = path.name.startswith(".") and not path.name.endswith(_SUFFIXES)
            if not is_foreign and path.name not in {TAKEN, DAMAGED}:
                yield from self._results_of(path, before.get(path), take)

    def _results_of(self, path: Path, before: _Look | None, take: _Take) -> Iterator[_Result]:
        try:
            status = path.stat()
        except FileNotFoundError:
            if path.is_symlink():  # and no file that was taken away meanwhile
                yield UNREADABLE, f"{path.name} cannot be read: it is a link to a file that is not there"
            return
        except OSError as error:
            yield UNREADABLE, f"{path.name} cannot be read: {error.strerror}"
            return
        if not S_ISREG(status.st_mode):
            yield SKIPPED, f"skipped: {path.name} is not a file"
        elif path.name.endswith(_SUFFIXES):
            self._seen[path] = (status.st_size, status.st_mtime_ns)
            if self._seen[path] == before:
                yield self._take(path, take)

    def _take(self, path: Path, take: _Take) -> _Result:
        if path.name.startswith("."):
            return SKIPPED, f"skipped: {path.name} begins with a dot"
        try:
            take(_content(path), path.name)
        except DocumentError as error:
            self._move(path, DAMAGED)
            return CONFLICT if isinstance(error, ConflictError) else DAMAGED, f"set aside: {error}"
        except (StorageError, OSError) as error:
            return UNREADABLE, f"{path.name} is tried again: {error}"
        except Exception as error:  # noqa: BLE001 - one file stops none of the others
            self._move(path, DAMAGED)
            return DAMAGED, f"set aside: {path.name} cannot be read: {type(error).__name__}: {error}"
        self._move(path, TAKEN)
        return TAKEN, ""

    def _move(self, path: Path, where: str) -> None:
        folder = self._folder / where
        target = folder / path.name
        try:
            folder.mkdir(exist_ok=True)
            if target.exists():
                target = folder / f"{time.time_ns()}-{path.name}"
            path.rename(target)
        except OSError as error:
            _LOG.warning("%s cannot be moved to %s: %s", path, folder, error.strerror)


def _content(path: Path) -> bytes:
    if path.stat().st_size > _LONGEST:
        raise DocumentError(f"{path.name}: more than {_LONGEST} bytes")
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            unpacked = file.read(_LONGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DocumentError(f"{path.name}: not gzip data: {error}") from error
    if len(unpacked) > _LONGEST:
        raise DocumentError(f"{path.name}: more than {_LONGEST} bytes when unpacked")
    return unpacked

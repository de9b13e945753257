"""
A folder in which others leave run documents.
"""

import gzip
import logging
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from paceline.errors import DocumentError, StorageError

_LOG = logging.getLogger(__name__)
_SUFFIXES = (".json", ".json.gz")
TAKEN, DAMAGED = "taken", "damaged"
_LONGEST = 128 << 20

# Size and time of change in ns.
_Look = tuple[int, int]


class DropFolder:
    """
    Takes each document once and moves it into `taken/`, or into `damaged/` where it is no run; nothing is deleted.

    A file that is being written is left alone: it is taken when it did not change from one look to the next.
    Names that begin with a dot are other programs' business.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, _Look] = {}

    def look(self, take: Callable[[bytes, str], object]) -> int:
        """
        Look once.

        Args:
            take: takes a document and what to call it. A DocumentError sets the file aside; after a StorageError it
                stays for the next look.

        Returns:
            How many documents were taken.
        """
        seen = {path: look for path in self._documents() if (look := _look_at(path))}
        quiet = [path for path, look in seen.items() if self._seen.get(path) == look]
        self._seen = seen
        return sum(self._take(path, take) for path in sorted(quiet))

    def _documents(self) -> list[Path]:
        try:
            names = list(self._folder.iterdir())
        except OSError as error:
            _LOG.warning("%s cannot be read: %s", self._folder, error.strerror)
            return []
        return [path for path in names if path.name.endswith(_SUFFIXES) and not path.name.startswith(".")]

    def _take(self, path: Path, take: Callable[[bytes, str], object]) -> bool:
        try:
            take(_content(path), path.name)
        except DocumentError as error:
            _LOG.warning("set aside: %s", error)
            self._move(path, DAMAGED)
            return False
        except (StorageError, OSError) as error:
            _LOG.warning("%s is tried again: %s", path.name, error)
            return False
        self._move(path, TAKEN)
        return True

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


def _look_at(path: Path) -> _Look | None:
    try:
        status = path.stat()
    except OSError:  # taken away meanwhile
        return None
    return (status.st_size, status.st_mtime_ns) if path.is_file() else None


def _content(path: Path) -> bytes:
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

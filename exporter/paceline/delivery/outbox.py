"""
Runs that wait for a server to take them: in the outbox, one file a run and server, or in memory where nothing is kept.
"""

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, unquote

from msgspec import Struct

from paceline.config import OutboxLimits
from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError, StorageError
from paceline.files import PRIVATE, make_private_folder, replace_file
from paceline.model import Run
from paceline.version import __version__

_SUFFIX = ".json.gz"
_FASTEST = 1
_PIECE = 1 << 16
_MEBI, _DAY = 1 << 20, 86_400


class Parcel(Struct, frozen=True):
    """
    A run on its way: its document, compressed with gzip, under a name that sorts by the end of the run.
    """

    name: str
    packed: bytes


class Box(Protocol):
    """
    Runs that wait for one server, each until it is removed or refused. Both may be said of a run that is not there any
    more.
    """

    def put(self, parcel: Parcel) -> None: ...

    def parcels(self) -> Iterator[Parcel]:
        """
        The runs that wait now, oldest first.
        """

    def count(self) -> int: ...

    def remove(self, name: str) -> None:
        """
        Take out a run that has arrived.
        """

    def refuse(self, name: str) -> None:
        """
        Let a run wait no more that the server will never take.
        """


def pack(run: Run) -> Parcel:
    """
    Make a run ready to be sent.
    """
    # Without the time in its head, equal runs are equal bytes.
    return Parcel(f"{round(run.ended * 1e3):015d}-{run.run_id}", gzip.compress(encode_run(run), _FASTEST, mtime=0))


def unpack(packed: bytes, where: str) -> Run:
    """
    Read a run back that was made ready.

    Args:
        packed: its document, compressed with gzip.
        where: what to call it in an error.

    Raises:
        DocumentError: the packed run is damaged.
    """
    try:
        document = gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise DocumentError(f"{where}: not compressed with gzip: {error}") from error
    return decode_run(document, where)


def check_packed(packed: bytes, where: str) -> None:
    """
    See that a run that was made ready is whole, without reading it.

    Raises:
        DocumentError: the packed run is damaged.
    """
    reader = gzip.GzipFile(fileobj=io.BytesIO(packed))
    try:
        size = sum(len(piece) for piece in iter(lambda: reader.read(_PIECE), b""))
    except (EOFError, OSError, zlib.error) as error:
        raise DocumentError(f"{where}: not compressed with gzip: {error}") from error
    if not size:
        raise DocumentError(f"{where}: empty, expected a run document")


class Outbox:
    """
    Runs in a folder, which outlive the process; several processes may be at work there at once.

    Args:
        folder: of all outboxes.
        kind: of the sink.
        address: of the sink.
    """

    def __init__(self, folder: Path, kind: str, address: str) -> None:
        self.folder: Final = folder / kind / quote(address, safe="")
        self.refused: Final = self.folder / "refused"
        self._release: Final = self.folder / ".refused-by"

    def put(self, parcel: Parcel) -> None:
        """
        Put a run in.

        Raises:
            StorageError: the folder cannot be written to.
        """
        try:
            make_private_folder(self.folder)
            replace_file(self._path(parcel.name), parcel.packed, PRIVATE)
        except OSError as error:
            raise StorageError(f"the outbox {self.folder} cannot be written to: {error.strerror}") from error

    def parcels(self) -> Iterator[Parcel]:
        """
        The runs that wait, oldest first; each is read when it is its turn.
        """
        for path in self._paths():
            try:
                yield Parcel(path.name.removesuffix(_SUFFIX), path.read_bytes())
            except FileNotFoundError:  # another process has delivered it
                continue
            except OSError:  # the reader of the parcel finds that it holds no document
                yield Parcel(path.name.removesuffix(_SUFFIX), b"")

    def count(self) -> int:
        """
        How many runs wait.
        """
        return len(self._paths())

    def remove(self, name: str) -> None:
        """
        Take out a run that has arrived.
        """
        self._path(name).unlink(missing_ok=True)

    def refuse(self, name: str) -> None:
        """
        Keep a run that was refused beside those that wait, where it is not sent again by itself.
        """
        if self._path(name).exists():
            self.refused.mkdir(exist_ok=True)
            self._path(name).replace(self.refused / f"{name}{_SUFFIX}")
            self._release.write_text(__version__, "utf-8")

    def readmit_after_upgrade(self) -> None:
        """
        Let those wait again that were refused to another release, which may have been wrong.
        """
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if self.refused.is_dir() and self._refused_by() != __version__:
                self.readmit()

    def _refused_by(self) -> str:
        return self._release.read_text("utf-8") if self._release.exists() else ""

    def readmit(self) -> None:
        """
        Let those wait again that were refused.
        """
        for path in sorted(self.refused.glob(f"*{_SUFFIX}")):
            path.replace(self.folder / path.name)

    def trim(self, limits: OutboxLimits, now: float) -> int:
        """
        Let go what is beyond the limits, the oldest first, of what waits and of what was refused.

        Args:
            limits: of each of both.
            now: seconds since 1970.

        Returns:
            How many runs are gone.
        """
        beyond = [path for paths in (self._paths(), _paths_in(self.refused)) for path in _beyond(paths, limits, now)]
        return sum(map(_is_removed, beyond))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"

    def _paths(self) -> list[Path]:
        return _paths_in(self.folder)


def _paths_in(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"[!.]*{_SUFFIX}"))


def _beyond(paths: Sequence[Path], limits: OutboxLimits, now: float) -> Iterator[Path]:
    room, since = limits.megabytes * _MEBI, now - limits.days * _DAY
    for number, path in enumerate(reversed(paths)):
        try:
            file = path.stat()
        except OSError:  # another process has delivered it
            continue
        room -= file.st_size
        # The newest stays, however large it is. When a run ended says little: its clock may never have been set.
        if number >= limits.runs or (number and room < 0) or file.st_mtime < since:
            yield path


def _is_removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


class Held:
    """
    Runs in memory; what is not delivered is gone with the process. `refused` has the ids of those that were.
    """

    def __init__(self, *parcels: Parcel) -> None:
        self.refused: Final[list[str]] = []
        self._parcels = {parcel.name: parcel for parcel in parcels}

    def put(self, parcel: Parcel) -> None:
        """
        Put a run in.
        """
        self._parcels[parcel.name] = parcel

    def parcels(self) -> Iterator[Parcel]:
        """
        The runs that wait, oldest first.
        """
        return iter([self._parcels[name] for name in sorted(self._parcels)])

    def count(self) -> int:
        """
        How many runs wait.
        """
        return len(self._parcels)

    def remove(self, name: str) -> None:
        """
        Take out a run that has arrived.
        """
        self._parcels.pop(name, None)

    def refuse(self, name: str) -> None:
        """
        Take out a run, and note which.
        """
        self.remove(name)
        self.refused.append(name.partition("-")[2])


def outboxes(folder: Path) -> list[tuple[str, str, Outbox]]:
    """
    The outboxes of a folder, each with the kind and the address of its sink.
    """
    found = [(path.parent.name, unquote(path.name)) for path in sorted(folder.glob("*/*")) if path.is_dir()]
    return [(kind, address, Outbox(folder, kind, address)) for kind, address in found]

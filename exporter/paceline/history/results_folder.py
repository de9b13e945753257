"""
The results folder: one JSON document a run, and the names of everything else that is kept there.

Documents of large suites are compressed; the latest report never is.
"""

import filecmp
import gzip
import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from msgspec import Struct

from paceline.documents import decode_run
from paceline.errors import DocumentError, StorageError
from paceline.files import READABLE, make_private_folder, new_file_beside, replace_file, sweep_new_files
from paceline.model import Run

_PATTERNS = ("performance_*.json", "performance_*.json.gz")
_MOST_SAME_NAMES = 1000
# Documents of more bytes, which are those of a thousand tests, are compressed to a twentieth.
_LARGE = 1 << 20
_COMPRESSED, _FAST, _GZIP_MAGIC = ".gz", 1, b"\x1f\x8b"


def _ignore(_: str) -> None: ...


class ResultsFolder(Struct, frozen=True):
    """
    A folder of results; nothing in it is ever overwritten but what Paceline itself can make again.

    `warn` takes a line for the user.
    """

    path: Path
    warn: Callable[[str], None] = _ignore

    @property
    def ledger(self) -> Path:
        return self.path / "history.sqlite"

    @property
    def latest_report(self) -> Path:
        return self.path / "latest_report.json"

    @property
    def trends(self) -> Path:
        return self.path / "trends.json"

    @property
    def journals(self) -> Path:
        return self.path / ".running"

    @property
    def outbox(self) -> Path:
        return self.path / ".outbox"

    @property
    def _mode(self) -> int:
        """
        Of reports: they say what the ledger says.
        """
        try:
            return self.ledger.stat().st_mode & READABLE
        except OSError:
            return READABLE

    def prepare(self) -> None:
        """
        Make the folder and see that it can be written to.

        Raises:
            StorageError: the folder cannot be made or written to.
        """
        try:
            make_private_folder(self.path)
            self.journals.mkdir(exist_ok=True)
            sweep_new_files(self.path)
            with tempfile.TemporaryFile(dir=self.path):
                pass
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("# Made by Paceline.\n*\n", "utf-8")
        except OSError as error:
            raise StorageError(f"the results folder {self.path} cannot be written to: {error.strerror}") from error

    def documents(self) -> Iterator[Path]:
        """
        The documents of runs, oldest name first.
        """
        return iter(sorted((path for pattern in _PATTERNS for path in self.path.glob(pattern)), key=stem_of_path))

    def add_document(self, document: bytes, ended: float) -> Path:
        """
        Write the document of a run as a new file, and make it the latest report.

        Args:
            document: the encoded run.
            ended: the end of the run, which gives the file its name.

        Raises:
            StorageError: the folder cannot be written to.
        """
        try:
            make_private_folder(self.path)
            with new_file_beside(self.latest_report, self._mode) as new:
                new.write_bytes(document)
                path = self._add_compressed(document, ended) or self._add_name(new, f"{stem_of(ended)}.json")
                # What is replaced under the second name is there under its first, unless it was never a report.
                self._keep_foreign_latest()
                new.replace(self.latest_report)
        except OSError as error:
            raise StorageError(f"{self.path}: the report of the run was not written: {error.strerror}") from error
        return path

    def replace(self, path: Path, content: bytes) -> None:
        """
        Write a file that can be made again, so that a reader sees the old or the new content, never a part.

        Raises:
            StorageError: the folder cannot be written to.
        """
        try:
            make_private_folder(path.parent)
            replace_file(path, content, self._mode)
        except OSError as error:
            raise StorageError(f"{path} was not written: {error.strerror}") from error

    def read_latest(self) -> Run:
        """
        The latest report.

        Raises:
            StorageError: no report exists, or the report cannot be read.
            DocumentError: the latest report is not a run document.
        """
        try:
            return read_run(self.latest_report)
        except StorageError as error:
            raise StorageError(f"{error}; `pytest --paceline` writes it") from error

    def _add_compressed(self, document: bytes, ended: float) -> Path | None:
        if len(document) <= _LARGE:
            return None
        with new_file_beside(self.latest_report, self._mode) as new:
            new.write_bytes(gzip.compress(document, _FAST))
            return self._add_name(new, f"{stem_of(ended)}.json{_COMPRESSED}")

    def _add_name(self, new: Path, name: str) -> Path:
        stem, _, extension = name.partition(".json")
        for number in range(1, _MOST_SAME_NAMES):
            path = self.path / (name if number == 1 else f"{stem}-{number}.json{extension}")
            try:
                _link_or_copy(new, path)
            except FileExistsError:
                continue
            return path
        raise FileExistsError(f"{name} and {_MOST_SAME_NAMES} more of that name")

    def _keep_foreign_latest(self) -> None:
        latest = self.latest_report
        if latest.exists() and not any(_is_same(latest, path) for path in reversed(list(self.documents()))):
            aside = set_aside(latest, "replaced")
            self.warn(f"{latest} was no run of this folder; set aside as {aside.name}")


def stem_of(ended: float) -> str:
    """
    The name of the document of a run that ended then, without its extension.
    """
    return f"performance_{datetime.fromtimestamp(ended, UTC).strftime('%Y-%m-%dT%H-%M-%S.%f')[:-3]}Z"


def stem_of_path(path: Path) -> str:
    """
    The name of a document without its extensions.
    """
    return path.name.removesuffix(_COMPRESSED).removesuffix(".json")


def _is_same(one: Path, other: Path) -> bool:
    if other.name.endswith(_COMPRESSED):
        content = other.read_bytes()
        # The last four bytes are the size of what was compressed.
        has_size = int.from_bytes(content[-4:], "little") == one.stat().st_size
        return has_size and one.read_bytes() == gzip.decompress(content)
    # What a cache or an archive brings back are two files where there was one.
    return one.samefile(other) or filecmp.cmp(one, other, shallow=False)


def _link_or_copy(source: Path, target: Path) -> None:
    """
    Two names of one file, as a copy would double what a large suite writes; a copy where links are not to be had.

    Raises:
        FileExistsError: the target exists.
    """
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        with target.open("xb") as file:
            file.write(source.read_bytes())


def read_run(source: str | PathLike[str] | bytes) -> Run:
    """
    Read a run from its document.

    Args:
        source: the path of the document, or its bytes: JSON in UTF-8, also compressed by gzip.

    Raises:
        StorageError: the file cannot be read.
        DocumentError: the document is not JSON, not a run, or of a schema that this release does not know.
    """
    if isinstance(source, bytes):
        return decode_run(unpacked_document(source, "the run document"), "the run document")
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise StorageError(f"{source} cannot be read: {error.strerror}") from error
    return decode_run(unpacked_document(content, str(source)), str(source))


def unpacked_document(content: bytes, where: str) -> bytes:
    """
    The document without its compression, if it has one.

    Args:
        content: of a file.
        where: what to call it in an error.

    Raises:
        DocumentError: it is damaged.
    """
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(f"{where}: not a run document: {error}") from error


def set_aside(path: Path, why: str) -> Path:
    """
    Give a file another name beside its own, so that nothing is lost and the name is free.

    Raises:
        StorageError: the file cannot be renamed.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    target = path.with_name(f"{path.name}.{why}-{stamp}")
    try:
        return path.rename(target)
    except OSError as error:
        raise StorageError(f"{path} is {why} and cannot be set aside: {error.strerror}") from error

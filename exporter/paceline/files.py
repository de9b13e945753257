"""
Replace a file whole, lock a file, and write files that others may have changed.
"""

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Protocol, TextIO
from weakref import ref

from paceline.errors import StorageError

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
except ImportError:  # Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True

# Modes of files: for their owner alone, and readable by everyone.
PRIVATE, READABLE = 0o600, 0o644
_OWNER_ENTERS = 0o700
# How a file is called until it is whole.
_NEW = ".new-"
_LONGEST_WRITING_SECONDS = 3600.0


def make_private_folder(path: Path) -> None:
    """
    Make a folder that its owner alone can enter. A folder that exists keeps its mode; folders above follow the umask.

    Raises:
        OSError: the folder cannot be made.
    """
    try:
        path.mkdir(mode=_OWNER_ENTERS, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error


@contextmanager
def new_file_beside(path: Path, mode: int | None = None) -> Iterator[Path]:
    """
    Make an empty file in the folder of another one, and remove it at the end if it still has its name.

    Args:
        path: the other file.
        mode: of the new file, less what the umask removes (default: all that the umask leaves).

    Raises:
        OSError: the folder cannot be written to.
    """
    new = path.with_name(f"{_NEW}{token_hex(8)}")
    try:
        new.touch(0o666 if mode is None else mode, exist_ok=False)
        yield new
    finally:
        new.unlink(missing_ok=True)


def sweep_new_files(folder: Path) -> None:
    """
    Remove what processes that were killed had begun to write in a folder and those below it.
    """
    for path in folder.rglob(f"{_NEW}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _LONGEST_WRITING_SECONDS:
                path.unlink()


def replace_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """
    Write a file, so that a reader sees the old or the new content, never a part.

    Raises:
        OSError: the file cannot be written; the old content stays.
    """
    with new_file_beside(path, mode) as new:
        new.write_bytes(content)
        new.replace(path)


class Lockable(Protocol):
    """
    An open file, or a descriptor of one.
    """

    def fileno(self) -> int: ...

    def close(self) -> None: ...


def lock(file: Lockable, *, wait: bool = False) -> None:
    """
    Lock an open file until it is closed, which the system does however the process ends. A process that is forked
    off closes its copy, as that would hold the lock.

    Raises:
        BlockingIOError: another process has the lock, and `wait` is not set.
        OSError: the system, or this file system, has no locks.
    """
    if not HAS_LOCKS:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    known = ref(file)

    def close_copy() -> None:
        copy = known()
        if copy is not None:
            copy.close()

    os.register_at_fork(after_in_child=close_copy)
    flock(file, LOCK_EX if wait else LOCK_EX | LOCK_NB)


def is_locked(file: Lockable) -> bool:
    """
    Whether another process has locked a file, as far as the system shows it.
    """
    if not HAS_LOCKS:
        return False
    try:
        flock(file, LOCK_SH | LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    flock(file, LOCK_UN)
    return False


@contextmanager
def hold_lock(file: Lockable, *, alone: bool) -> Iterator[None]:
    """
    Hold the lock on an open file, alone or together with others; wait while the lock is held otherwise. Without a lock
    where the system refuses.
    """
    with contextlib.suppress(OSError):
        flock(file, LOCK_EX if alone else LOCK_SH)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            flock(file, LOCK_UN)


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """
    Hold the lock on a file, which is made if it is missing; wait while another process holds it.

    Raises:
        OSError: the file cannot be opened or locked.
    """
    with path.open("ab") as file:
        lock(file, wait=True)
        yield


@contextmanager
def open_to_write(path: Path) -> Iterator[TextIO]:
    """
    Open a file for a text, which takes the place of what was there when it is whole, and not at all after an error.

    What is there and no regular file, as a pipe or a device, is written to as it is: somebody reads it.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                yield file
        else:
            with _replacing(Path(os.path.realpath(path))) as file:
                yield file
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror})") from error


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    with new_file_beside(path) as new:
        with new.open("w", encoding="utf-8") as file:
            yield file
        if path.exists():
            shutil.copymode(path, new)
        new.replace(path)


def write_files(folder: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """
    Write all of them, or none where that would replace one that differs.

    Args:
        folder: is made where it is missing.
        texts: the text of each, by its path in the folder.
        force: replace what differs.

    Raises:
        StorageError: a file differs, or cannot be read or written.
    """
    contents = {folder / path: text.encode() for path, text in texts.items()}
    try:
        differing = [path for path, content in contents.items() if path.is_file() and path.read_bytes() != content]
        if differing and not force:
            raise StorageError(f"{differing[0]} exists and differs; --force replaces it")
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"{error.filename or folder} cannot be written ({error.strerror})") from error

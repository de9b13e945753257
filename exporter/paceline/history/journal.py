"""
The journal: each case is written as it ends, so that a process that dies leaves what it had measured.
"""

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psutil
from msgspec import DecodeError, Struct
from msgspec.structs import replace

from paceline.documents import decode, encode
from paceline.errors import StorageError
from paceline.files import is_locked, lock
from paceline.model import Case, Run, RunOutcome
from paceline.own_descriptor import OwnDescriptor

_SUFFIX = ".jsonl"
# Two clocks of one process, read apart, differ by less than this.
_SAME_START_SECONDS = 1.0
# A journal from a machine that cannot be asked whether the process lives.
_ABANDONED_SECONDS = 24 * 3600.0
# Longer than a process needs from making a journal to its first line.
_BEGINNING_SECONDS = 60.0


class _Owner(Struct, frozen=True, kw_only=True):
    """
    The first line: whose journal this is, and the run without cases. `is_locked` says that its process holds a lock on
    it for as long as it lives.
    """

    host: str
    process: int
    process_started: float
    is_locked: bool = False
    run: Run


class Journal:
    """
    The journal of the run that this process is doing.

    A test may close the descriptor and open a file that gets its number: nothing is written there. The journal is then
    opened again by its path. A process that a test forked writes nothing.

    Raises:
        StorageError: the journal cannot be written.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        try:
            self.path: Final = _new_file(folder, run.run_id)
            self._file = _open(self.path)
            self._is_broken = False
            self._write(encode(_owner(self._file, run)) + b"\n")
        except OSError as error:
            path = folder / f"{run.run_id}{_SUFFIX}"
            raise StorageError(f"the journal {path} cannot be written: {error.strerror}") from error

    def add(self, case: Case) -> None:
        """
        Write a case, on a line of its own also where the line before could not be written whole.

        Raises:
            OSError: the disk is full, or the folder was removed.
        """
        line = encode(case) + b"\n"
        try:
            self._write(line)
        except OSError as error:
            if error.errno != errno.EBADF or not self._file.is_of_this_process:
                raise
            self._file = _open(self.path)
            _is_lockable(self._file)
            self._write(line)

    def close(self, *, is_kept: bool) -> None:
        """
        End the journal. It is removed where the run is kept elsewhere, else left for the next session to read back.
        """
        self._file.close()
        if is_kept:
            self.path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        content = b"\n" + line if self._is_broken else line
        self._is_broken = True
        if self._file.write(content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_broken = False


def has_live_journal(folder: Path) -> bool:
    """
    Whether a session that runs now writes a journal in a folder.
    """
    return any(_is_written(path) for path in folder.glob(f"*{_SUFFIX}"))


def left_behind(folder: Path, suite: str) -> Iterator[tuple[Path, Run]]:
    """
    Journals of a suite whose process is gone, each with the run as far as it came.

    What is no journal is passed over, and so is half a line. Those of other suites in the folder are left to
    them: they are judged by other rules, and sent elsewhere.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        run = _read(path, suite)
        if run is not None:
            yield path, run


def sweep(folder: Path, warn: Callable[[str], None]) -> None:
    """
    Remove journals without a line, which a process left that was killed as it began, and set damaged ones aside.
    """
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime < _BEGINNING_SECONDS or _is_written(path) or _has_owner(path):
                continue
            if path.stat().st_size:
                aside = path.rename(path.with_name(f"{path.name}.damaged"))
                warn(f"the journal {path} is damaged; it was set aside as {aside.name}")
            else:
                path.unlink()


def _has_owner(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            decode(file.readline(), _Owner)
        except (DecodeError, UnicodeDecodeError):
            return False
    return True


def _new_file(folder: Path, run_id: str, number: int = 1) -> Path:
    path = folder / (f"{run_id}{_SUFFIX}" if number == 1 else f"{run_id}-{number}{_SUFFIX}")
    try:
        path.touch(exist_ok=False)
    except FileExistsError:  # of a session of another suite that has the same id, or had it
        return _new_file(folder, run_id, number + 1)
    return path


def _open(path: Path) -> OwnDescriptor:
    # What was written is the kernel's, and outlives os._exit and kill -9.
    return OwnDescriptor.open(str(path), os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))


def _owner(file: OwnDescriptor, run: Run) -> _Owner:
    return _Owner(
        host=socket.gethostname(),
        process=os.getpid(),
        process_started=psutil.Process().create_time(),
        is_locked=_is_lockable(file),
        run=run,
    )


def _is_lockable(file: OwnDescriptor) -> bool:
    try:
        lock(file)
    except OSError:
        return False
    return True


def _read(path: Path, suite: str) -> Run | None:
    try:
        with path.open("rb") as file:
            is_written, modified = is_locked(file), os.fstat(file.fileno()).st_mtime
            first, *lines = file.read().split(b"\n")
        owner = decode(first, _Owner)
    except (OSError, DecodeError, UnicodeDecodeError):
        return None
    if owner.run.suite != suite or is_written or _is_alive(owner, modified):
        return None
    return replace(
        owner.run,
        outcome=RunOutcome.CRASHED,
        is_partial=True,
        ended=max(modified, owner.run.started),
        # A test that was retried was written more than once.
        cases=tuple({case.id: case for case in _cases(lines)}.values()),
    )


def _is_written(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_locked(file)
    except OSError:
        return False


def _cases(lines: list[bytes]) -> Iterator[Case]:
    for line in lines:
        try:
            yield decode(line, Case)
        except (DecodeError, UnicodeDecodeError):  # killed, or the disk was full
            continue


def _is_alive(owner: _Owner, modified: float) -> bool:
    if owner.host != socket.gethostname():
        # It may have a lock that is not seen from here.
        return time.time() - modified < _ABANDONED_SECONDS
    if owner.is_locked:
        return False
    try:
        started = psutil.Process(owner.process).create_time()
    except psutil.Error:
        return False
    return abs(started - owner.process_started) < _SAME_START_SECONDS

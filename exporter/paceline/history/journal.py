"""
The journal: each case is written as it ends, so that a process that dies leaves what it had measured.
"""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from paceline.errors import StorageError
from paceline.model import Case, Run, RunOutcome

_SUFFIX = ".jsonl"
# Two clocks of one process, read apart, differ by less than this.
_SAME_START_SECONDS = 1.0
# A journal from a machine that cannot be asked whether the process lives.
_ABANDONED_SECONDS = 24 * 3600.0


class _Owner(Struct, frozen=True, kw_only=True):
    """
    The first line: whose journal this is, and the run without cases.
    """

    host: str
    process: int
    process_started: float
    run: Run


class Journal:
    """
    The journal of the run that this process is doing.

    Raises:
        StorageError: it cannot be written.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        self.path: Final = folder / f"{run.run_id}{_SUFFIX}"
        owner = _Owner(
            host=socket.gethostname(),
            process=os.getpid(),
            process_started=psutil.Process().create_time(),
            run=run,
        )
        try:
            # Unbuffered: what was written is the kernel's, and outlives os._exit and kill -9.
            self._file = self.path.open("xb", buffering=0)
            self._file.write(json.encode(owner) + b"\n")
        except OSError as error:
            raise StorageError(f"the journal {self.path} cannot be written: {error.strerror}") from error

    def add(self, case: Case) -> None:
        """
        Write a case.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        self._file.write(json.encode(case) + b"\n")

    def close(self, *, is_kept: bool) -> None:
        """
        End the journal. It is removed where the run is kept elsewhere, else left for the next session to read back.
        """
        self._file.close()
        if is_kept:
            self.path.unlink(missing_ok=True)


def left_behind(folder: Path) -> Iterator[tuple[Path, Run]]:
    """
    Journals whose process is gone, each with the run as far as it came.

    What is no journal is passed over; the last line may be half a line.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        run = _read(path)
        if run is not None:
            yield path, run


def _read(path: Path) -> Run | None:
    try:
        modified = path.stat().st_mtime
        first, *lines = path.read_bytes().split(b"\n")
        owner = json.decode(first, type=_Owner)
    except (OSError, DecodeError, UnicodeDecodeError):
        return None
    if _is_alive(owner, modified):
        return None
    return replace(
        owner.run,
        outcome=RunOutcome.CRASHED,
        is_partial=True,
        ended=max(modified, owner.run.started),
        cases=tuple(_cases(lines)),
    )


def _cases(lines: list[bytes]) -> Iterator[Case]:
    for line in lines:
        try:
            yield json.decode(line, type=Case)
        except (DecodeError, UnicodeDecodeError):
            return


def _is_alive(owner: _Owner, modified: float) -> bool:
    if owner.host != socket.gethostname():
        return time.time() - modified < _ABANDONED_SECONDS
    try:
        started = psutil.Process(owner.process).create_time()
    except psutil.Error:
        return False
    return abs(started - owner.process_started) < _SAME_START_SECONDS

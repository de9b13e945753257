"""
How long a lock that another process holds on a ledger is waited for.
"""

import sqlite3
import time
from collections.abc import Callable
from math import inf
from typing import Final, TypeVar

_T = TypeVar("_T")
# SQLite waits inside C, where Ctrl-C has no effect: at most this long.
LONGEST_DEAF_SECONDS = 0.1
# A file system without locks says "busy" as well, at once.
_PAUSE_SECONDS = 0.02
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


def code_of(error: sqlite3.Error) -> int:
    """
    The primary result code of SQLite; that of a general error where Python raised it.
    """
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


class LockWait:
    """
    Waits for locks, `each` time for so many seconds, and `in_all` no longer than that.
    """

    def __init__(self, each: float = 30.0, in_all: float = inf) -> None:
        self._each: Final = each
        self._left = in_all

    def tried(self, step: Callable[[], _T]) -> _T:
        """
        What a step returns, which is tried again while another process has a lock.

        Raises:
            sqlite3.Error: the step failed, or the lock was held for too long.
        """
        started = time.monotonic()
        try:
            while True:
                try:
                    return step()
                except sqlite3.OperationalError as error:
                    waited = time.monotonic() - started
                    if code_of(error) not in _BUSY or waited >= min(self._each, self._left):
                        raise
                    time.sleep(_PAUSE_SECONDS)
        finally:
            self._left -= time.monotonic() - started

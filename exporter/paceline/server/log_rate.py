"""
Keep a log from filling a disk with warnings of one kind.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

_MOST, _SECONDS = 20, 10.0
_MOST_KINDS = 1000


class RateLimit(logging.Filter):
    """
    Lets 20 warnings of one kind pass in ten seconds; the next one after that says how many were left out.

    Of one kind are those of one logger and one text before its arguments are filled in.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now: Final = now
        self._kinds: Final[dict[tuple[str, object], tuple[float, int]]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """
        Whether a record is logged.
        """
        if record.levelno < logging.WARNING:
            return True
        # asyncio puts everything into the text; its first words are its kind.
        kind = (record.name, str(record.msg)[:60])
        now = self._now()
        since, count = self._kinds.get(kind, (now, 0))
        if now - since >= _SECONDS:
            if count > _MOST:
                record.msg, record.args = f"{record.getMessage()} ({count - _MOST} lines like this were left out)", ()
            since, count = now, 0
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (since, count + 1)
        return count < _MOST

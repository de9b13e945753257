"""
End a block of code that takes too long; and let time limits of tests stand still.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

# A block that waits once more while it is being left, as in its cleanup, is interrupted again.
_AGAIN_SECONDS = 1.0


class OutOfTimeError(BaseException):
    """
    A block took too long. It is no Exception, so that a test that catches all of those does not catch it.
    """


def can_limit() -> bool:
    """
    Whether a block can be interrupted here: by a signal, which only the main thread of a POSIX process receives.
    """
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """
    Raise in the block after so many seconds, also where a test left the signal blocked; a timer, a handler and a mask
    of the project are put back afterwards.

    Raises:
        OutOfTimeError: the time is over.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    handler = signal.signal(signal.SIGALRM, interrupt)
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM}) & {signal.SIGALRM}
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)


@contextmanager
def without_time_limit(item: pytest.Item) -> Iterator[None]:
    """
    Let the time limit of pytest-timeout stand still, and begin anew after the block.
    """
    plugin: Any = item.config.pluginmanager.get_plugin("timeout")
    if not hasattr(item, "cancel_timeout") or not hasattr(plugin, "_get_item_settings"):
        yield
        return
    settings = plugin._get_item_settings(item)  # noqa: SLF001 - there is no public way to ask
    item.config.hook.pytest_timeout_cancel_timer(item=item)
    try:
        yield
    finally:
        item.config.hook.pytest_timeout_set_timer(item=item, settings=settings)

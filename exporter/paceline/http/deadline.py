"""
Calls that wait no longer than they may, whatever a socket does.

No setting of a socket bounds how long a name takes to resolve, or an answer that drips. So a call runs in a daemon
thread, which is left to itself when the time is over.
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

_T = TypeVar("_T")


def in_background(call: Callable[[], _T], name: str) -> "Future[_T]":
    """
    Start a call in a daemon thread.

    Args:
        call: what to call.
        name: of the thread.
    """
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future


def within(seconds: float, call: Callable[[], _T], name: str) -> _T:
    """
    Call in a thread of its own, and wait for the result no longer than this.

    Raises:
        TimeoutError: the time is over. The call goes on, and its result is dropped.
    """
    if seconds <= 0:
        raise TimeoutError
    return in_background(call, name).result(timeout=seconds)

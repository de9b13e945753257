"""
Calls of a function under test, as often as its test wants.
"""

from asyncio import current_task, get_running_loop
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from typing import Any, TypeAlias

from paceline.testkit.call_limit import CallLimit

Steps: TypeAlias = Generator[int, None, None]
"""
How often a function is to be called next, again and again. What lies between two steps sees the calls.
"""


def call_in_steps(fn: Callable[[], Any], steps: Steps, limit: CallLimit) -> None:
    """
    Call a function, while the caller watches the limit.

    Raises:
        Exception: that of the function. The steps are closed at once: pytest keeps the frame of an error, and with it
            a generator that is not closed.
    """
    with closing(steps):
        for calls in steps:
            for _ in limit.calls(calls):
                fn()
            limit.between()


async def await_in_steps(fn: Callable[[], Awaitable[Any]], steps: Steps, limit: CallLimit) -> None:
    """
    The same of a coroutine function, in the event loop that runs; the limit is watched here.

    Raises:
        TimeoutError: a call took longer than the limit.
        Exception: as above.
    """
    task = current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in one
    with limit.watched_in(get_running_loop(), task), closing(steps):
        for calls in steps:
            for _ in limit.calls(calls):
                await fn()
            limit.between()

"""
Calls of a function under test, as often as its test wants.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from typing import Any, TypeAlias

from paceline.testkit.call_time_limit import CallTimeLimit

Steps: TypeAlias = Generator[int, None, None]
"""
How often a function is to be called next, again and again. What lies between two steps sees the calls.
"""


def call_in_steps(fn: Callable[[], Any], steps: Steps, limit: CallTimeLimit) -> None:
    """
    Call a function, while the caller watches the limit.

    Raises:
        Exception: the exception of the function. The steps are closed at once: pytest keeps the frame of an error, and
            with it a generator that is not closed.
    """
    with closing(steps):
        for calls in steps:
            for _ in limit.calls(calls):
                fn()
            limit.between()


async def await_in_steps(fn: Callable[[], Awaitable[Any]], steps: Steps, limit: CallTimeLimit) -> None:
    """
    The same of a coroutine function, awaited where it is called; the limit is watched here.

    Raises:
        TimeoutError: a call took longer than the limit.
        Exception: as above.
    """
    with limit.watched_in_task(), closing(steps):
        for calls in steps:
            for _ in limit.calls(calls):
                await fn()
            limit.between()

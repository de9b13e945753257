"""
Calls of a function under test, as often as its test wants.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from typing import Any, TypeAlias

Steps: TypeAlias = Generator[int, None, None]
"""
How often a function is to be called next, again and again. What lies between two steps sees the calls.
"""


def call_in_steps(fn: Callable[[], Any], steps: Steps) -> None:
    """
    Call a function.

    Raises:
        Exception: that of the function. The steps are closed at once: pytest keeps the frame of an error, and with it
            a generator that is not closed.
    """
    with closing(steps):
        for calls in steps:
            for _ in range(calls):
                fn()


async def await_in_steps(fn: Callable[[], Awaitable[Any]], steps: Steps) -> None:
    """
    The same of a coroutine function, in the event loop that runs.
    """
    with closing(steps):
        for calls in steps:
            for _ in range(calls):
                await fn()

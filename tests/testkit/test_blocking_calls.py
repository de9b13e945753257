"""
Functions that block, in each function of the test kit.
"""

import asyncio
import gc
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Any

import pytest

from paceline.testkit import (
    async_benchmark_test,
    benchmark_test,
    database_performance_test,
    memory_leak_test,
)
from support.suite import Suite

_SECONDS = 0.2
# As a timer of pytest-timeout would end the calls instead.
pytestmark = pytest.mark.timeout(0)


class Blocking:
    """
    A function that blocks from the third call on, whatever is raised in it that is an Exception.
    """

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        while self.calls >= 3:
            with suppress(Exception):  # as code of users does
                Event().wait()


@pytest.mark.parametrize("test", [benchmark_test, memory_leak_test, database_performance_test])
def test_a_call_that_blocks_is_ended(test: Callable[..., Any]) -> None:
    """
    With an error that names the function and the limit; nothing stays behind.
    """
    handler, blocking = signal.getsignal(signal.SIGALRM), Blocking()
    with pytest.raises(TimeoutError, match=r"a call of .*Blocking.* took longer than timeout_seconds, which is 0\.2"):
        test(blocking, timeout_seconds=_SECONDS)

    assert blocking.calls == 3
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_call_that_takes_less_than_the_limit_is_not_ended() -> None:
    """
    However long all calls take.
    """
    result = database_performance_test(lambda: time.sleep(0.05), 20, timeout_seconds=_SECONDS)

    assert result.mean_seconds * 20 > 2 * _SECONDS


def test_the_work_between_calls_has_no_limit() -> None:
    """
    A garbage collection of the leak test that takes longer than the limit ends no call.
    """
    pauses = [3 * _SECONDS]

    def pause(_phase: str, _info: object) -> None:
        if pauses:
            time.sleep(pauses.pop())

    gc.callbacks.append(pause)
    try:
        result = memory_leak_test(lambda: None, 3, timeout_seconds=_SECONDS)
    finally:
        gc.callbacks.remove(pause)

    assert not pauses
    assert not result.leak_detected


@pytest.mark.asyncio
async def test_a_coroutine_that_waits_forever_is_ended() -> None:
    """
    In the loop of the test, which goes on, and in a loop of the leak test.
    """
    with pytest.raises(TimeoutError, match="async_benchmark_test: a call of"):
        await async_benchmark_test(asyncio.Event().wait, timeout_seconds=_SECONDS)
    with pytest.raises(TimeoutError, match="memory_leak_test: a call of"):
        memory_leak_test(asyncio.Event().wait, timeout_seconds=_SECONDS)
    await asyncio.sleep(0)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_wrong_limit_is_an_error(seconds: float) -> None:
    """
    That names the argument.
    """
    with pytest.raises(ValueError, match=r"memory_leak_test: timeout_seconds is .*, expected a number above 0"):
        memory_leak_test(list, timeout_seconds=seconds)


def test_a_marked_benchmark_that_blocks_fails(suite: Suite) -> None:
    """
    And the tests after it run.
    """
    suite.write(
        "test_kit.py",
        """
        import threading
        import pytest

        @pytest.mark.benchmark_test(timeout_seconds=0.2)
        def test_blocks():
            threading.Event().wait()

        def test_after():
            pass
        """,
    )
    result = suite.run("-p", "no:timeout")

    assert result.outcomes == {"test_blocks": "failed", "test_after": "passed"}
    assert "took longer than timeout_seconds, which is 0.2" in result.output

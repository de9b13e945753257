"""
Load tests on functions.
"""

import asyncio
import time
from threading import current_thread

import pytest

from paceline.testkit import load_test


def test_a_function_is_called_by_each_user_in_a_thread() -> None:
    """
    Users call at the same time, each in a thread of its own.
    """
    threads: dict[str, int] = {}

    def call() -> None:
        threads[current_thread().name] = threads.get(current_thread().name, 0) + 1
        time.sleep(0.02)

    result = load_test(call, 4, 1, ramp_up_seconds=0)

    assert len(threads) == 4
    assert result.requests == sum(threads.values()) > 40
    assert 0.02 <= result.latency.p50 < 0.2
    assert (result.failures, result.engine, result.target) == (0, "threads", "call")


def test_an_async_function_is_called_on_one_event_loop() -> None:
    """
    Users of an async function share a thread.
    """
    threads = set()

    async def call() -> None:
        threads.add(current_thread().name)
        await asyncio.sleep(0.02)

    result = load_test(call, 4, 1, ramp_up_seconds=0)

    assert len(threads) == 1
    assert (result.failures, result.engine, result.requests > 40) == (0, "asyncio", True)


@pytest.mark.asyncio
async def test_a_load_test_may_be_called_from_an_event_loop() -> None:
    """
    The event loop of the load is another one.
    """

    async def call() -> None:
        await asyncio.sleep(0.01)

    assert load_test(call, 2, 0.5).success_rate == 1


def test_calls_are_due_at_a_rate() -> None:
    """
    A call that comes late because the one before was slow counts from when it was due.
    """
    result = load_test(lambda: time.sleep(0.15), 1, 1, requests_per_second=10)

    assert result.requests == 10
    assert result.latency.max > 0.3
    assert {error.kind for error in result.errors} == {"not sent: all users waited for answers"}


@pytest.mark.parametrize("error", [ValueError("sold out"), SystemExit(3), KeyboardInterrupt()])
def test_a_function_that_raises_has_failed(error: BaseException) -> None:
    """
    Whatever is raised is a failure of the call, ends no user, and is named.
    """

    def call() -> None:
        raise error

    result = load_test(call, 2, 0.5)

    assert (result.success_rate, [one.kind for one in result.errors]) == (0, [type(error).__name__])
    assert 2 < result.requests < 20


def test_a_function_that_returns_false_has_failed() -> None:
    """
    A call may say that it failed without an exception.
    """
    result = load_test(lambda: False, 2, 0.5)

    assert (result.success_rate, result.errors[0].kind) == (0, "returned False")


def test_a_function_that_never_returns_has_failed_in_time() -> None:
    """
    The calls that have not returned a second after the end are failures.
    """
    started = time.monotonic()
    result = load_test(lambda: time.sleep(20), 3, 0.5, ramp_up_seconds=0)

    assert time.monotonic() - started < 0.5 + 2
    assert (result.requests, result.failures, result.latency.max) == (3, 3, 0)


def test_an_async_function_that_blocks_its_loop_has_failed_in_time() -> None:
    """
    A call that lets no other run keeps nobody waiting.
    """

    async def call() -> None:
        time.sleep(20)  # noqa: ASYNC251 - the mistake that is tested

    started = time.monotonic()
    result = load_test(call, 3, 0.5, ramp_up_seconds=0)

    assert time.monotonic() - started < 0.5 + 2
    assert (result.success_rate, result.failures > 0) == (0, True)

"""
Leak tests: does a function keep memory, descriptors, threads or tasks with each call?
"""

from asyncio import Runner
from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from threading import Thread
from typing import Any

from paceline.kit_results.leak import LeakResult
from paceline.testkit.arguments import arguments_of, check_name, whole_number
from paceline.testkit.call_time_limit import CALL_SECONDS, CallTimeLimit
from paceline.testkit.calling import await_in_steps, call_in_steps
from paceline.testkit.event_loop import is_in_event_loop
from paceline.testkit.kept_results import keep
from paceline.testkit.leak.bystanders import without_records
from paceline.testkit.leak.search import LeakSearch


def memory_leak_test(
    fn: Callable[[], Any], iterations: int = 100, *, name: str = "", timeout_seconds: float = CALL_SECONDS
) -> LeakResult:
    """
    Call a function many times and look whether the process keeps memory, descriptors, threads or tasks with each call.

    The function is called about three times as often as `iterations`, and up to sixteen times if a resource grew, for
    at most two more seconds. Log records, warnings and output of the calls are not recorded.

    Args:
        fn: a function without arguments; a coroutine function is run in an event loop of its own.
        iterations: calls, at least 1.
        name: distinguishes several results in one test.
        timeout_seconds: the longest time of a call; a call that blocks is ended before twice that time, in the main
            thread of a POSIX process.

    Raises:
        ValueError: iterations is not a whole number from 1 on, or the time limit is not a number above 0.
        TimeoutError: a call took longer than `timeout_seconds`.
        Exception: the exception of the function.
    """
    search, limit = _search("memory_leak_test", fn, iterations, name, timeout_seconds)
    with without_records(), limit.watched():
        first = limit.call(fn)
        if iscoroutine(first):
            _await_all(first, fn, search, limit)
        else:
            call_in_steps(fn, search.steps(), limit)
    return keep(search.result)


async def async_memory_leak_test(
    fn: Callable[[], Awaitable[Any]], iterations: int = 100, *, name: str = "", timeout_seconds: float = CALL_SECONDS
) -> LeakResult:
    """
    Like `memory_leak_test`, for a coroutine function, in the running event loop.
    """
    search, limit = _search("async_memory_leak_test", fn, iterations, name, timeout_seconds)
    with without_records():
        await await_in_steps(fn, search.steps(), limit)
    return keep(search.result)


def _search(
    function: str, fn: Callable[[], Any], iterations: int, name: str, timeout_seconds: float
) -> tuple[LeakSearch, CallTimeLimit]:
    __tracebackhide__ = True
    with arguments_of(function):
        check_name(name)
        search = LeakSearch(whole_number("iterations", iterations), name)
    return search, CallTimeLimit(function, fn, timeout_seconds)


def _await_all(
    first: Awaitable[Any], fn: Callable[[], Awaitable[Any]], search: LeakSearch, limit: CallTimeLimit
) -> None:
    if is_in_event_loop():
        _in_thread(lambda: _await_all(first, fn, search, limit))
        return
    with Runner() as runner:
        runner.run(_awaiting(first, fn, search, limit))


async def _awaiting(
    first: Awaitable[Any], fn: Callable[[], Awaitable[Any]], search: LeakSearch, limit: CallTimeLimit
) -> None:
    limit.calls(1)
    await first
    limit.between()
    await await_in_steps(fn, search.steps(), limit)


def _in_thread(work: Callable[[], None]) -> None:
    """
    Work in a thread, for in a loop that runs no other one can.
    """
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            errors.append(error)

    # A call that blocks is left behind, and no process waits for it.
    thread = Thread(target=run, name="paceline-leak-test", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]

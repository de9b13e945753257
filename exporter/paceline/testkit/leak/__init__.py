"""
Leak tests: does a function keep memory, descriptors, threads or tasks with each call?
"""

from asyncio import Runner, get_running_loop
from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from threading import Thread
from typing import Any

from paceline.kit_results.leak import LeakResult
from paceline.testkit.arguments import whole_number
from paceline.testkit.keeping import keep
from paceline.testkit.leak.bystanders import without_records
from paceline.testkit.leak.search import LeakSearch


def memory_leak_test(fn: Callable[[], Any], iterations: int = 100, *, name: str = "") -> LeakResult:
    """
    Call a function many times and look whether the process keeps memory, descriptors, threads or tasks with each call.

    The function is called about three times as often as asked for, and up to sixteen times as often where something
    grew, for at most two seconds more. Log records, warnings and output of the calls are not recorded meanwhile.

    Args:
        fn: a function without arguments; a coroutine function is run in an event loop.
        iterations: calls, at least 1.
        name: tells several results in one test apart.

    Raises:
        ValueError: iterations is no whole number from 1 on.
        Exception: that of the function.
    """
    search = LeakSearch(whole_number("memory_leak_test", "iterations", iterations), name)
    with without_records():
        first = fn()
        result = _of_coroutines(first, fn, search) if iscoroutine(first) else _of_calls(fn, search)
    return keep(result)


def _of_calls(fn: Callable[[], Any], search: LeakSearch) -> LeakResult:
    steps = search.run()
    calls = next(steps)
    while True:
        for _ in range(calls):
            fn()
        try:
            calls = steps.send(None)
        except StopIteration as stop:
            return _result(stop)


def _of_coroutines(first: Awaitable[Any], fn: Callable[[], Awaitable[Any]], search: LeakSearch) -> LeakResult:
    try:
        get_running_loop()
    except RuntimeError:
        with Runner() as runner:
            return runner.run(_awaiting(first, fn, search))
    return _in_thread(lambda: _of_coroutines(first, fn, search))


async def _awaiting(first: Awaitable[Any], fn: Callable[[], Awaitable[Any]], search: LeakSearch) -> LeakResult:
    await first
    steps = search.run()
    calls = next(steps)
    while True:
        for _ in range(calls):
            await fn()
        try:
            calls = steps.send(None)
        except StopIteration as stop:
            return _result(stop)


def _result(stop: StopIteration) -> LeakResult:
    result: LeakResult = stop.value
    return result


def _in_thread(search: Callable[[], LeakResult]) -> LeakResult:
    """
    Search in a thread, for a loop that runs already runs no other one.
    """
    results: list[LeakResult] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(search())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            errors.append(error)

    thread = Thread(target=run, name="paceline-leak-test")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]

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
from paceline.testkit.calling import await_in_steps, call_in_steps
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
        if iscoroutine(first):
            _await_all(first, fn, search)
        else:
            call_in_steps(fn, search.steps())
    return keep(search.result)


def _await_all(first: Awaitable[Any], fn: Callable[[], Awaitable[Any]], search: LeakSearch) -> None:
    try:
        get_running_loop()
    except RuntimeError:
        with Runner() as runner:
            runner.run(_awaiting(first, fn, search))
    else:
        _in_thread(lambda: _await_all(first, fn, search))


async def _awaiting(first: Awaitable[Any], fn: Callable[[], Awaitable[Any]], search: LeakSearch) -> None:
    await first
    await await_in_steps(fn, search.steps())


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

    thread = Thread(target=run, name="paceline-leak-test")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]

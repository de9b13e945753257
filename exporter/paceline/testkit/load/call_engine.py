"""
The engine for functions: threads of this process, or tasks of one event loop for an async function.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from functools import partial
from threading import Event, Thread
from typing import Any, Final

from paceline.testkit.load.calls import FALSE, Call, Calls, be_user, failure_of, next_back_off
from paceline.testkit.load.engine import EachSecond, Ended
from paceline.testkit.load.gathering import Gathering
from paceline.testkit.load.load_plan import LoadPlan, WorkerDone
from paceline.testkit.load.schedule import user_starts
from paceline.testkit.load.tally import Failure, Tally

_DRAIN_SECONDS = 0.1
_JOIN_SECONDS = 0.2
_now: Final = time.monotonic


class CallEngine:
    """
    Calls a function. It runs in threads that do not keep the process, as it may never return.

    Args:
        plan: the load.
        function: takes no argument. It failed where it raises, or returns False.
    """

    def __init__(self, plan: LoadPlan, function: Callable[[], Any]) -> None:
        self._plan: Final = plan
        self._function: Final = function
        self._is_async: Final = is_async(function)
        self.name: Final = "asyncio" if self._is_async else "threads"
        self._stop: Final = Event()

    def run(self, gathering: Gathering, each_second: EachSecond) -> Ended:
        calls, tally = Calls(self._plan, _now()), Tally(1)
        began = time.process_time()
        threads = self._threads(calls)
        interrupted = False
        try:
            self._follow(calls, tally, threads, gathering, each_second)
        except KeyboardInterrupt:
            interrupted = True
        until = calls.end = min(calls.end, _now()) if interrupted else calls.end
        self._stop.set()
        calls.drain(tally)
        calls.give_up(tally)
        gathering.add(tally.take(int(self._plan.whole_seconds)))
        done = WorkerDone(elapsed_seconds=max(until, calls.last) - calls.start, cpu_seconds=time.process_time() - began)
        gathering.end(done)
        for thread in threads:
            thread.join(_JOIN_SECONDS if thread is threads[0] else 0.0)
        return Ended(1, 1, interrupted=interrupted)

    def _threads(self, calls: Calls) -> list[Thread]:
        if self._is_async:
            threads = [Thread(target=self._run_loop, args=(calls,), daemon=True)]
        else:
            starts = user_starts(self._plan.users, 0.0 if self._plan.rates else self._plan.ramp_up_seconds)
            threads = [
                Thread(target=be_user, args=(calls, number, calls.start + begin, self._choose, self._stop), daemon=True)
                for number, begin in enumerate(starts)
            ]
        for thread in threads:
            thread.start()
        return threads

    def _follow(
        self, calls: Calls, tally: Tally, threads: list[Thread], gathering: Gathering, each_second: EachSecond
    ) -> None:
        second = 0
        while _now() < calls.gives_up_at and any(thread.is_alive() for thread in threads):
            self._stop.wait(min(_DRAIN_SECONDS, max(calls.gives_up_at - _now(), 0.0)))
            calls.drain(tally)
            tally.has_users(self._users_at(_now() - calls.start))
            if _now() >= calls.start + second + 1 and second < self._plan.whole_seconds:
                gathering.add(tally.take(second))
                each_second()
                second += 1

    def _users_at(self, seconds: float) -> int:
        ramp_up = self._plan.ramp_up_seconds
        return self._plan.users if seconds >= ramp_up else int(self._plan.users * seconds / ramp_up) + 1

    def _choose(self) -> tuple[int, Call]:
        return 0, self._call

    def _call(self) -> Failure | None:
        return FALSE if self._function() is False else None

    def _run_loop(self, calls: Calls) -> None:
        asyncio.run(self._be_all_users(calls))

    async def _be_all_users(self, calls: Calls) -> None:
        ramp_up = 0.0 if self._plan.rates else self._plan.ramp_up_seconds
        users = [
            asyncio.create_task(self._be_async_user(calls, number, calls.start + begin))
            for number, begin in enumerate(user_starts(self._plan.users, ramp_up))
        ]
        pending = set(users)
        while pending and not self._stop.is_set():
            _, pending = await asyncio.wait(pending, timeout=_DRAIN_SECONDS)
        for user in pending:
            user.cancel()

    async def _be_async_user(self, calls: Calls, number: int, begin: float) -> None:
        back_off, pause = 0.0, 0.0
        await asyncio.sleep(max(begin - _now(), 0.0))
        while (due := calls.next_due(max(back_off, pause))) is not None:
            await asyncio.sleep(max(due - _now(), 0.0))
            since = calls.begins(number, due)
            failure = await _called(self._function)
            calls.ends(number, since, failure)
            back_off, pause = next_back_off(back_off, failure), calls.think_seconds


async def _called(function: Callable[[], Awaitable[Any]]) -> Failure | None:
    try:
        return FALSE if await function() is False else None
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a user's function raises
        return failure_of(error)


def is_async(function: Callable[[], Any]) -> bool:
    """
    Whether calling a function gives an awaitable.
    """
    plain = function.func if isinstance(function, partial) else function
    return inspect.iscoroutinefunction(plain) or inspect.iscoroutinefunction(getattr(plain, "__call__", None))  # noqa: B004

"""
Sends the requests of one worker: closed users, or requests that are due at a rate.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import accumulate, cycle, islice
from random import Random
from typing import Final

from paceline.testkit.load.http_user import HttpUser
from paceline.testkit.load.load_plan import GRACE_SECONDS, LoadOrder, LoadPlan, WorkerInterval
from paceline.testkit.load.schedule import due_times, user_starts
from paceline.testkit.load.tally import NO_ANSWER_AT_THE_END, NOT_SENT, Failure, Tally

# A user whose requests fail waits before the next: first so long, then twice as long, at most the last.
_BACK_OFF, _LONGEST_BACK_OFF = 0.1, 1.0
_SWEEP_SECONDS = 0.1
_TICK_SECONDS = 0.05

_now: Final = time.monotonic


class _User:
    """
    A user, and the request that it waits for: number of the target, when it was sent, and since when it counts.
    """

    def __init__(self, http: HttpUser) -> None:
        self.http: Final = http
        self.task: asyncio.Task[None] | None = None
        self.sent: float | None = None
        self.since = 0.0
        self.again: Callable[[], bool] | None = None
        self.target = 0
        self.is_expired = False
        self.back_off = 0.0
        self.wake: asyncio.Future[float] | None = None


class HttpWorker:
    """
    One worker of a load test over HTTP.

    Args:
        order: the plan and the share in it.
        start: when the test begins, by the monotonic clock.
        report: takes each interval.
    """

    def __init__(self, order: LoadOrder, start: float, report: Callable[[WorkerInterval], None]) -> None:
        self._plan: Final[LoadPlan] = order.plan
        self._order: Final = order
        self._start: Final = start
        self._counted_from: Final = start + order.plan.warm_up_seconds
        self._end = start + order.plan.whole_seconds
        self._report: Final = report
        self._tally: Final = Tally(len(order.plan.targets))
        self._users: Final[list[_User]] = []
        self._messages: Final = [
            islice(cycle(target.messages), order.worker % len(target.messages), None) for target in order.plan.targets
        ]
        self._random: Final = Random(order.worker)  # noqa: S311 - no secret
        self._weights: Final = list(accumulate(target.weight for target in order.plan.targets))
        first = order.plan.targets[0]
        self._is_one_request: Final = (
            len(order.plan.targets) == len(first.messages) == 1
            and not (order.plan.rates or order.plan.think_seconds or first.expect_text)
            and first.expect_status is None
            and first.method != "HEAD"
        )
        self._idle: Final[list[_User]] = []
        self._waiting: Final[deque[float]] = deque()
        self._last_answer = start
        self._flushed = start
        self._is_stopped = asyncio.Event()

    async def run(self) -> float:
        """
        Send the requests until the end.

        Returns:
            The seconds from the start to the end or, where it came later, the last answer.
        """
        self._loop = asyncio.get_running_loop()
        self._tls = _tls_context(self._plan)
        await asyncio.sleep(max(self._start - _now(), 0.0))
        helpers = [asyncio.create_task(step) for step in (self._sweep(), self._tick(), self._flush_each_second())]
        sending = asyncio.create_task(self._send_at_rates() if self._plan.rates else self._start_users())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_stopped.wait(), self._end - _now())
        self._end = min(self._end, _now())
        sending.cancel()
        await self._finish()
        for helper in helpers:
            helper.cancel()
        self._flush(max(_now(), self._flushed))
        for user in self._users:
            user.http.close()
        return max(self._end, self._last_answer) - self._start

    def stop(self) -> None:
        """
        End the test early.
        """
        self._is_stopped.set()

    async def _start_users(self) -> None:
        plan, order = self._plan, self._order
        for begin in user_starts(plan.users, plan.ramp_up_seconds, order.worker, order.workers):
            await asyncio.sleep(max(self._start + begin - _now(), 0.0))
            user = self._add_user()
            if self._is_one_request:
                user.again = self._again_of(user)
            user.task = asyncio.create_task(self._be_closed(user))

    def _add_user(self) -> _User:
        user = _User(HttpUser(self._loop, self._plan, self._tls))
        self._users.append(user)
        self._tally.has_users(len(self._users))
        return user

    async def _be_closed(self, user: _User) -> None:
        due, think_seconds = _now(), self._plan.think_seconds
        while due < self._end:
            due = await self._attempt(user, due, due)
            pause = max(think_seconds, user.back_off)
            due += pause
            if pause > 0 and due < self._end:
                await asyncio.sleep(pause)
                self._tally.lag(_now() - due)

    async def _send_at_rates(self) -> None:
        plan, order = self._plan, self._order
        most = len(user_starts(plan.users, 0.0, order.worker, order.workers))
        for seconds in due_times(plan.rates, plan.whole_seconds, plan.ramp_up_seconds, order.worker, order.workers):
            due = self._start + seconds
            wait = due - _now()
            if wait > 0:
                await asyncio.sleep(wait)
            self._tally.lag(_now() - due)
            self._dispatch(due, most)

    def _dispatch(self, due: float, most: int) -> None:
        # The user that was busy last has a warm connection.
        while self._idle:
            user = self._idle.pop()
            if user.wake is not None and not user.wake.done():
                user.wake.set_result(due)
                return
        if len(self._users) < most:
            user = self._add_user()
            user.task = asyncio.create_task(self._be_asked(user, due))
        else:
            self._waiting.append(due)

    async def _be_asked(self, user: _User, due: float) -> None:
        while True:
            await self._attempt(user, due, _now())
            if _now() + user.back_off >= self._end:
                return
            if user.back_off:
                await asyncio.sleep(user.back_off)
            if self._waiting:
                due = self._waiting.popleft()
                continue
            user.wake = self._loop.create_future()
            self._idle.append(user)
            due = await user.wake

    async def _attempt(self, user: _User, due: float, now: float) -> float:
        """
        Send a request and count it.

        Returns:
            The time at which it has ended.
        """
        number = self._choose()
        user.sent, user.since, user.target = now, min(due, now), number
        try:
            await user.http.request(self._plan.targets[number], next(self._messages[number]), user.again)
        except Failure as failure:
            self._failed(user, failure)
        except asyncio.CancelledError:
            if not user.is_expired:
                raise
            self._expired(user, self._plan.targets[number].name)
        except Exception as error:  # noqa: BLE001 - the other users go on
            self._failed(user, Failure("error of the generator", f"{type(error).__name__}: {error}"))
        else:
            return self._answered(user)
        finally:
            user.sent = None
        return _now()

    def _answered(self, user: _User) -> float:
        now = self._last_answer = _now()
        user.back_off = 0.0
        if now >= self._counted_from:
            self._tally.answer(user.target, now - user.since)
        else:
            self._tally.warm_up()
        return now

    def _again_of(self, user: _User) -> Callable[[], bool]:
        """
        What counts the answer of a user that sends the same request all the time, and says whether it is sent again.
        """
        counts_of, counted_from, now = self._tally.latencies_of, self._counted_from, _now

        def send_again() -> bool:
            at, sent = now(), user.sent
            if at >= self._end or at < counted_from or user.is_expired or sent is None:
                return False
            counts_of(0)[int((at - sent) * 1e6)] += 1
            user.sent = user.since = at
            return True

        return send_again

    def _expired(self, user: _User, name: str) -> None:
        user.is_expired = False
        user.http.close()
        if user.task is not None:
            user.task.uncancel()
        self._failed(user, Failure("timeout", f"{name}: no answer in {self._plan.timeout_seconds:g} s"))

    def _failed(self, user: _User, failure: Failure) -> None:
        user.back_off = min(user.back_off * 2 or _BACK_OFF, _LONGEST_BACK_OFF)
        if _now() >= self._counted_from:
            self._tally.failure(user.target, failure)
        else:
            self._tally.warm_up()

    def _choose(self) -> int:
        if len(self._weights) == 1:
            return 0
        point = self._random.random() * self._weights[-1]
        return next(number for number, weight in enumerate(self._weights) if point < weight)

    async def _finish(self) -> None:
        """
        Wait for the answers on their way, a second at most; the other requests failed.
        """
        ends = min(_now() + GRACE_SECONDS, self._start + self._plan.whole_seconds + GRACE_SECONDS)
        busy = [user.task for user in self._users if user.sent is not None and user.task is not None]
        if busy:
            await asyncio.wait(busy, timeout=ends - _now())
        for user in self._users:
            if user.sent is not None:
                name = self._plan.targets[user.target].name
                waited = f"{name}: sent {_now() - user.sent:.1f} s before"
                self._tally.failure(user.target, Failure(NO_ANSWER_AT_THE_END, waited))
                user.sent = None
        if self._waiting:
            self._tally.failure(0, Failure(NOT_SENT), len(self._waiting))
            self._waiting.clear()
        for user in self._users:
            if user.task is not None:
                user.task.cancel()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            oldest = _now() - self._plan.timeout_seconds
            for user in self._users:
                if user.sent is not None and user.sent < oldest and user.task is not None and not user.is_expired:
                    user.is_expired = True
                    user.task.cancel()

    async def _tick(self) -> None:
        while True:
            due = _now() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            self._tally.lag(_now() - due)

    async def _flush_each_second(self) -> None:
        for second in self._seconds():
            await asyncio.sleep(max(self._start + second - _now(), 0.0))
            self._flush(self._start + second)

    def _seconds(self) -> Iterator[int]:
        return iter(range(1, int(self._plan.whole_seconds) + 1))

    def _flush(self, until: float) -> None:
        second = int(self._flushed - self._start + 0.5)
        seconds, self._flushed = until - self._flushed, until
        self._tally.received(sum(user.http.take_received() for user in self._users))
        self._report(self._tally.take(second, seconds))
        self._tally.has_users(len(self._users))


def _tls_context(plan: LoadPlan) -> ssl.SSLContext | None:
    if not any(target.origin.scheme == "https" for target in plan.targets) and not plan.follows_redirects:
        return None
    context = ssl.create_default_context(cafile=plan.ca_file or None)
    if not plan.is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context

"""
The users of a load test on a function: when each calls, and what came of the calls.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Event, Lock
from typing import Final

from paceline.testkit.load.load_plan import GRACE_SECONDS, LoadPlan
from paceline.testkit.load.schedule import due_times
from paceline.testkit.load.tally import NO_ANSWER_AT_THE_END, NOT_SENT, Failure, Tally

_BACK_OFF, _LONGEST_BACK_OFF = 0.1, 1.0
_now: Final = time.monotonic


class Calls:
    """
    The calls of all users together, whichever way they are made.

    `in_flight` has the time at which each user began the call that it is in, and the number of its target.

    Args:
        plan: the load.
        start: when it begins, by the monotonic clock.
        worker: number of the worker whose users these are.
        workers: how many there are.
    """

    def __init__(self, plan: LoadPlan, start: float, worker: int = 0, workers: int = 1) -> None:
        self.end = start + plan.whole_seconds
        self.last = self.start = start
        self.in_flight: Final[dict[int, tuple[float, int]]] = {}
        self._plan: Final = plan
        self._ended: Final[deque[tuple[float, int, float | Failure]]] = deque()
        self._lags: Final[deque[float]] = deque()
        self._slots: Final[Iterator[float]] = due_times(
            plan.rates, plan.whole_seconds, plan.ramp_up_seconds, worker, workers
        )
        self._lock: Final = Lock()

    def next_due(self, back_off: float) -> float | None:
        """
        When a user that is free now makes its next call; None after the end.

        Args:
            back_off: seconds that a user waits whose last call failed.
        """
        if not self._plan.rates:
            due = _now() + max(back_off, 0.0)
            return due if due < self.end else None
        if _now() >= self.end:
            return None
        with self._lock:
            seconds = next(self._slots, None)
        return None if seconds is None else self.start + seconds

    @property
    def counted_from(self) -> float:
        return self.start + self._plan.warm_up_seconds

    @property
    def think_seconds(self) -> float:
        return self._plan.think_seconds

    def begins(self, user: int, due: float, target: int = 0) -> float:
        """
        Note that a call begins.

        Returns:
            The time from which it is counted.
        """
        now = _now()
        self.in_flight[user] = now, target
        if now > due:
            self._lags.append(now - due)
        return min(now, due)

    def ends(self, user: int, since: float, failure: Failure | None) -> None:
        """
        Note that a call has ended.
        """
        now = _now()
        known = self.in_flight.pop(user, None)
        if known is not None:
            self._ended.append((now, known[1], failure or now - since))

    def drain(self, tally: Tally) -> None:
        """
        Count what has ended since the last call.
        """
        while self._ended:
            at, target, outcome = self._ended.popleft()
            if at < self.counted_from:
                tally.warm_up()
            elif isinstance(outcome, Failure):
                tally.failure(target, outcome)
            else:
                tally.answer(target, outcome)
                self.last = max(self.last, at)
        while self._lags:
            tally.lag(self._lags.popleft())

    def give_up(self, tally: Tally) -> None:
        """
        Count the calls that have not returned, and those that were due and not made, as failures.
        """
        for user, (since, target) in list(self.in_flight.items()):
            if self.in_flight.pop(user, None) is not None:
                tally.failure(target, Failure(NO_ANSWER_AT_THE_END, f"begun {_now() - since:.1f} s before"))
        if self._plan.rates:
            with self._lock:
                missed = sum(self.start + seconds < self.end for seconds in self._slots)
            if missed:
                tally.failure(0, Failure(NOT_SENT), missed)

    @property
    def gives_up_at(self) -> float:
        return self.end + GRACE_SECONDS


Call = Callable[[], Failure | None]


def be_user(calls: Calls, number: int, begin: float, choose: Callable[[], tuple[int, Call]], stop: Event) -> None:
    """
    Be one user, in a thread of its own, until the end.

    Args:
        calls: of all users.
        number: of the user.
        begin: when the user comes, by the monotonic clock.
        choose: the next call: the number of its target, and what makes it.
        stop: is set where the test ends early.
    """
    back_off, pause = 0.0, 0.0
    _sleep_until(begin, stop)
    while (due := calls.next_due(max(back_off, pause))) is not None:
        _sleep_until(due, stop)
        if stop.is_set():
            return
        target, call = choose()
        since, failure = calls.begins(number, due, target), None
        try:
            failure = call()
        except BaseException as error:  # noqa: BLE001 - whatever a user's function raises, SystemExit too
            failure = failure_of(error)
        calls.ends(number, since, failure)
        back_off, pause = next_back_off(back_off, failure), calls.think_seconds


def _sleep_until(due: float, stop: Event) -> None:
    wait = due - _now()
    if wait > 0:
        stop.wait(wait)


def next_back_off(before: float, failure: Failure | None) -> float:
    """
    The seconds that a user waits after a call.
    """
    return 0.0 if failure is None else min(before * 2 or _BACK_OFF, _LONGEST_BACK_OFF)


def failure_of(error: BaseException) -> Failure:
    """
    The failure of a call that raised.
    """
    return Failure(type(error).__name__, f"{type(error).__name__}: {error}")


FALSE: Final = Failure("returned False")

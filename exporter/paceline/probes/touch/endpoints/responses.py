"""
Take the answers of a web application, one by one.
"""

from collections.abc import Callable
from typing import Any, Final

from paceline.probes.touch.counter import Counter
from paceline.unpatched import UNPATCHED

NO_ROUTE = "(no route)"
_NANOSECONDS = 1e9
_MOST_ROUTES, _MOST_TIMES = 500, 10_000
_SERVER_ERROR = 500
_now = UNPATCHED.perf_counter_ns


class RouteAnswers:
    """
    The answers of one route to one method: seconds of each, at most ten thousand, and how many were errors of the
    server.
    """

    __slots__ = ("count", "errors", "seconds", "total")

    def __init__(self) -> None:
        self.count = self.errors = 0
        self.total = 0.0
        self.seconds: Final[list[float]] = []


class OpenRequest:
    """
    A request that the application answers now.
    """

    __slots__ = ("operation", "started")

    def __init__(self, operation: int) -> None:
        self.operation: Final = operation
        self.started: Final = _now()


class Responses(Counter):
    """
    Times answers for the part of the test that asks.

    An error of Paceline's own ends the timing, and reaches neither the application nor who asks.

    Args:
        attribution: says which part it is.
        failed: takes the error.
    """

    def start(self) -> OpenRequest:
        """
        The application begins to answer.
        """
        return OpenRequest(self.attribution.request_started())

    def end(self, asked: OpenRequest, method: Any, route: Callable[[], str | None], status: int | None) -> None:
        """
        The application has answered.

        Args:
            asked: as `start` gave it.
            method: of HTTP.
            route: gives the pattern that fits the path; None for no pattern.
            status: of the answer; None where there was an exception instead.
        """
        self.attribution.request_ended(asked.operation)
        if self.has_failed:
            return
        try:
            seconds = (_now() - asked.started) / _NANOSECONDS
            endpoints = self.attribution.of_caller().endpoints
            name = f"{method} {route() or NO_ROUTE}"
            if name not in endpoints and len(endpoints) >= _MOST_ROUTES:
                return
            answers = endpoints.setdefault(name, RouteAnswers())
            answers.count += 1
            answers.total += seconds
            if status is None or status >= _SERVER_ERROR:
                answers.errors += 1
            if len(answers.seconds) < _MOST_TIMES:
                answers.seconds.append(seconds)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the application
            self.give_up(error, "timing endpoints")

"""
The calls of a database test, and what they give.
"""

from collections.abc import Callable, Generator
from statistics import mean, median
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from paceline.kit_results.database import DatabaseResult, Scaling
from paceline.query_group import QueryGroup
from paceline.testkit.database.counted_queries import CountedQueries, counted_queries
from paceline.testkit.database.full_scans import full_scans
from paceline.unpatched import UNPATCHED

Call: TypeAlias = Callable[[], Any]
_NANOSECONDS = 1e9
_MOST_SHOWN = 5
_TIMES_AS_MANY = 10


class Asked(NamedTuple):
    """
    What a database test is asked for. `scale` makes so many rows; without it, the rows are those that are there.
    """

    calls: int
    max_avg_seconds: float | None
    max_queries: float | None
    rows: int
    name: str
    checks_n_plus_one: bool = True
    scale: Callable[[int], Any] | None = None
    explain: Any = None


class DatabaseCalls:
    """
    Calls a function with few rows and with many, then once to see its queries, then as often as asked for.

    Args:
        fn: the function.
        asked: what the test is asked for.
    """

    def __init__(self, fn: Call, asked: Asked) -> None:
        self._fn: Final = fn
        self._asked: Final = asked
        self._scaling: Scaling | None = None
        self._first: CountedQueries | None = None
        self._timed: Final[list[tuple[float, int | None]]] = []

    def steps(self) -> Generator[Call, None, None]:
        """
        The functions to be called next, one after the other; after the last, `result` is there.
        """
        if self._asked.scale is not None and self._asked.checks_n_plus_one:
            self._scaling = yield from self._scaled(self._asked.scale)
        with counted_queries() as sent:
            yield self._fn
            self._first = sent()
        for _ in range(self._asked.calls):
            yield from self._timed_call()

    def _scaled(self, scale: Callable[[int], Any]) -> Generator[Call, None, Scaling | None]:
        few, many = self._asked.rows, _TIMES_AS_MANY * self._asked.rows
        of_few = yield from self._queries_with(few, scale)
        of_many = yield from self._queries_with(many, scale)
        if of_few is None or of_many is None:
            return None
        return Scaling(few_rows=few, many_rows=many, queries_of_few=of_few, queries_of_many=of_many)

    def _queries_with(self, rows: int, scale: Callable[[int], Any]) -> Generator[Call, None, int | None]:
        yield lambda: scale(rows)
        with counted_queries() as sent:
            yield self._fn
            found = sent()
        return None if found is None else found.queries

    def _timed_call(self) -> Generator[Call, None, None]:
        with counted_queries() as sent:
            started = UNPATCHED.perf_counter_ns()
            yield self._fn
            seconds = (UNPATCHED.perf_counter_ns() - started) / _NANOSECONDS
            found = sent()
        self._timed.append((seconds, None if found is None else found.queries))

    def result(self) -> DatabaseResult:
        """
        The result of the steps.
        """
        asked = self._asked
        groups = self._first.groups if self._first is not None else ()
        return replace(
            self._times(),
            name=asked.name,
            slowest=tuple(sorted(groups, key=lambda one: -one.seconds)[:_MOST_SHOWN]),
            repeated=_repeated(groups) if asked.checks_n_plus_one else (),
            scaling=self._scaling,
            hints=self._hints(groups),
            max_avg_seconds=asked.max_avg_seconds,
            max_queries=asked.max_queries,
        )

    def _hints(self, groups: tuple[QueryGroup, ...]) -> tuple[str, ...]:
        if self._asked.explain is None:
            return ()
        with counted_queries():  # the test did not send what asks for plans
            return full_scans(self._asked.explain, groups)

    def _times(self) -> DatabaseResult:
        seconds = [seconds for seconds, _ in self._timed]
        return DatabaseResult(
            iterations=len(seconds),
            mean_seconds=mean(seconds),
            median_seconds=median(seconds),
            max_seconds=max(seconds),
            queries=max((queries for _, queries in self._timed if queries is not None), default=None),
        )


def _repeated(groups: tuple[QueryGroup, ...]) -> tuple[QueryGroup, ...]:
    return tuple(group for group in groups if group.is_repeated)[:_MOST_SHOWN]

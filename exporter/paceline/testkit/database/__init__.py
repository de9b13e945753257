"""
Database tests: how long a function takes, how many queries it sends, and whether they grow with the rows.
"""

from asyncio import Runner
from collections.abc import Callable
from inspect import iscoroutine
from statistics import mean, median
from typing import Any

from msgspec.structs import replace

from paceline.kit_results.database import DatabaseResult, Scaling
from paceline.query_group import QueryGroup
from paceline.testkit.arguments import positive, whole_number
from paceline.testkit.call_limit import CALL_SECONDS, CallLimit
from paceline.testkit.database.full_scans import full_scans
from paceline.testkit.database.sent_queries import Sent, sent_queries
from paceline.testkit.keeping import keep
from paceline.unpatched import UNPATCHED

_NAME = "database_performance_test"
_NANOSECONDS, _MILLISECONDS = 1e9, 1e3
_MOST_SHOWN = 5
_TIMES_AS_MANY = 10


def database_performance_test(  # noqa: PLR0913 - the options of a database test
    fn: Callable[[], Any],
    iterations: int = 50,
    *,
    max_avg_ms: float | None = None,
    max_queries: int | None = None,
    check_n_plus_one: bool = True,
    scale: Callable[[int], Any] | None = None,
    rows: int = 10,
    explain: Any = None,  # noqa: ANN401 - a connection of any driver
    name: str = "",
    timeout_seconds: float = CALL_SECONDS,
) -> DatabaseResult:
    """
    Call a function many times, and count and time the queries that it sends.

    Queries are counted where `--paceline` is on. They are not counted as queries of the test.

    Args:
        fn: a function without arguments; a coroutine function is run in an event loop of its own.
        iterations: calls, at least 1.
        max_avg_ms: the longest mean time of a call, in milliseconds.
        max_queries: the most queries of a call.
        check_n_plus_one: whether to look for queries that are repeated for each row.
        scale: makes as many rows as its argument says, so that the queries with `rows` rows and with ten times as many
            can be compared.
        rows: for `scale`.
        explain: a connection of the database, for hints on full scans: SQLite, PostgreSQL, MariaDB or MySQL.
        name: tells several results in one test apart.
        timeout_seconds: the longest time of a call, also of `scale`; a call that blocks is ended before twice that
            time, in the main thread of a POSIX process.

    Raises:
        ValueError: an argument is out of its range.
        TimeoutError: a call took longer than `timeout_seconds`.
        Exception: that of the function.
    """
    calls = whole_number(_NAME, "iterations", iterations)
    longest = None if max_avg_ms is None else positive(_NAME, "max_avg_ms", max_avg_ms) / _MILLISECONDS
    most = None if max_queries is None else float(whole_number(_NAME, "max_queries", max_queries, least=0))
    few = whole_number(_NAME, "rows", rows)
    limit = CallLimit(_NAME, fn, timeout_seconds)
    with limit.watched(), Runner() as runner:
        call = _call_of(fn, runner, limit)
        scaling = _scaled(call, scale, few, limit) if scale is not None and check_n_plus_one else None
        first = sent_queries(call)
        found = _timed_calls(call, calls)
    groups = first.groups if first is not None else ()
    return keep(
        replace(
            found,
            name=name,
            slowest=tuple(sorted(groups, key=lambda one: -one.seconds)[:_MOST_SHOWN]),
            repeated=_repeated(groups) if check_n_plus_one else (),
            scaling=scaling,
            hints=full_scans(explain, groups) if explain is not None else (),
            max_avg_seconds=longest,
            max_queries=most,
        )
    )


def _call_of(fn: Callable[[], Any], runner: Runner, limit: CallLimit) -> Callable[[], None]:
    def call() -> None:
        found = fn()
        if iscoroutine(found):
            runner.run(found)

    return lambda: limit.call(call)


def _timed_calls(call: Callable[[], None], calls: int) -> DatabaseResult:
    timed = [_timed(call) for _ in range(calls)]
    seconds = [seconds for seconds, _ in timed]
    return DatabaseResult(
        iterations=calls,
        mean_seconds=mean(seconds),
        median_seconds=median(seconds),
        max_seconds=max(seconds),
        queries=max((sent.queries for _, sent in timed if sent is not None), default=None),
    )


def _timed(call: Callable[[], None]) -> tuple[float, Sent | None]:
    seconds = [0.0]

    def timed() -> None:
        started = UNPATCHED.perf_counter_ns()
        call()
        seconds[0] = (UNPATCHED.perf_counter_ns() - started) / _NANOSECONDS

    sent = sent_queries(timed)
    return seconds[0], sent


def _scaled(call: Callable[[], None], scale: Callable[[int], Any], few: int, limit: CallLimit) -> Scaling | None:
    limit.call(scale, few)
    of_few = sent_queries(call)
    limit.call(scale, _TIMES_AS_MANY * few)
    of_many = sent_queries(call)
    if of_few is None or of_many is None:
        return None
    return Scaling(
        few_rows=few, many_rows=_TIMES_AS_MANY * few, queries_of_few=of_few.queries, queries_of_many=of_many.queries
    )


def _repeated(groups: tuple[QueryGroup, ...]) -> tuple[QueryGroup, ...]:
    return tuple(group for group in groups if group.is_repeated)[:_MOST_SHOWN]

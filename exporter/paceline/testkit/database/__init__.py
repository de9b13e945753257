"""
Database tests: how long a function takes, how many queries it sends, and whether they grow with the rows.
"""

from asyncio import Runner
from collections.abc import Awaitable, Callable
from contextlib import closing
from inspect import isawaitable, iscoroutine
from typing import Any

from paceline.kit_results.database import DatabaseResult
from paceline.testkit.arguments import arguments_of, check_name, number, whole_number
from paceline.testkit.call_time_limit import CALL_SECONDS, CallTimeLimit
from paceline.testkit.database.database_calls import Asked, Call, DatabaseCalls
from paceline.testkit.event_loop import is_in_event_loop
from paceline.testkit.kept_results import keep

_NAME, _ASYNC_NAME = "database_performance_test", "async_database_performance_test"
_MILLISECONDS = 1e3


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

    Queries are counted with `--paceline`; they do not count as queries of the test.

    Args:
        fn: a function without arguments; a coroutine function is run in an event loop of its own.
        iterations: calls, at least 1.
        max_avg_ms: the longest mean time of a call, in milliseconds.
        max_queries: the highest number of queries of a call.
        check_n_plus_one: whether to look for queries that are repeated for each row.
        scale: a function that creates the given number of rows, to compare the queries with `rows` rows and with ten
            times as many.
        rows: the smaller number of rows for `scale`.
        explain: a connection of SQLite, PostgreSQL, MariaDB or MySQL, or of SQLAlchemy or Django to one of these, for
            hints on full scans.
        name: distinguishes several results in one test.
        timeout_seconds: the longest time of a call, also of `scale`; a call that blocks is ended before twice that
            time, in the main thread of a POSIX process.

    Raises:
        ValueError: an argument is out of its range.
        TimeoutError: a call took longer than `timeout_seconds`.
        TypeError: the function returns a coroutine, and an event loop runs already.
        Exception: the exception of the function.
    """
    asked = _asked(_NAME, name, iterations, rows, max_avg_ms=max_avg_ms, max_queries=max_queries)
    calls = DatabaseCalls(fn, asked._replace(checks_n_plus_one=check_n_plus_one, scale=scale, explain=explain))
    limit = CallTimeLimit(_NAME, fn, timeout_seconds)
    with limit.watched(), closing(Runner()) as runner, closing(calls.steps()) as steps:
        for function in steps:
            limit.call(_call, function, runner)
    return keep(calls.result())


async def async_database_performance_test(  # noqa: PLR0913 - as above
    fn: Callable[[], Awaitable[Any]],
    iterations: int = 50,
    *,
    max_avg_ms: float | None = None,
    max_queries: int | None = None,
    check_n_plus_one: bool = True,
    scale: Callable[[int], Any] | None = None,
    rows: int = 10,
    explain: Any = None,  # noqa: ANN401 - as above
    name: str = "",
    timeout_seconds: float = CALL_SECONDS,
) -> DatabaseResult:
    """
    Like `database_performance_test`, for a coroutine function, in the running event loop; `scale` may be one too.
    """
    asked = _asked(_ASYNC_NAME, name, iterations, rows, max_avg_ms=max_avg_ms, max_queries=max_queries)
    calls = DatabaseCalls(fn, asked._replace(checks_n_plus_one=check_n_plus_one, scale=scale, explain=explain))
    limit = CallTimeLimit(_ASYNC_NAME, fn, timeout_seconds)
    with limit.watched_in_task(), closing(calls.steps()) as steps:
        for function in steps:
            limit.calls(1)
            found = function()
            if isawaitable(found):
                await found
            limit.between()
    return keep(calls.result())


def _asked(  # noqa: PLR0913 - as above
    function: str, name: str, iterations: int, rows: int, *, max_avg_ms: float | None, max_queries: int | None
) -> Asked:
    __tracebackhide__ = True
    with arguments_of(function):
        check_name(name)
        return Asked(
            calls=whole_number("iterations", iterations),
            max_avg_seconds=None if max_avg_ms is None else number("max_avg_ms", max_avg_ms) / _MILLISECONDS,
            max_queries=None if max_queries is None else whole_number("max_queries", max_queries, least=0),
            rows=whole_number("rows", rows),
            name=name,
        )


def _call(function: Call, runner: Runner) -> None:
    found = function()
    if not iscoroutine(found):
        return
    if is_in_event_loop():
        found.close()
        raise TypeError(f"{_NAME}: an event loop runs already, in which {_ASYNC_NAME} awaits the function")
    runner.run(found)

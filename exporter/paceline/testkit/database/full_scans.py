"""
Full scans of tables, by the plans of the database.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from paceline.query_group import QueryGroup

_PARAMETER = re.compile(r"\?")
_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_SQLITE_SCAN = re.compile(r"SCAN (?:TABLE )?(?P<table>[\w.\"]+)(?! USING)")
_POSTGRESQL_SCAN = re.compile(r"Seq Scan on (?P<table>[\w.\"]+)")
_MOST_HINTS = 5
# A connection of SQLAlchemy has one of its pool, which has that of the driver.
_DEEPEST = 3


def full_scans(connection: Any, groups: Collection[QueryGroup]) -> tuple[str, ...]:  # noqa: ANN401 - of any driver
    """
    A hint for each query whose plan reads a whole table.

    Args:
        connection: of the database, by the DB-API (PEP 249), or one of SQLAlchemy or Django.
        groups: queries, with `?` for each parameter.

    Returns:
        The hints; one that says so where the database does not explain its plans.
    """
    driver = _of_driver(connection)
    plans = _PLANS.get(_package(driver))
    if plans is None:
        return (f"no plans: connections of {_package(connection)} are not supported, only of {', '.join(_PLANS)}",)
    hints = []
    for group in groups:
        if not _SELECT.match(group.statement):
            continue
        try:
            tables = list(plans(driver, group.statement))
        except Exception as error:  # noqa: BLE001 - a database may refuse, each with errors of its own
            hints.append(f"no plan of {group.statement}: {type(error).__name__}")
            continue
        hints += [f"full scan of {table} by {group.statement} at {group.place}" for table in tables]
    return tuple(dict.fromkeys(hints))[:_MOST_HINTS]


def _of_driver(connection: Any) -> Any:  # noqa: ANN401
    """
    The connection of the driver within one of SQLAlchemy or Django.
    """
    for _ in range(_DEEPEST):
        if _package(connection) in _PLANS:
            break
        connection = getattr(connection, "driver_connection", None) or getattr(connection, "connection", None)
    return connection


def _package(connection: Any) -> str:  # noqa: ANN401
    return type(connection).__module__.partition(".")[0]


def _of_sqlite(connection: Any, statement: str) -> Iterator[str]:  # noqa: ANN401
    nothing = (None,) * len(_PARAMETER.findall(statement))
    for row in connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", nothing).fetchall():
        found = _SQLITE_SCAN.match(row[-1])
        if found:
            yield found["table"]


def _of_postgresql(connection: Any, statement: str) -> Iterator[str]:  # noqa: ANN401
    # A plan without values, in which a table is read whole only where no index can be used, however small it is.
    numbers = iter(range(1, 1000))
    prepared, values = _PARAMETER.subn(lambda _: f"${next(numbers)}", statement)
    arguments = f"({', '.join(['NULL'] * values)})" if values else ""
    cursor = connection.cursor()
    cursor.execute("SAVEPOINT paceline_plan")
    try:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"PREPARE paceline_plan AS {prepared}")
        cursor.execute(f"EXPLAIN EXECUTE paceline_plan{arguments}")
        plan = [row[0] for row in cursor.fetchall()]
        cursor.execute("DEALLOCATE paceline_plan")
    finally:
        cursor.execute("ROLLBACK TO SAVEPOINT paceline_plan")
    for line in plan:
        found = _POSTGRESQL_SCAN.search(line)
        if found:
            yield found["table"]


def _of_mysql(connection: Any, statement: str) -> Iterator[str]:  # noqa: ANN401
    cursor = connection.cursor()
    cursor.execute(f"EXPLAIN {_PARAMETER.sub('1', statement)}")
    names = [column[0] for column in cursor.description]
    for row in cursor.fetchall():
        of_row = row if isinstance(row, dict) else dict(zip(names, row, strict=True))
        if of_row.get("type") == "ALL":
            yield str(of_row["table"])


_PLANS: Mapping[str, Callable[[Any, str], Iterator[str]]] = {
    "sqlite3": _of_sqlite,
    "psycopg": _of_postgresql,
    "psycopg2": _of_postgresql,
    "pymysql": _of_mysql,
}

"""
Queries through `sqlite3`, and rows that are read through it, also those of an ORM.
"""

import sys
from collections.abc import Iterable
from functools import lru_cache
from types import ModuleType
from typing import Any

from paceline.probes.touch.database.ownership import is_of_orm
from paceline.probes.touch.database.queries import Queries, Sent
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "sqlite3"
# `factory` is the sixth of the arguments of `connect`.
_FACTORY_PLACE = 5
_now = UNPATCHED.perf_counter_ns


def watch_sqlite(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Hand out connections of a subclass.

    The trace callback of a connection would be easier; it gets statements with their literals, one for each row of
    `executemany`, and there is only one for each connection.
    """
    connect = module.connect

    def watched_connect(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        factory = args[_FACTORY_PLACE] if len(args) > _FACTORY_PLACE else kwargs.get("factory", module.Connection)
        if isinstance(factory, type) and issubclass(factory, module.Connection):
            counts = not is_of_orm(sys._getframe(1))  # noqa: SLF001 - as `inspect` does
            factory = _connection_class(factory, queries if counts else None)
            if len(args) > _FACTORY_PLACE:
                args = (*args[:_FACTORY_PLACE], factory, *args[_FACTORY_PLACE + 1 :])
            else:
                kwargs["factory"] = factory
        return connect(*args, **kwargs)

    _look_alike(watched_connect, connect)
    patches.put(module, "connect", watched_connect)
    dbapi = sys.modules.get("sqlite3.dbapi2")
    if dbapi is not None and dbapi.connect is connect:
        patches.put(dbapi, "connect", watched_connect)


@lru_cache(maxsize=64)
def _connection_class(base: Any, queries: Queries | None) -> Any:
    sqlite3 = sys.modules[_NAME]

    class Connection(base):
        def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
            is_class = isinstance(factory, type) and issubclass(factory, sqlite3.Cursor)
            return super().cursor(_cursor_class(factory, queries) if is_class else factory)

        if queries is not None:
            # The methods of the C class use neither this `cursor` nor what it returns.
            def execute(self, *args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                return self.cursor().execute(*args, **kwargs)

            def executemany(self, *args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                return self.cursor().executemany(*args, **kwargs)

            def executescript(self, *args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                return self.cursor().executescript(*args, **kwargs)

    _look_alike(Connection, base)
    return Connection


@lru_cache(maxsize=64)
def _cursor_class(base: Any, queries: Queries | None) -> Any:
    cursor = _rows_class(base)
    if queries is not None:
        cursor = _counting_class(cursor, queries)
    _look_alike(cursor, base)
    return cursor


def _rows_class(base: Any) -> Any:
    class Cursor(base):
        paceline_sent: Sent | None = None

        def fetchone(self) -> Any:
            row = super().fetchone()
            if row is not None and self.paceline_sent is not None:
                self.paceline_sent.add_rows(1)
            return row

        def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
            rows = super().fetchmany(*args, **kwargs)
            if self.paceline_sent is not None:
                self.paceline_sent.add_rows(len(rows))
            return rows

        def fetchall(self) -> Any:
            rows = super().fetchall()
            if self.paceline_sent is not None:
                self.paceline_sent.add_rows(len(rows))
            return rows

        def __next__(self) -> Any:
            row = super().__next__()
            if self.paceline_sent is not None:
                self.paceline_sent.add_rows(1)
            return row

    return Cursor


def _counting_class(base: Any, queries: Queries) -> Any:
    took = queries.took

    class Cursor(base):
        def execute(self, sql: Any, parameters: Any = (), /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().execute(sql, parameters)
            finally:
                self.paceline_sent = took(_NAME, sql, parameters, _now() - started)

        def executemany(self, sql: Any, parameters: Iterable[Any], /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().executemany(sql, parameters)
            finally:
                took(_NAME, sql, None, _now() - started)

        def executescript(self, sql_script: Any, /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().executescript(sql_script)
            finally:
                took(_NAME, sql_script, None, _now() - started)

    return Cursor


def _look_alike(ours: Any, theirs: Any) -> None:
    ours.__name__, ours.__qualname__ = theirs.__name__, theirs.__qualname__
    ours.__module__, ours.__doc__ = theirs.__module__, theirs.__doc__

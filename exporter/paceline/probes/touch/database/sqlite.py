"""
Queries through `sqlite3`, and rows that are read through it, also those of an ORM.
"""

import sys
from types import ModuleType
from typing import Any

from paceline.probes.touch.database.ownership import ORMS, is_of_layer
from paceline.probes.touch.database.queries import Queries, Sent
from paceline.probes.touch.database.subclasses import Subclasses
from paceline.probes.touch.patches import Patches, looking_like
from paceline.unpatched import UNPATCHED

_NAME = "sqlite3"
_LAYERS = (*ORMS, "aiosqlite.")
# `factory` is the sixth of the arguments of `connect`.
_FACTORY_PLACE = 5
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Hand out connections of a subclass.

    The trace callback of a connection would be easier; it gets statements with their literals, one for each row of
    `executemany`, and there is only one for each connection.
    """
    connect, theirs = module.connect, module.Connection
    counting, bare = _connections(module, queries), _connections(module, None)

    def watched_connect(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        is_placed = len(args) > _FACTORY_PLACE
        factory = args[_FACTORY_PLACE] if is_placed else kwargs.get("factory", theirs)
        if isinstance(factory, type) and issubclass(factory, theirs):
            classes = bare if is_of_layer(sys._getframe(1), _LAYERS) else counting  # noqa: SLF001 - as `inspect` does
            ours = queries.tried(lambda: classes.of(factory), "watching a connection of sqlite3", factory)
            if is_placed:
                args = (*args[:_FACTORY_PLACE], ours, *args[_FACTORY_PLACE + 1 :])
            else:
                kwargs["factory"] = ours
        return connect(*args, **kwargs)

    looking_like(watched_connect, connect)
    patches.put(module, "connect", watched_connect)
    dbapi = sys.modules.get("sqlite3.dbapi2")
    if dbapi is not None and dbapi.connect is connect:
        patches.put(dbapi, "connect", watched_connect)


def _connections(module: ModuleType, queries: Queries | None) -> Subclasses:
    rows = _rows_class(module.Cursor)
    if queries is None:
        return Subclasses(_connection_class(module, Subclasses(rows)))
    cursors = Subclasses(_counting_class(module, rows, queries))
    return Subclasses(_counting_connection_class(module, _connection_class(module, cursors), cursors, queries))


def _connection_class(module: ModuleType, cursors: Subclasses) -> Any:
    base, theirs, new_cursor = module.Connection, module.Cursor, module.Connection.cursor
    plain = cursors.of(theirs)

    class Connection(base):  # type: ignore[misc,valid-type] # the class of whatever module it is
        __slots__ = ()

        def cursor(self, factory: Any = theirs) -> Any:
            __tracebackhide__ = True
            if factory is theirs:
                return new_cursor(self, plain)
            is_class = isinstance(factory, type) and issubclass(factory, theirs)
            return new_cursor(self, cursors.of(factory) if is_class else factory)

    return Connection


def _counting_connection_class(module: ModuleType, base: Any, cursors: Subclasses, queries: Queries) -> Any:
    # The methods of the class in C use a bare cursor, also where `cursor` is overridden.
    new_cursor, cursor_class, took = module.Connection.cursor, cursors.of(module.Cursor), queries.took
    run, run_many, run_script = _runs(module.Cursor)

    class Connection(base):
        __slots__ = ()

        def execute(self, sql: Any, parameters: Any = (), /) -> Any:
            __tracebackhide__ = True
            cursor = new_cursor(self, cursor_class)
            started = _now()
            try:
                return run(cursor, sql, parameters)
            finally:
                cursor.paceline_sent = took(_NAME, sql, parameters, _now() - started)

        def executemany(self, sql: Any, parameters: Any, /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return run_many(new_cursor(self, cursor_class), sql, parameters)
            finally:
                took(_NAME, sql, None, _now() - started)

        def executescript(self, sql_script: Any, /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return run_script(new_cursor(self, cursor_class), sql_script)
            finally:
                took(_NAME, sql_script, None, _now() - started)

    return Connection


def _rows_class(base: Any) -> Any:
    fetchone, fetchmany, fetchall, next_row = base.fetchone, base.fetchmany, base.fetchall, base.__next__

    class Cursor(base):
        __slots__ = ()
        paceline_sent: Sent | None = None

        def fetchone(self) -> Any:
            row = fetchone(self)
            sent = self.paceline_sent
            if sent is not None and row is not None:
                sent.rows = sent.rows + 1 if sent.rows > 0 else 1
            return row

        def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
            rows = fetchmany(self, *args, **kwargs)
            if self.paceline_sent is not None:
                self.paceline_sent.add_rows(len(rows))
            return rows

        def fetchall(self) -> Any:
            rows = fetchall(self)
            if self.paceline_sent is not None:
                self.paceline_sent.add_rows(len(rows))
            return rows

        def __next__(self) -> Any:
            row = next_row(self)
            sent = self.paceline_sent
            if sent is not None:
                sent.rows = sent.rows + 1 if sent.rows > 0 else 1
            return row

    return Cursor


def _counting_class(module: ModuleType, base: Any, queries: Queries) -> Any:
    took = queries.took
    run, run_many, run_script = _runs(module.Cursor)

    class Cursor(base):
        __slots__ = ()

        def execute(self, sql: Any, parameters: Any = (), /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return run(self, sql, parameters)
            finally:
                self.paceline_sent = took(_NAME, sql, parameters, _now() - started)  # type: ignore[misc]

        def executemany(self, sql: Any, parameters: Any, /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return run_many(self, sql, parameters)
            finally:
                took(_NAME, sql, None, _now() - started)

        def executescript(self, sql_script: Any, /) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return run_script(self, sql_script)
            finally:
                took(_NAME, sql_script, None, _now() - started)

    return Cursor


def _runs(cursor: Any) -> tuple[Any, Any, Any]:
    """
    The functions in C that send statements: calling them is quicker than `super()`.
    """
    return cursor.execute, cursor.executemany, cursor.executescript

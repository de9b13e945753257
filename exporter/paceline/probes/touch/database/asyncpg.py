"""
Queries through asyncpg: of connections, prepared statements and cursors.
"""

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Final
from weakref import WeakSet

from paceline.probes.touch.database.ownership import is_of_layer
from paceline.probes.touch.database.queries import Queries, first_of
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "asyncpg"
# What these modules send is of the connection, such as the reset of one that goes back to its pool.
_OWN_MODULES = frozenset({"asyncpg.connection", "asyncpg.utils"})
_OF_CONNECTION = ("execute", "executemany", "fetch", "fetchval", "fetchrow")
_OF_CONNECTION_SINCE_0_30 = ("fetchmany",)
_OF_STATEMENT = ("fetch", "fetchval", "fetchrow", "executemany", "fetchmany")
_COPIES = {
    "copy_from_table": "COPY {} TO STDOUT",
    "copy_from_query": "COPY ({}) TO STDOUT",
    "copy_to_table": "COPY {} FROM STDIN",
    "copy_records_to_table": "COPY {} FROM STDIN",
}
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Replace the public methods that send statements; those below them also send what asyncpg asks for itself.
    """
    watcher = _Watcher(module, queries, patches)
    watcher.watch_connections()
    watcher.watch_statements()
    watcher.watch_cursors()


class _Watcher:
    def __init__(self, module: ModuleType, queries: Queries, patches: Patches) -> None:
        self._module: Final = module
        self._queries: Final = queries
        self._patches: Final = patches
        self._owned: Final[WeakSet[Any]] = WeakSet()

    def watch_connections(self) -> None:
        connection = self._module.Connection
        self._patches.wrap(self._module, "connect", self._connect)
        for name in (*_OF_CONNECTION, *filter(partial(hasattr, connection), _OF_CONNECTION_SINCE_0_30)):
            self._patches.wrap(connection, name, self._method)
        for name, text in _COPIES.items():
            self._patches.wrap(connection, name, partial(self._copy, text))

    def watch_statements(self) -> None:
        statement = self._module.prepared_stmt.PreparedStatement
        for name in filter(partial(hasattr, statement), _OF_STATEMENT):
            self._patches.wrap(statement, name, self._method_of_statement)

    def watch_cursors(self) -> None:
        for name in ("_bind", "_bind_exec"):
            self._patches.wrap(self._module.cursor.BaseCursor, name, self._method_of_cursor)

    def _connect(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def connect(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            is_owned = is_of_layer(sys._getframe(1))  # noqa: SLF001 - as `inspect` does
            connection = await function(*args, **kwargs)
            if is_owned:
                self._owned.add(connection)
            return connection

        return connect

    def _is_skipped(self, connection: Any, frame: Any) -> bool:
        return frame.f_globals.get("__name__") in _OWN_MODULES or bool(self._owned and connection in self._owned)

    def _method(self, function: Callable[..., Any]) -> Callable[..., Any]:
        took, has_many = self._queries.took, "many" in function.__name__

        async def call(connection: Any, /, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self._is_skipped(connection, sys._getframe(1)):  # noqa: SLF001 - as `inspect` does
                return await function(connection, *args, **kwargs)
            started, rows = _now(), None
            try:
                rows = await function(connection, *args, **kwargs)
            finally:
                took_ns = _now() - started
                sent = took(_NAME, first_of(args, kwargs), None if has_many else args[1:], took_ns)
                if sent is not None and type(rows) is list:
                    sent.add_rows(len(rows))
            return rows

        return call

    def _copy(self, text: str, function: Callable[..., Any]) -> Callable[..., Any]:
        took = self._queries.took

        async def call(connection: Any, /, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return await function(connection, *args, **kwargs)
            finally:
                took_ns = _now() - started
                if connection not in self._owned:
                    took(_NAME, text.format(first_of(args, kwargs)), None, took_ns)

        return call

    def _method_of_statement(self, function: Callable[..., Any]) -> Callable[..., Any]:
        took, has_many = self._queries.took, "many" in function.__name__

        async def call(statement: Any, /, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if statement._connection in self._owned:  # noqa: SLF001 - there is no other way to it
                return await function(statement, *args, **kwargs)
            started, rows = _now(), None
            try:
                rows = await function(statement, *args, **kwargs)
            finally:
                sent = took(_NAME, statement._query, None if has_many else args, _now() - started)  # noqa: SLF001
                if sent is not None and type(rows) is list:
                    sent.add_rows(len(rows))
            return rows

        return call

    def _method_of_cursor(self, function: Callable[..., Any]) -> Callable[..., Any]:
        took = self._queries.took

        async def call(cursor: Any, /, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return await function(cursor, *args, **kwargs)
            finally:
                if cursor._connection not in self._owned:  # noqa: SLF001 - there is no other way to it
                    took(_NAME, cursor._query, tuple(cursor._args), _now() - started)  # noqa: SLF001

        return call

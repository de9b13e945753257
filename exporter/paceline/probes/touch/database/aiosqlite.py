"""
Queries through aiosqlite. Its connections of `sqlite3` live in threads of their own, where no code of the user calls.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from paceline.probes.touch.database.ownership import owned_connections
from paceline.probes.touch.database.queries import Queries, first_of
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "aiosqlite"
_IsOwned = Callable[[Any], bool]
_now = UNPATCHED.perf_counter_ns
_OF_CONNECTION = ("execute", "execute_insert", "execute_fetchall", "executemany", "executescript")
_OF_CURSOR = ("execute", "executemany", "executescript")


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Replace the methods that send statements.
    """
    is_owned = owned_connections(module.Connection, patches)
    for name in _OF_CONNECTION:
        patches.wrap(module.Connection, name, partial(_of_connection, queries, is_owned, module.context.Result))
    for name in _OF_CURSOR:
        patches.wrap(module.Cursor, name, partial(_of_cursor, queries, is_owned))


def _of_connection(
    queries: Queries, is_owned: _IsOwned, result: Any, function: Callable[..., Any]
) -> Callable[..., Any]:
    has_many = "many" in function.__name__

    async def counted(self: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = _now()
        cursor: Any = None
        try:
            cursor = await function(self, *args, **kwargs)
        finally:
            took_ns = _now() - started
            parameters = None if has_many else _parameters(args, kwargs)
            sent = queries.took(_NAME, first_of(args, kwargs), parameters, took_ns)
            if sent is not None and hasattr(cursor, "_cursor"):
                queries.keep_rows(sent, cursor._cursor)  # noqa: SLF001 - its cursor of `sqlite3`
        return cursor

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        # It can be awaited, and is a context manager.
        return function(self, *args, **kwargs) if is_owned(self) else result(counted(self, args, kwargs))

    return call


def _of_cursor(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    has_many = "many" in function.__name__

    async def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_owned(self._conn):
            return await function(self, *args, **kwargs)
        started = _now()
        try:
            return await function(self, *args, **kwargs)
        finally:
            took_ns = _now() - started
            parameters = None if has_many else _parameters(args, kwargs)
            queries.keep_rows(queries.took(_NAME, first_of(args, kwargs), parameters, took_ns), self._cursor)

    return call


def _parameters(args: tuple[Any, ...], kwargs: Any) -> Any:
    return args[1] if len(args) > 1 else kwargs.get("parameters")

"""
Queries through psycopg2.
"""

import sys
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.ownership import is_of_layer
from paceline.probes.touch.database.queries import Queries, composed_text
from paceline.probes.touch.database.subclasses import Subclasses
from paceline.probes.touch.patches import Patches, looking_like
from paceline.unpatched import UNPATCHED

_NAME = "psycopg2"
# `connection_factory` is the second of the arguments of `connect`, `cursor_factory` of those of `cursor`.
_FACTORY_PLACE = 1
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Hand out connections of a subclass; the classes in C cannot be changed.
    """
    connect, theirs = module.connect, module.extensions.connection
    cursors: Final = Subclasses(_cursor_class(module.extensions.cursor, queries))
    connections: Final = Subclasses(_connection_class(theirs, module.extensions.cursor, cursors))

    def watched_connect(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_of_layer(sys._getframe(1)):  # noqa: SLF001 - as `inspect` does
            return connect(*args, **kwargs)
        factory = _factory(args, kwargs, "connection_factory") or theirs
        if isinstance(factory, type) and issubclass(factory, theirs):
            ours = queries.tried(lambda: connections.of(factory), "watching a connection of psycopg2", factory)
            args, kwargs = _with_factory(args, kwargs, "connection_factory", ours)
        return connect(*args, **kwargs)

    patches.put(module, "connect", looking_like(watched_connect, connect))


def _factory(args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    return args[_FACTORY_PLACE] if len(args) > _FACTORY_PLACE else kwargs.get(name)


def _with_factory(
    args: tuple[Any, ...], kwargs: dict[str, Any], name: str, factory: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if len(args) > _FACTORY_PLACE:
        return (*args[:_FACTORY_PLACE], factory, *args[_FACTORY_PLACE + 1 :]), kwargs
    return args, {**kwargs, name: factory}


def _connection_class(base: Any, cursor_class: type, cursors: Subclasses) -> type:
    class Connection(base):
        def cursor(self, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            factory = _factory(args, kwargs, "cursor_factory") or self.cursor_factory or cursor_class
            if isinstance(factory, type) and issubclass(factory, cursor_class):
                args, kwargs = _with_factory(args, kwargs, "cursor_factory", cursors.of(factory))
            return super().cursor(*args, **kwargs)

    return Connection


def _cursor_class(base: Any, queries: Queries) -> type:
    took, keep_rowcount = queries.took, queries.keep_rowcount

    class Cursor(base):
        def execute(self, query: Any, vars: Any = None) -> Any:  # noqa: A002 - the name of the library
            __tracebackhide__ = True
            started = _now()
            try:
                return super().execute(query, vars)
            finally:
                took_ns = _now() - started
                keep_rowcount(took(_NAME, composed_text(query, self), vars, took_ns), self)

        def executemany(self, query: Any, vars_list: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().executemany(query, vars_list)
            finally:
                took_ns = _now() - started
                took(_NAME, composed_text(query, self), None, took_ns)

        def callproc(self, procname: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().callproc(procname, *args, **kwargs)
            finally:
                took_ns = _now() - started
                took(_NAME, f"CALL {procname}", args[0] if args else None, took_ns)

        def copy_expert(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().copy_expert(sql, *args, **kwargs)
            finally:
                took_ns = _now() - started
                took(_NAME, composed_text(sql, self), None, took_ns)

        def copy_from(self, file: Any, table: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().copy_from(file, table, *args, **kwargs)
            finally:
                took(_NAME, f"COPY {table} FROM STDIN", None, _now() - started)

        def copy_to(self, file: Any, table: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started = _now()
            try:
                return super().copy_to(file, table, *args, **kwargs)
            finally:
                took(_NAME, f"COPY {table} TO STDOUT", None, _now() - started)

    return Cursor

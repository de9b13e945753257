"""
Queries through psycopg2.
"""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.ownership import is_of_layer
from paceline.probes.touch.database.queries import Queries, composed_text, first_of
from paceline.probes.touch.database.subclasses import Subclasses
from paceline.probes.touch.patches import Patches, looking_like
from paceline.unpatched import UNPATCHED

_NAME = "psycopg2"
# `connection_factory` is the second of the arguments of `connect`, `cursor_factory` of those of `cursor`.
_FACTORY_PLACE = 1
_now = UNPATCHED.perf_counter_ns
_TextOf = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Any]


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
    took, keep_rowcount, execute_of_base = queries.took, queries.keep_rowcount, base.execute

    class Cursor(base):
        def execute(self, query: Any, vars: Any = None) -> Any:  # noqa: A002 - the name of the library
            __tracebackhide__ = True
            started = _now()
            try:
                return execute_of_base(self, query, vars)
            finally:
                took_ns = _now() - started
                keep_rowcount(took(_NAME, composed_text(query, self), vars, took_ns), self)

    for name, text_of in _TEXTS.items():
        function = getattr(base, name)
        setattr(Cursor, name, looking_like(_method(function, text_of, queries), function))
    return Cursor


def _method(function: Callable[..., Any], text_of: _TextOf, queries: Queries) -> Callable[..., Any]:
    took, has_parameters = queries.took, function.__name__ == "callproc"

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = _now()
        try:
            return function(self, *args, **kwargs)
        finally:
            took_ns = _now() - started
            parameters = args[1] if has_parameters and len(args) > 1 else None
            took(_NAME, text_of(self, args, kwargs), parameters, took_ns)

    return call


def _composed(cursor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return composed_text(first_of(args, kwargs), cursor)


def _called(_: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    return f"CALL {first_of(args, kwargs)}"


def _copied(way: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    return f"COPY {args[1] if len(args) > 1 else kwargs.get('table')} {way}"


# What the methods send that send other than one query. A text is made when they have returned or failed, so also
# of arguments that they refuse.
_TEXTS: Mapping[str, _TextOf] = {
    "executemany": _composed,
    "callproc": _called,
    "copy_expert": _composed,
    "copy_from": lambda _, args, kwargs: _copied("FROM STDIN", args, kwargs),
    "copy_to": lambda _, args, kwargs: _copied("TO STDOUT", args, kwargs),
}

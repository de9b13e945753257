"""
Queries through psycopg 3, with its cursors on either side, sync and async, also in a pipeline.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import partial
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.ownership import owned_connections
from paceline.probes.touch.database.queries import Queries, composed_text
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "psycopg"
_END: Final = object()
_now = UNPATCHED.perf_counter_ns
_IsOwned = Callable[[Any], bool]
_Wrapper = Callable[[Queries, _IsOwned, Any], Any]


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Replace the methods of cursors that send statements. What psycopg sends by itself, such as BEGIN, passes none.
    """
    is_owned = owned_connections(module.Connection, patches)
    is_owned_async = owned_connections(module.AsyncConnection, patches)
    for name, wrapper in _SYNC.items():
        patches.wrap(module.Cursor, name, partial(wrapper, queries, is_owned))
    for name, wrapper in _ASYNC.items():
        patches.wrap(module.AsyncCursor, name, partial(wrapper, queries, is_owned_async))
    patches.wrap(module.ServerCursor, "execute", partial(_execute, queries, is_owned))
    patches.wrap(module.AsyncServerCursor, "execute", partial(_async_execute, queries, is_owned_async))


def _execute(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took, keep_rowcount = queries.took, queries.keep_rowcount

    def execute(self: Any, query: Any, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_owned(self.connection):
            return function(self, query, params, *args, **kwargs)
        started = _now()
        try:
            return function(self, query, params, *args, **kwargs)
        finally:
            took_ns = _now() - started
            text = query if type(query) is str else composed_text(query, self)
            keep_rowcount(took(_NAME, text, params, took_ns), self)

    return execute


def _executemany(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took = queries.took

    def executemany(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_owned(self.connection):
            return function(self, query, *args, **kwargs)
        started = _now()
        try:
            return function(self, query, *args, **kwargs)
        finally:
            took_ns = _now() - started
            took(_NAME, composed_text(query, self), None, took_ns)

    return executemany


def _stream(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took = queries.took

    def stream(self: Any, query: Any, params: Any = None, *args: Any, **kwargs: Any) -> Iterator[Any]:
        __tracebackhide__ = True
        is_owned_by_layer = is_owned(self.connection)
        with closing(function(self, query, params, *args, **kwargs)) as rows:
            started = _now()
            try:
                first = next(rows, _END)
            finally:
                took_ns = _now() - started
                if not is_owned_by_layer:
                    took(_NAME, composed_text(query, self), params, took_ns)
            if first is not _END:
                yield first
                yield from rows

    return stream


def _copy(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took = queries.took

    @contextmanager
    def copy(self: Any, statement: Any, params: Any = None, **kwargs: Any) -> Iterator[Any]:
        __tracebackhide__ = True
        is_owned_by_layer = is_owned(self.connection)
        started = _now()
        try:
            with function(self, statement, params, **kwargs) as copied:
                yield copied
        finally:
            took_ns = _now() - started
            if not is_owned_by_layer:
                took(_NAME, composed_text(statement, self), params, took_ns)

    return copy


def _async_execute(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took, keep_rowcount = queries.took, queries.keep_rowcount

    async def execute(self: Any, query: Any, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_owned(self.connection):
            return await function(self, query, params, *args, **kwargs)
        started = _now()
        try:
            return await function(self, query, params, *args, **kwargs)
        finally:
            took_ns = _now() - started
            keep_rowcount(took(_NAME, composed_text(query, self), params, took_ns), self)

    return execute


def _async_executemany(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took = queries.took

    async def executemany(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_owned(self.connection):
            return await function(self, query, *args, **kwargs)
        started = _now()
        try:
            return await function(self, query, *args, **kwargs)
        finally:
            took_ns = _now() - started
            took(_NAME, composed_text(query, self), None, took_ns)

    return executemany


def _async_stream(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took = queries.took

    async def stream(self: Any, query: Any, params: Any = None, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        __tracebackhide__ = True
        is_owned_by_layer = is_owned(self.connection)
        async with aclosing(function(self, query, params, *args, **kwargs)) as rows:
            started = _now()
            try:
                first = await anext(rows, _END)
            finally:
                took_ns = _now() - started
                if not is_owned_by_layer:
                    took(_NAME, composed_text(query, self), params, took_ns)
            if first is not _END:
                yield first
                async for row in rows:
                    yield row

    return stream


def _async_copy(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took = queries.took

    @asynccontextmanager
    async def copy(self: Any, statement: Any, params: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        __tracebackhide__ = True
        is_owned_by_layer = is_owned(self.connection)
        started = _now()
        try:
            async with function(self, statement, params, **kwargs) as copied:
                yield copied
        finally:
            took_ns = _now() - started
            if not is_owned_by_layer:
                took(_NAME, composed_text(statement, self), params, took_ns)

    return copy


_SYNC: Final[dict[str, _Wrapper]] = {
    "execute": _execute,
    "executemany": _executemany,
    "stream": _stream,
    "copy": _copy,
}
_ASYNC: Final[dict[str, _Wrapper]] = {
    "execute": _async_execute,
    "executemany": _async_executemany,
    "stream": _async_stream,
    "copy": _async_copy,
}

"""
Queries through aiomysql.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from paceline.probes.touch.database.ownership import owned_connections
from paceline.probes.touch.database.queries import Queries, first_of
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "aiomysql"
# As in PyMySQL.
_IS_INSIDE = "paceline_is_inside"
_IsOwned = Callable[[Any], bool]
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Replace the methods of cursors that send statements.
    """
    is_owned = owned_connections(module.Connection, patches)
    patches.put(module.Cursor, _IS_INSIDE, False)
    for name, wrapper in (("execute", _execute), ("executemany", _whole), ("callproc", _whole)):
        patches.wrap(module.Cursor, name, partial(wrapper, queries, is_owned))


def _execute(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took, keep_rowcount = queries.took, queries.keep_rowcount

    async def execute(self: Any, query: Any, args: Any = None) -> Any:
        __tracebackhide__ = True
        if self.paceline_is_inside or is_owned(self.connection):
            return await function(self, query, args)
        started = _now()
        try:
            return await function(self, query, args)
        finally:
            keep_rowcount(took(_NAME, query, args, _now() - started, escapes=True), self)

    return execute


def _whole(queries: Queries, is_owned: _IsOwned, function: Callable[..., Any]) -> Callable[..., Any]:
    took, is_procedure = queries.took, function.__name__ == "callproc"

    async def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if is_owned(self.connection):
            return await function(self, *args, **kwargs)
        self.paceline_is_inside = True
        started = _now()
        try:
            return await function(self, *args, **kwargs)
        finally:
            self.paceline_is_inside = False
            took_ns, query = _now() - started, first_of(args, kwargs)
            took(_NAME, f"CALL {query}" if is_procedure else query, None, took_ns, escapes=True)

    return call

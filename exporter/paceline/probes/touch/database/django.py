"""
Queries through Django's connections, of its ORM and of its cursors.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.queries import Queries
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "django"
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Wrap the execution of statements on each connection that is open, and on each that is opened later. What Django
    asks when it connects is sent before.
    """
    from django.db.backends.signals import connection_created  # noqa: PLC0415 - Django is imported already

    wrapper = _Wrapper(queries)

    def remove() -> None:
        connection_created.disconnect(wrapper.on_connection)
        for connection in _open_connections(module):
            if wrapper.execute in connection.execute_wrappers:
                connection.execute_wrappers.remove(wrapper.execute)

    patches.on_restore(remove)
    connection_created.connect(wrapper.on_connection)
    for connection in _open_connections(module):
        wrapper.watch(connection)


def _open_connections(module: ModuleType) -> list[Any]:
    # Without settings there is no connection, and asking for one would be an error.
    settings = sys.modules["django.conf"].settings
    return list(module.connections.all(initialized_only=True)) if settings.configured else []


class _Wrapper:
    def __init__(self, queries: Queries) -> None:
        self._took: Final = queries.took
        self._keep_rows: Final = queries.keep_rows

    def on_connection(self, connection: Any, **_: Any) -> None:
        self.watch(connection)

    def watch(self, connection: Any) -> None:
        # As the first: the context manager `execute_wrapper` takes the last off again.
        if self.execute not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self.execute)

    def execute(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        __tracebackhide__ = True
        started = _now()
        try:
            return execute(sql, params, many, context)
        finally:
            vendor = context["connection"].vendor
            sent = self._took(_NAME, sql, None if many else params, _now() - started, escapes=vendor == "mysql")
            if not many:
                self._keep_rows(sent, context["cursor"].cursor)

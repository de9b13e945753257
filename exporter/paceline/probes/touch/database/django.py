"""
Queries through Django's connections, of its ORM and of its cursors.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.queries import Queries
from paceline.unpatched import UNPATCHED

_NAME = "django"
_now = UNPATCHED.perf_counter_ns


class DjangoQueries:
    """
    Wraps the execution of statements on each connection that is open, and on each that is opened later. What Django
    asks when it connects is sent before.
    """

    def __init__(self, module: ModuleType, queries: Queries) -> None:
        from django.db.backends.signals import connection_created  # noqa: PLC0415 - Django is imported already

        self._signal: Final = connection_created
        self._connections: Final = module.connections
        self._took: Final = queries.took
        self._signal.connect(self._on_connection)
        for connection in self._open_connections():
            self._watch(connection)

    def remove(self) -> None:
        self._signal.disconnect(self._on_connection)
        for connection in self._open_connections():
            if self._execute in connection.execute_wrappers:
                connection.execute_wrappers.remove(self._execute)

    def _open_connections(self) -> list[Any]:
        # Without settings there is no connection, and asking for one would be an error.
        settings = sys.modules["django.conf"].settings
        return list(self._connections.all(initialized_only=True)) if settings.configured else []

    def _on_connection(self, connection: Any, **_: Any) -> None:
        self._watch(connection)

    def _watch(self, connection: Any) -> None:
        if self._execute not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self._execute)

    def _execute(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        __tracebackhide__ = True
        started = _now()
        try:
            return execute(sql, params, many, context)
        finally:
            vendor = context["connection"].vendor
            sent = self._took(_NAME, sql, None if many else params, _now() - started, escapes=vendor == "mysql")
            cursor = context["cursor"].cursor
            if sent is not None and hasattr(cursor, "paceline_sent"):
                cursor.paceline_sent = sent
            elif sent is not None and not many and cursor.rowcount >= 0:
                sent.add_rows(cursor.rowcount)

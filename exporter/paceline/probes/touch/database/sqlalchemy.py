"""
Queries through SQLAlchemy, of its core and its ORM, sync and async.
"""

from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.queries import Queries, Sent
from paceline.unpatched import UNPATCHED

_NAME = "sqlalchemy"
_now = UNPATCHED.perf_counter_ns


class SqlalchemyQueries:
    """
    Listens to all engines. What an engine asks when it connects first, it does not tell its listeners.
    """

    def __init__(self, module: ModuleType, queries: Queries) -> None:
        self._event: Final = module.event
        self._engine: Final = module.engine.Engine
        self._took: Final = queries.took
        self._listeners: Final = (
            ("before_cursor_execute", self._before),
            ("after_cursor_execute", self._after),
            ("handle_error", self._on_error),
        )
        for name, listener in self._listeners:
            self._event.listen(self._engine, name, listener)

    def remove(self) -> None:
        for name, listener in self._listeners:
            if self._event.contains(self._engine, name, listener):
                self._event.remove(self._engine, name, listener)

    def _before(self, _connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _: bool) -> None:
        if context is not None:
            context.paceline_started = _now()

    def _after(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        ended = _now()
        started = getattr(context, "paceline_started", ended)
        is_mysql = connection.dialect.name in {"mysql", "mariadb"}
        sent = self._took(_NAME, statement, None if executemany else parameters, ended - started, escapes=is_mysql)
        if sent is not None and not executemany:
            _keep_rows(sent, cursor)

    def _on_error(self, failure: Any) -> None:
        context = failure.execution_context
        started = getattr(context, "paceline_started", None)
        if started is not None and failure.statement is not None:
            self._took(_NAME, failure.statement, failure.parameters, _now() - started)


def _keep_rows(sent: Sent, cursor: Any) -> None:
    """
    Note the rows that a cursor has or will have; -1 is its word for not knowing.
    """
    if hasattr(cursor, "paceline_sent"):
        cursor.paceline_sent = sent
        return
    fetched = getattr(cursor, "_rows", None)
    rows = cursor.rowcount if fetched is None else len(fetched)
    if rows >= 0:
        sent.add_rows(rows)

"""
Queries through SQLAlchemy, of its core and its ORM, sync and async.
"""

from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.queries import Queries
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_NAME = "sqlalchemy"
_ESCAPING = frozenset({"mysql", "mariadb"})
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Listen to all engines. What an engine asks when it connects first, it does not tell its listeners.
    """
    listener = _Listener(queries)
    listeners = {
        "before_cursor_execute": listener.before,
        "after_cursor_execute": listener.after,
        "handle_error": listener.on_error,
    }
    event, engine = module.event, module.engine.Engine

    def remove() -> None:
        for name, function in listeners.items():
            if event.contains(engine, name, function):
                event.remove(engine, name, function)

    patches.on_restore(remove)
    for name, function in listeners.items():
        # One that returns the statement needs no wrapper, which SQLAlchemy would call for it.
        event.listen(engine, name, function, retval=name.startswith("before"))


class _Listener:
    def __init__(self, queries: Queries) -> None:
        self._took: Final = queries.took
        self._keep_rows: Final = queries.keep_rows

    def before(
        self, _connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, _: bool
    ) -> tuple[str, Any]:
        if context is not None:
            context.paceline_started = _now()
        return statement, parameters

    def after(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        ended = _now()
        started = getattr(context, "paceline_started", ended)
        escapes = connection.dialect.name in _ESCAPING
        sent = self._took(_NAME, statement, None if executemany else parameters, ended - started, 2, escapes)
        if not executemany:
            self._keep_rows(sent, cursor)

    def on_error(self, failure: Any) -> None:
        context = failure.execution_context
        started = getattr(context, "paceline_started", None)
        if started is not None and failure.statement is not None:
            escapes = context.dialect.name in _ESCAPING
            self._took(_NAME, failure.statement, failure.parameters, _now() - started, escapes=escapes)

"""
Commands through PyMongo, sync and async, by its public monitoring.
"""

import contextlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.database.queries import Queries
from paceline.probes.touch.database.statements import Statement
from paceline.probes.touch.patches import Patches

_NAME = "pymongo"
# Commands of the connection and of sessions, not of the data.
_SESSIONS: Final = ("abortTransaction", "commitTransaction", "endSessions", "killCursors", "refreshSessions")
_CONNECTION: Final = ("authenticate", "buildInfo", "buildinfo", "connectionStatus", "getnonce", "hello", "isMaster")
_LOGIN: Final = ("ismaster", "logout", "ping", "saslContinue", "saslStart", "startSession")
_NOT_COUNTED: Final = frozenset((*_SESSIONS, *_CONNECTION, *_LOGIN))
_MOST_KEYS, _DEEPEST = 20, 4
_MOST_PENDING = 10_000
_Pending = tuple[Statement, int]


def watch(module: ModuleType, queries: Queries, patches: Patches) -> None:
    """
    Register a listener, which clients take that are made from then on.
    """
    monitoring = module.monitoring
    counter = _Counter(queries)
    listener = type("PacelineListener", (_Listener, monitoring.CommandListener), {})(counter)

    def remove() -> None:
        counter.is_on = False
        with contextlib.suppress(AttributeError, ValueError):  # there is no public way to take it off
            monitoring._LISTENERS.command_listeners.remove(listener)  # noqa: SLF001

    patches.on_restore(remove)
    monitoring.register(listener)


class _Listener:
    def __init__(self, counter: "_Counter") -> None:
        self._counter: Final = counter

    def started(self, event: Any) -> None:
        self._counter.started(event)

    def succeeded(self, event: Any) -> None:
        self._counter.ended(event, event.reply)

    def failed(self, event: Any) -> None:
        self._counter.ended(event, {})


class _Counter:
    def __init__(self, queries: Queries) -> None:
        self.is_on = True
        self._queries: Final = queries
        self._pending: Final[dict[int, _Pending]] = {}

    def started(self, event: Any) -> None:
        if self.is_on and event.command_name not in _NOT_COUNTED:
            self._queries.tried(lambda: self._start(event), "reading commands of pymongo", None)

    def ended(self, event: Any, reply: Any) -> None:
        pending = self._pending.pop(event.request_id, None)
        if pending is None or not self.is_on:
            return
        statement, parameters = pending
        nanoseconds = event.duration_micros * 1000
        sent = self._queries.took(_NAME, statement, (parameters,), nanoseconds, 4)
        if sent is not None:
            rows = self._queries.tried(lambda: _rows(reply), "counting documents", None)
            if rows is not None:
                sent.add_rows(rows)

    def _start(self, event: Any) -> None:
        if len(self._pending) >= _MOST_PENDING:
            self._pending.clear()
        asked = _asked(event.command_name, event.command)
        self._pending[event.request_id] = _statement(event, asked), hash(repr(asked)) if asked else 0


def _asked(name: str, command: Mapping[str, Any]) -> Any:
    """
    What a command looks for.
    """
    if name == "aggregate":
        return command.get("pipeline")
    for key in ("updates", "deletes"):
        if command.get(key):
            return command[key][0].get("q")
    return command.get("filter") or command.get("query")


def _statement(event: Any, asked: Any) -> Statement:
    name, command = event.command_name, event.command
    collection = command.get("collection") if name == "getMore" else command.get(name)
    keys = list(_keys(asked))
    words = (
        name,
        collection if isinstance(collection, str) else "",
        f"{{{', '.join(keys[:_MOST_KEYS])}}}" if keys else "",
    )
    has_range = not {"$gt", "$gte", "$lt", "$lte"}.isdisjoint(" ".join(keys).replace(".", " ").split())
    return Statement(
        fingerprint=" ".join(filter(None, words)),
        verb=name.upper(),
        is_counted=True,
        asks_for_many=any(key.endswith("$in") for key in keys),
        has_offset=bool(command.get("skip")),
        is_page=bool(command.get("limit")) and "sort" in command and has_range,
    )


def _keys(asked: Any, before: str = "", depth: int = 0) -> Iterator[str]:
    """
    The keys of a filter or of a pipeline, without any value.
    """
    if depth >= _DEEPEST:
        return
    if isinstance(asked, Mapping):
        for key, value in asked.items():
            inner = list(_keys(value, f"{before}{key}.", depth + 1))
            yield from inner or [f"{before}{key}"]
    elif isinstance(asked, list):
        for value in asked[:_MOST_KEYS]:
            yield from _keys(value, before, depth + 1)


def _rows(reply: Mapping[str, Any]) -> int | None:
    cursor = reply.get("cursor")
    if isinstance(cursor, Mapping):
        return len(cursor.get("firstBatch", cursor.get("nextBatch", ())))
    return None

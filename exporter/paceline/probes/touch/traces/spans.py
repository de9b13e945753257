"""
Spans that the application makes: those of databases, caches and requests count where no hook saw what they stand for.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from paceline.probes.touch.attribution import Attribution
from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.database.queries import Queries
from paceline.probes.touch.network.requests import Requests
from paceline.usage import UsageKey

_REQUESTS, _COMMANDS = UsageKey.NETWORK_REQUESTS.value, UsageKey.CACHE_COMMANDS.value
_CLIENT = "CLIENT"
_INSTRUMENTATION = "opentelemetry.instrumentation."
# Names of the present and of earlier semantic conventions.
_SYSTEMS, _TEXTS = ("db.system.name", "db.system"), ("db.query.text", "db.statement")
_METHODS = ("http.request.method", "http.method")
_HOSTS, _STATUSES = ("server.address", "net.peer.name", "http.host"), ("http.response.status_code", "http.status_code")
_CACHES = frozenset({"memcached", "redis"})
_MOST_OPEN = 10_000


class Spans:
    """
    Counts the spans of clients.

    A span counts where its library is not watched, nothing of its kind was counted by a hook while it lasted, and no
    span inside it was counted: so nothing counts twice, whoever makes spans of it.

    Args:
        attribution: says which part of a test it is.
        queries: counts queries.
        requests: counts requests.
        lookups: counts commands to caches.
        watched: the libraries that hooks watch.
        failed: takes an error of Paceline's own.
    """

    def __init__(
        self,
        attribution: Attribution,
        queries: Queries,
        requests: Requests,
        lookups: Lookups,
        watched: Collection[str],
        failed: Callable[[Exception, str], None],
    ) -> None:
        self._attribution: Final = attribution
        self._queries: Final = queries
        self._requests: Final = requests
        self._lookups: Final = lookups
        self._watched: Final = watched
        self._failed: Final = failed
        self._open: Final[dict[int, tuple[int, ...]]] = {}
        self._has_inner: Final[set[int]] = set()
        self._counted: Final[Counter[str]] = Counter()
        self.is_on = True

    def started(self, span: Any) -> None:
        if self.is_on and span.kind.name == _CLIENT and len(self._open) < _MOST_OPEN:
            self._open[span.context.span_id] = self._seen()

    def ended(self, span: Any) -> None:
        if not self.is_on:
            return
        try:
            self._end(span)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the application
            self.is_on = False
            self._failed(error, "counting spans")

    def _end(self, span: Any) -> None:
        number = span.context.span_id
        before = self._open.pop(number, None)
        is_inner_counted = number in self._has_inner
        self._has_inner.discard(number)
        is_counted = before is not None and not is_inner_counted and self._count(span, before)
        if (is_counted or is_inner_counted) and span.parent is not None and not span.parent.is_remote:
            self._has_inner.add(span.parent.span_id)

    def _count(self, span: Any, before: tuple[int, ...]) -> bool:
        """
        Count a span, if it stands for something that was not counted.
        """
        scope = span.instrumentation_scope.name if span.instrumentation_scope is not None else ""
        library = scope.removeprefix(_INSTRUMENTATION).partition("_")[0].partition(".")[0]
        if scope.startswith(_INSTRUMENTATION) and library in self._watched:
            return False
        attributes, nanoseconds = span.attributes or {}, span.end_time - span.start_time
        queries, requests, commands = (now == then for now, then in zip(self._seen(), before, strict=True))
        system = _first(attributes, _SYSTEMS)
        if system in _CACHES and commands:
            self._lookups.took(nanoseconds)
            self._counted["commands"] += 1
        elif system and system not in _CACHES and queries:
            text = _first(attributes, _TEXTS) or f"({span.name})"
            self._queries.took(str(system), str(text), None, nanoseconds, depth=3)
            self._counted["queries"] += 1
        elif not system and _first(attributes, _METHODS) and requests:
            has_answer = _first(attributes, _STATUSES) is not None
            self._requests.took(_first(attributes, _HOSTS) or "", nanoseconds, failed=not has_answer)
            self._counted["requests"] += 1
        else:
            return False
        return True

    def _seen(self) -> tuple[int, ...]:
        """
        How many queries, requests and commands of the present part of the test hooks have counted.
        """
        counted = self._counted
        bucket = self._attribution.of_caller()
        return (
            sum(sent.count for sent in list(bucket.queries.values())) - counted["queries"],
            round(bucket.figures.get(_REQUESTS, 0)) - counted["requests"],
            round(bucket.figures.get(_COMMANDS, 0)) - counted["commands"],
        )


def _first(attributes: Mapping[str, Any], names: Collection[str]) -> Any:
    return next((attributes[name] for name in names if name in attributes), None)

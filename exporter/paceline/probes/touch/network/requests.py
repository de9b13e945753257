"""
Take the requests of a test, one by one, as libraries send them.
"""

from collections.abc import Callable
from typing import Any, Final

from paceline.probes.touch.attribution import Attribution, Bucket
from paceline.probes.touch.counter import Counter
from paceline.probes.touch.patches import looking_like
from paceline.probes.touch.traces.test_span import TestSpan
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

_REQUESTS, _SECONDS = UsageKey.NETWORK_REQUESTS.value, UsageKey.NETWORK_SECONDS.value
_RECEIVED, _ERRORS = UsageKey.NETWORK_RECEIVED_BYTES.value, UsageKey.NETWORK_ERRORS.value
_CONNECTIONS = UsageKey.NETWORK_CONNECTIONS.value
_NANOSECONDS = 1e9
_DOING = "counting requests"
_MOST_HOSTS, _OTHERS = 200, "(others)"
_now = UNPATCHED.perf_counter_ns


class Traffic:
    """
    What a part of a test exchanged with one host.
    """

    __slots__ = ("connections", "errors", "received", "requests", "seconds")

    def __init__(self) -> None:
        self.requests = self.errors = self.connections = self.received = 0
        self.seconds = 0.0


class Request:
    """
    A request that waits for its answer. `operation` is the one before it, None where the test does not wait for it.
    """

    __slots__ = ("figures", "operation", "started", "traffic")

    def __init__(self, figures: dict[str, float], traffic: Traffic, operation: int | None) -> None:
        self.figures: Final = figures
        self.traffic: Final = traffic
        self.operation: Final = operation
        self.started = _now()


class Requests(Counter):
    """
    Counts requests for the part of the test that sends them. While one waits for its answer, threads that were there
    before the test may be those of the server that answers.

    An error of Paceline's own ends the counting, and does not reach who sends the request.

    Args:
        attribution: says which part it is.
        failed: takes the error.
        test_span: says what header requests get.
    """

    def __init__(self, attribution: Attribution, failed: Callable[[Exception, str], None], test_span: TestSpan) -> None:
        super().__init__(attribution, failed)
        self.traceparent: Final = test_span.traceparent

    def start(self, host: Any) -> Request | None:
        """
        A request goes out.

        Returns:
            what `end` takes; None where nothing is counted.
        """
        if self.has_failed or self.attribution.is_driving:
            return None
        try:
            attribution = self.attribution
            bucket = attribution.of_caller()
            traffic = (bucket.hosts.get(host) if type(host) is str else None) or _traffic(bucket, _as_text(host))
            bucket.figures[_REQUESTS] += 1
            traffic.requests += 1
            is_of_test = bucket is not attribution.background
            return Request(bucket.figures, traffic, attribution.request_started() if is_of_test else None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of who sends the request
            self.give_up(error, _DOING)
            return None

    def end(self, request: Request | None, received: Any = None, *, failed: bool = False) -> None:
        """
        The answer to a request is there, or none will come.

        Args:
            request: as `start` gave it.
            received: the length of the answer in bytes, as the server announced it.
            failed: whether no answer came.
        """
        if request is None:
            return
        try:
            if request.operation is not None:
                self.attribution.request_ended(request.operation)
            seconds = (_now() - request.started) / _NANOSECONDS
            size = int(received) if received else 0
            figures, traffic = request.figures, request.traffic
            figures[_SECONDS] += seconds
            traffic.seconds += seconds
            if size:
                figures[_RECEIVED] += size
                traffic.received += size
            if failed:
                figures[_ERRORS] += 1
                traffic.errors += 1
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, _DOING)

    def took(self, host: Any, nanoseconds: int, *, failed: bool) -> None:
        """
        Count a request of which somebody else told when it was over.

        Args:
            host: that it went to.
            nanoseconds: until the answer.
            failed: whether no answer came.
        """
        started = self.start(host)
        if started is not None:
            started.started -= nanoseconds
        self.end(started, failed=failed)

    def answering(self, getresponse: Callable[..., Any], length_of: Callable[[Any], Any]) -> Callable[..., Any]:
        """
        A method that waits for an answer, and ends the request that its connection has in `paceline_request`.

        Args:
            getresponse: the method of the library.
            length_of: the length of an answer in bytes, as the server announced it.
        """

        def watched_getresponse(connection: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            started, connection.paceline_request = connection.paceline_request, None
            try:
                response = getresponse(connection, *args, **kwargs)
            except BaseException:
                self.end(started, failed=True)
                raise
            self.end(started, length_of(response))
            return response

        return looking_like(watched_getresponse, getresponse)

    def connected(self, host: Any) -> None:
        """
        A socket is connected to a host.
        """
        if self.has_failed or self.attribution.is_driving:
            return
        try:
            bucket = self.attribution.of_caller()
            bucket.figures[_CONNECTIONS] += 1
            _traffic(bucket, _as_text(host)).connections += 1
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, _DOING)


def _traffic(bucket: Bucket, host: str) -> Traffic:
    hosts = bucket.hosts
    traffic = hosts.get(host)
    if traffic is None:
        name = host if len(hosts) < _MOST_HOSTS else _OTHERS
        traffic = hosts.setdefault(name, Traffic())
    return traffic  # type: ignore[no-any-return]


def _as_text(host: Any) -> str:
    text = host.decode("latin-1") if isinstance(host, bytes) else str(host)
    return text[:200].lower()

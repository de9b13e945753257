"""
The live endpoint: `/metrics` of a run while it runs.
"""

import threading
from collections.abc import Iterator
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Counter, Histogram, make_wsgi_app
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from paceline.companion.live_run import LiveRun
from paceline.metrics import catalogue
from paceline.metrics.counters import BUCKETS
from paceline.metrics.live_state import state_families

ADDRESS = "127.0.0.1"
_REQUEST_SECONDS = 5


class LiveEndpoint(Collector):
    """
    The run that is under way, served on loopback by a thread of the companion until that ends.

    Raises:
        OSError: the port is in use, or may not be used.
    """

    def __init__(self, port: int, suite: str, run: LiveRun) -> None:
        self._suite = suite
        self._run = run
        registry = CollectorRegistry()
        self._cases = _counter(registry)
        self._durations = _histogram(registry)
        registry.register(self)
        server = make_server(ADDRESS, port, make_wsgi_app(registry), handler_class=_QuietHandler)
        self.url: Final = f"http://{ADDRESS}:{server.server_port}/metrics"
        threading.Thread(target=server.serve_forever, name="paceline-live", daemon=True).start()

    def collect(self) -> Iterator[Family]:
        return state_families(self._run.state())

    def describe(self) -> list[Family]:
        return []

    def add(self, test_type: str, outcome: str, seconds: float | None) -> None:
        """
        Count a test that has ended.
        """
        branch = self._run.branch
        self._cases.labels(self._suite, branch, test_type, outcome).inc()
        if seconds is not None:
            self._durations.labels(self._suite, branch, test_type).observe(seconds)


class _QuietHandler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002, ANN401 - the name and types are given


def _counter(registry: CollectorRegistry) -> Counter:
    metric = catalogue.CASES
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _histogram(registry: CollectorRegistry) -> Histogram:
    metric = catalogue.CASE_DURATION
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=BUCKETS)

"""
The run samples by OTLP: the names, labels, values and timestamps that a scrape would bring.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from msgspec.structs import replace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import ScopeMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from paceline.delivery.otlp.collector import SCOPE, Collector, attributes, nanoseconds
from paceline.delivery.outbox import unpack
from paceline.delivery.sink import Receipt
from paceline.metrics.catalogue import Metric
from paceline.metrics.run_samples import Sample, run_samples

# About 1.5 MB; a collector's limit for a request may be as low as 4 MB.
_POINTS_OF_A_REQUEST = 10_000
# A name that ends with its unit is left as it is where OTLP becomes Prometheus; without one, so is any other.
_UNITS = {"_seconds": "s", "_bytes": "By", "_ratio": "1"}


class OtlpMetrics:
    """
    The sink `otlp`. A sample that comes twice is one sample, as its time is that of the run.

    Args:
        collector: takes metrics.
        default_branch: finds the default branch of a run that does not say its own.
    """

    kind: Final = "otlp"

    def __init__(self, collector: Collector, default_branch: Callable[[], str]) -> None:
        self.address: Final = str(collector)
        self._collector: Final = collector
        self._default_branch: Final = default_branch

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        """
        Send the samples of a run; see `Sink`.
        """
        run = unpack(packed, "the outbox")
        run = replace(run, default_branch=run.default_branch or self._default_branch())
        samples = run_samples(run, ())
        self._collector.send(metrics_messages(samples, self._collector.resource_of(run.suite)), seconds)
        return Receipt()


def metrics_messages(samples: Iterable[Sample], resource: Resource) -> Iterator[bytes]:
    """
    Samples as requests of the protocol, in pieces that a collector takes.

    Args:
        samples: those of a test one after the other.
        resource: who sends.
    """
    rest = iter(samples)
    while batch := list(islice(rest, _POINTS_OF_A_REQUEST)):
        request = ExportMetricsServiceRequest()
        scope = request.resource_metrics.add(resource=resource).scope_metrics.add(scope=SCOPE)
        _fill(scope, batch)
        yield request.SerializeToString()


def _fill(scope: ScopeMetrics, samples: Iterable[Sample]) -> None:
    gauges = {}
    for metric, labels, value, timestamp in samples:
        if metric not in gauges:
            gauges[metric] = scope.metrics.add(name=metric.name, description=metric.help, unit=_unit(metric)).gauge
        gauges[metric].data_points.add(
            attributes=_labels(metric.labels, labels), time_unix_nano=_nanoseconds(timestamp), as_double=value
        )


def _unit(metric: Metric) -> str:
    return next((unit for suffix, unit in _UNITS.items() if metric.name.endswith(suffix)), "")


# All samples of a test have the same labels, and all of a run the same time.
@lru_cache(maxsize=16)
def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> list[KeyValue]:
    # Prometheus drops a label with an empty value.
    return attributes({name: value for name, value in zip(names, values, strict=True) if value})


_nanoseconds = lru_cache(maxsize=2)(nanoseconds)

"""
The run samples by OTLP: the names, labels, values and timestamps that a scrape would bring.
"""

import gzip
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Final

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    Gauge,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.export import Metric as SdkMetric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from paceline.client.endpoint import Endpoint
from paceline.metrics.catalogue import Metric
from paceline.metrics.run_samples import Sample, run_samples
from paceline.model import decode_run
from paceline.sinks.otlp.collector import hand_over, resource_of

# About 2 MB; a collector's limit for a request may be as low as 4 MB.
_POINTS_OF_A_REQUEST = 10_000
_SCOPE = InstrumentationScope("paceline")
# A name that ends with its unit is left as it is where OTLP becomes Prometheus; without one, so is any other.
_UNITS = {"_seconds": "s", "_bytes": "By", "_ratio": "1"}


class OtlpMetrics:
    """
    The sink `otlp`. A sample that comes twice is one sample, as its time is that of the run.

    Args:
        endpoint: where a collector takes metrics.
        branches: finds the branches that keep their name.
    """

    kind: Final = "otlp"

    def __init__(self, endpoint: Endpoint, branches: Callable[[], Collection[str]]) -> None:
        self.address: Final = str(endpoint)
        self._endpoint: Final = endpoint
        self._branches: Final = branches

    def deliver(self, packed: bytes, seconds: float) -> None:
        """
        Send the samples of a run; see `Sink`.
        """
        run = decode_run(gzip.decompress(packed), "a run in the outbox")
        batches = metrics_data(run_samples(run, self._branches()), resource_of(run.suite))
        hand_over(self._export, self._endpoint, batches, seconds)

    def _export(self, session: requests.Session) -> Callable[[MetricsData], object]:
        return OTLPMetricExporter(endpoint=self.address, session=session).export


def metrics_data(samples: Iterable[Sample], resource: Resource) -> Iterator[MetricsData]:
    """
    Samples as OpenTelemetry's SDK would hand them to an exporter, in pieces that a collector takes.

    Made without instruments, which fold everything beyond 2,000 sets of labels into one, and stamp it with the time
    at which they are read.
    """
    rest = iter(samples)
    while batch := list(islice(rest, _POINTS_OF_A_REQUEST)):
        points: defaultdict[Metric, list[NumberDataPoint]] = defaultdict(list)
        for sample in batch:
            points[sample.metric].append(_point(sample))
        metrics = [_metric(metric, data) for metric, data in points.items()]
        scope = ScopeMetrics(scope=_SCOPE, metrics=metrics, schema_url="")
        yield MetricsData(resource_metrics=[ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])


def _point(sample: Sample) -> NumberDataPoint:
    metric, labels, value, timestamp = sample
    # To Prometheus, a label without a value is none.
    pairs = {name: label for name, label in zip(metric.labels, labels, strict=True) if label}
    # The milliseconds that the text format has.
    milliseconds = int(f"{timestamp:.3f}".replace(".", ""))
    return NumberDataPoint(
        attributes=pairs, start_time_unix_nano=0, time_unix_nano=milliseconds * 1_000_000, value=value
    )


def _metric(metric: Metric, points: list[NumberDataPoint]) -> SdkMetric:
    unit = next((unit for suffix, unit in _UNITS.items() if metric.name.endswith(suffix)), "")
    return SdkMetric(name=metric.name, description=metric.help, unit=unit, data=Gauge(data_points=points))

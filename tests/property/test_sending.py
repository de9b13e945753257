"""
Laws of what is sent.
"""

import gzip

from hypothesis import given
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from paceline.delivery.otlp.otlp_metrics import metrics_messages
from paceline.delivery.outbox import pack
from paceline.documents import decode_run
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from property.strategies import runs


@given(runs)
def test_a_packed_run_is_the_run(run: Run) -> None:
    """
    decode(unpack(pack(run))) == run, and equal runs are equal parcels.
    """
    assert decode_run(gzip.decompress(pack(run).packed), "a parcel") == run
    assert pack(run) == pack(run)


@given(runs)
def test_each_sample_is_a_point(run: Run) -> None:
    """
    points(messages(samples)) == samples, with labels that have a value and times in milliseconds.
    """
    samples = list(run_samples(run, [run.branch]))
    requests = map(ExportMetricsServiceRequest.FromString, metrics_messages(samples, Resource()))
    metrics = [metric for request in requests for metric in request.resource_metrics[0].scope_metrics[0].metrics]
    points = [(metric.name, point) for metric in metrics for point in metric.gauge.data_points]

    assert sorted(
        (name, sorted((pair.key, pair.value.string_value) for pair in point.attributes), point.as_double)
        for name, point in points
    ) == sorted(
        (metric.name, sorted((k, v) for k, v in zip(metric.labels, labels, strict=True) if v), value)
        for metric, labels, value, _ in samples
    )
    assert {point.time_unix_nano for _, point in points} == {int(f"{run.ended:.3f}".replace(".", "")) * 10**6}

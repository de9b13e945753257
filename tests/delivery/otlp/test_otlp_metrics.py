"""
Run samples as messages of the protocol.
"""

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from paceline.delivery.otlp.otlp_metrics import metrics_messages
from paceline.metrics.catalogue import CATALOGUE, Channel
from paceline.metrics.run_samples import Sample, run_samples
from paceline.model import Run
from support.values import EPOCH, make_case, make_run


def _requests(run: Run) -> list[ExportMetricsServiceRequest]:
    return [
        ExportMetricsServiceRequest.FromString(message)
        for message in metrics_messages(run_samples(run, ["main"]), Resource())
    ]


def _metrics(request: ExportMetricsServiceRequest) -> list[Metric]:
    return list(request.resource_metrics[0].scope_metrics[0].metrics)


def test_a_point_is_a_sample() -> None:
    """
    A gauge with the labels that have a value, and the time of the run in whole milliseconds.
    """
    (request,) = _requests(make_run(1, [make_case("test_a", 0.25)], ended=EPOCH + 0.98765))
    (metric,) = (one for one in _metrics(request) if one.name == "paceline_test_duration_seconds")
    (point,) = metric.gauge.data_points

    assert (point.as_double, point.time_unix_nano) == (0.25, 1_700_000_000_988_000_000)
    assert {pair.key: pair.value.string_value for pair in point.attributes} == {
        "suite": "shop",
        "branch": "main",
        "test": "test_a",
        "test_type": "unit",
    }
    (info,) = (one for one in _metrics(request) if one.name == "paceline_run_info")
    assert "commit" not in {pair.key for pair in info.gauge.data_points[0].attributes}


def test_each_metric_is_there_once_in_a_request() -> None:
    """
    With the help of the catalogue, and all tests as its points.
    """
    (request,) = _requests(make_run(1, [make_case(f"test_{number}") for number in range(3)]))
    names = [metric.name for metric in _metrics(request)]

    assert len(names) == len(set(names))
    assert {len(one.gauge.data_points) for one in _metrics(request) if one.name.startswith("paceline_test")} == {3}
    helps = {metric.name: metric.help for metric in CATALOGUE}
    assert all(metric.description == helps[metric.name] for metric in _metrics(request))


def test_no_unit_changes_a_name() -> None:
    """
    Where OTLP becomes Prometheus, the name of a unit is added to a name that does not end with it.
    """
    words = {"": "", "s": "_seconds", "By": "_bytes", "1": "_ratio"}
    samples = [
        Sample(metric, ("x",) * len(metric.labels), 1.0, EPOCH)
        for metric in CATALOGUE
        if metric.channel is Channel.RUN_SAMPLE
    ]
    (message,) = metrics_messages(samples, Resource())
    metrics = _metrics(ExportMetricsServiceRequest.FromString(message))

    assert len(metrics) == len(samples)
    assert all(metric.name.endswith(words[metric.unit]) for metric in metrics)
    assert {metric.unit for metric in metrics} == set(words)


def test_a_large_run_is_sent_in_pieces() -> None:
    """
    Of at most 10,000 points, below 4 MB, and together as many as there are samples.
    """
    run = make_run(1, [make_case(f"tests/test_module.py::test_{'x' * 150}{number}") for number in range(9000)])
    requests = _requests(run)
    counts = [sum(len(metric.gauge.data_points) for metric in _metrics(request)) for request in requests]

    assert sum(counts) == len(list(run_samples(run, ["main"])))
    assert (len(counts), max(counts)) == (4, 10_000)
    assert max(request.ByteSize() for request in requests) < 4e6

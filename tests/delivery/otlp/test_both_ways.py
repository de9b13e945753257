"""
A run that is scraped, or imported as text, and a run that is sent by OTLP are the same series.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from paceline.delivery.otlp.collector import Collector
from paceline.delivery.otlp.otlp_metrics import OtlpMetrics
from paceline.delivery.outbox import pack
from paceline.http.server_access import ServerAccess
from paceline.measure import Measure
from paceline.metrics.run_samples import run_samples
from paceline.model import Case, Machine, Outcome, Run
from paceline.usage import UsageKey
from support.servers import Prometheus, prometheus_with
from support.values import EPOCH, make_case, make_run
from support.victoria import victoria_metrics

pytestmark = pytest.mark.stack

# What each way says of itself: a scrape adds the target, OTLP the resource.
_SOURCES = {"job", "instance", "service_name", "service_instance_id"}
_Point = tuple[tuple[tuple[str, str], ...], float, float]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    A real server that takes OTLP and answers PromQL.
    """
    with victoria_metrics(tmp_path_factory.mktemp("victoria")) as server:
        yield server


def _send(server: Prometheus, run: Run) -> None:
    endpoint = ServerAccess(f"{server.url}/opentelemetry/v1/metrics")
    sink = OtlpMetrics(Collector(endpoint, {}, "metrics"), lambda: "main")
    sink.deliver(pack(run).packed, 60)
    # It shows samples after a second, unless asked.
    requests.get(f"{server.url}/internal/force_flush", timeout=30).raise_for_status()


def _points(server: Prometheus, run: Run) -> list[_Point]:
    found = server.samples(f'{{__name__=~"paceline_.+",suite="{run.suite}"}}[1h]', run.ended + 1)
    return sorted(point for series in found for point in _points_of(series))


def _points_of(series: dict[str, object]) -> Iterator[_Point]:
    labels: dict[str, str] = series["metric"]  # type: ignore[assignment]
    values: list[tuple[float, str]] = series["values"]  # type: ignore[assignment]
    kept = tuple(sorted((name, value) for name, value in labels.items() if name not in _SOURCES))
    # VictoriaMetrics keeps decimals, and of a long one the first 12 digits or so.
    return ((kept, float(f"{float(value):.10g}"), stamp) for stamp, value in values)


def test_both_ways_give_the_same(collector: Prometheus, tmp_path: Path) -> None:
    """
    Names, labels, values and timestamps, compared in a real Prometheus and a real receiver of OTLP.
    """
    run = make_run(1, _cases(), ended=EPOCH + 0.1234, started=EPOCH - 9, machine=Machine(slowdown_ratio=1.25))
    _send(collector, run)
    with prometheus_with([run], tmp_path) as prometheus:
        scraped = _points(prometheus, run)
    sent = _points(collector, run)

    assert len(sent) == len(list(run_samples(run, ["main"])))
    assert sent == scraped


def test_a_run_that_comes_twice_is_one_sample(collector: Prometheus) -> None:
    """
    What was delivered and not acknowledged does not count twice.
    """
    run = make_run(2, [make_case()], suite="twice")
    for _ in range(2):
        _send(collector, run)
    query = 'sum(count_over_time({__name__=~"paceline_.+",suite="twice"}[1h]))'
    (found,) = collector.samples(query, run.ended + 1)

    assert found["value"] == [run.ended + 1, str(len(list(run_samples(run, ["main"]))))]


def test_who_sent_a_run_has_other_names_there(collector: Prometheus) -> None:
    """
    VictoriaMetrics makes no job and no instance of the resource.
    """
    run = make_run(4, [make_case()], suite="who")
    _send(collector, run)
    (found,) = collector.samples('last_over_time(paceline_run_duration_seconds{suite="who"}[1h])', run.ended + 1)
    labels: dict[str, str] = found["metric"]  # type: ignore[assignment]

    assert {name: labels[name] for name in _SOURCES & labels.keys()} == {
        "service_name": "paceline",
        "service_instance_id": "who",
    }


def test_all_tests_of_a_large_suite_arrive(collector: Prometheus) -> None:
    """
    More than the 2,000 sets of labels at which the instruments of OpenTelemetry's SDK fold the rest into one.
    """
    run = make_run(3, [make_case(f"test_{number}") for number in range(2500)], suite="large")
    _send(collector, run)
    query = 'count(last_over_time(paceline_test_passed{suite="large"}[1h]))'
    (found,) = collector.samples(query, run.ended + 1)

    assert found["value"] == [run.ended + 1, "2500"]


def _cases() -> list[Case]:
    usage = {key: 0.5 + number for number, key in enumerate(UsageKey)}
    phases = {"setup_seconds": 0.125, "teardown_seconds": 0.25, "budget_seconds": 0.5}
    measures = {"rows": Measure(value=3, unit="rows"), "unitless": Measure(value=0.5)}
    return [
        make_case('tests/test_a.py::test_quotes["\\n{}=,é]', 0.0625, usage=usage, measures=measures, **phases),
        make_case("tests/test_a.py::test_failed", outcome=Outcome.FAILED, attempts=3),
        make_case("tests/test_a.py::test_skipped", None, outcome=Outcome.SKIPPED),
    ]

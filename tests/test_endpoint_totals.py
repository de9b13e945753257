"""
Endpoints over all tests of a run.
"""

from paceline.endpoint_totals import EndpointTotal, endpoint_totals
from paceline.metrics.run_samples import run_samples
from paceline.model import EndpointTimes
from support.values import make_case, make_run


def test_an_endpoint_is_summed_over_tests() -> None:
    """
    The mean is that of all requests, and not that of tests.
    """
    cases = [
        make_case("test_a", endpoints=(_times("GET /orders", 1, 0.3, 0.3),)),
        make_case("test_b", endpoints=(_times("GET /orders", 3, 0.3, 0.2, errors=1), _times("GET /", 1, 0.1, 0.1))),
    ]

    assert list(endpoint_totals(cases)) == [
        EndpointTotal("GET /", 1, errors=0, mean_seconds=0.1, max_seconds=0.1),
        EndpointTotal("GET /orders", 4, errors=1, mean_seconds=0.15, max_seconds=0.3),
    ]


def test_endpoints_are_samples_of_a_run() -> None:
    """
    With the endpoint and the statistic as labels, and no label of a test.
    """
    run = make_run(1, [make_case("test_a", endpoints=(_times("GET /orders", 2, 0.4, 0.3),))])
    found = {
        (sample.metric.name, *sample.labels[2:]): sample.value
        for sample in run_samples(run, {"main"})
        if sample.metric.name.startswith("paceline_endpoint_")
    }

    assert found == {
        ("paceline_endpoint_requests", "GET /orders"): 2.0,
        ("paceline_endpoint_errors", "GET /orders"): 0.0,
        ("paceline_endpoint_seconds", "GET /orders", "mean"): 0.2,
        ("paceline_endpoint_seconds", "GET /orders", "max"): 0.3,
    }


def _times(endpoint: str, requests: int, seconds: float, slowest: float, errors: int = 0) -> EndpointTimes:
    return EndpointTimes(
        endpoint=endpoint,
        requests=requests,
        errors=errors,
        seconds=seconds,
        p50_seconds=slowest,
        p95_seconds=slowest,
        max_seconds=slowest,
    )

"""
State, read back as Prometheus reads it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from prometheus_client.registry import Collector

from paceline.live_report import ResourceSample, SystemSample, TreeSample
from paceline.metrics.catalogue import CATALOGUE, Channel
from paceline.metrics.live_state import LiveState, state_families

_SAMPLE = ResourceSample(
    tree=TreeSample(
        cpu_seconds=1.5,
        resident_bytes=2,
        processes=3,
        threads=4,
        open_files=5,
        read_bytes=6,
        written_bytes=7,
    ),
    system=SystemSample(
        cpu_percent=50.0,
        memory_used_bytes=8,
        memory_percent=25.0,
        load_1m=1.25,
        processes=9,
        disk_read_bytes=10,
        disk_written_bytes=11,
        disk_percent=75.0,
        network_received_bytes=12,
        network_sent_bytes=13,
    ),
)


class _Once(Collector):
    """
    Hands out the families of one moment.
    """

    def __init__(self, state: LiveState) -> None:
        self._state = state

    def collect(self) -> Iterator[Family]:
        return state_families(self._state)


def _registry(**changes: Any) -> CollectorRegistry:
    known: dict[str, Any] = {
        "version": "0.1.0",
        "suite": "shop",
        "branch": "main",
        "expected": 8,
        "ended": 2,
        "active": {},
        "budgets": {},
        "failures": 0,
        "sample": _SAMPLE,
    }
    registry = CollectorRegistry()
    registry.register(_Once(LiveState(**(known | changes))))
    return registry


def _samples(**changes: Any) -> dict[tuple[str, str], float]:
    """
    Values by name and labels, read with the official parser.
    """
    families = parse(generate_latest(_registry(**changes)).decode())
    return {
        (sample.name, ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_process_tree_and_the_machine_are_exposed() -> None:
    """
    Each figure of the sample under its own name, percentages as ratios.
    """
    samples = {name: value for (name, labels), value in _samples().items() if not labels}

    assert samples == {
        "paceline_internal_failures_total": 0,
        "paceline_process_cpu_seconds_total": 1.5,
        "paceline_process_resident_memory_bytes": 2,
        "paceline_process_processes": 3,
        "paceline_process_threads": 4,
        "paceline_process_open_files": 5,
        "paceline_process_read_bytes_total": 6,
        "paceline_process_written_bytes_total": 7,
        "paceline_system_cpu_ratio": 0.5,
        "paceline_system_memory_used_bytes": 8,
        "paceline_system_memory_used_ratio": 0.25,
        "paceline_system_load1": 1.25,
        "paceline_system_processes": 9,
        "paceline_system_disk_read_bytes_total": 10,
        "paceline_system_disk_written_bytes_total": 11,
        "paceline_system_disk_used_ratio": 0.75,
        "paceline_system_network_receive_bytes_total": 12,
        "paceline_system_network_transmit_bytes_total": 13,
    }


def test_what_runs_now_is_exposed() -> None:
    """
    How many tests run, each with its seconds, and how far the run is.
    """
    samples = _samples(active={"test_a": 1.5, "test_b": 0.25}, failures=3)

    assert samples["paceline_active_cases", "branch=main,suite=shop"] == 2
    assert samples["paceline_active_case_seconds", "branch=main,suite=shop,test=test_a"] == 1.5
    assert samples["paceline_active_case_seconds", "branch=main,suite=shop,test=test_b"] == 0.25
    assert samples["paceline_expected_cases", "branch=main,suite=shop"] == 8
    assert samples["paceline_run_progress_ratio", "branch=main,suite=shop"] == 0.25
    assert samples["paceline_internal_failures_total", ""] == 3
    assert samples["paceline_build_info", "version=0.1.0"] == 1


def test_what_has_ended_is_gone() -> None:
    """
    A test that does not run has no series.
    """
    names = [name for name, _ in _samples(active={})]

    assert "paceline_active_case_seconds" not in names
    assert "paceline_active_cases" in names


def test_before_git_has_answered_no_branch_is_named() -> None:
    """
    Series of a branch that is not known yet would be another branch's later.
    """
    names = {name for name, _ in _samples(branch="", active={"test_a": 1.0})}

    assert not {name for name in names if name.startswith(("paceline_active_", "paceline_expected_", "paceline_run_"))}


def test_what_was_not_measured_is_absent() -> None:
    """
    Before the second look nobody knows how busy the machine is.
    """
    names = {name for name, _ in _samples(sample=ResourceSample())}

    assert "paceline_system_cpu_ratio" not in names
    assert "paceline_system_load1" in names


def test_before_collection_nothing_is_expected() -> None:
    """
    Then there is no progress either, rather than a wrong one.
    """
    names = {name for name, _ in _samples(expected=None)}

    assert not {"paceline_expected_cases", "paceline_run_progress_ratio"} & names


@pytest.mark.parametrize(("expected", "ended", "ratio"), [(0, 0, 0.0), (4, 4, 1.0), (4, 9, 1.0)])
def test_progress_is_a_ratio(expected: int, ended: int, ratio: float) -> None:
    """
    Never above 1, also where retries end more often than tests were expected, and none for no tests.
    """
    samples = _samples(expected=expected, ended=ended)

    assert samples["paceline_run_progress_ratio", "branch=main,suite=shop"] == ratio


def test_budgets_are_in_seconds() -> None:
    """
    One series a test type.
    """
    samples = _samples(budgets={"unit": 100.0, "api": 5000.0})

    assert samples["paceline_budget_seconds", "suite=shop,test_type=unit"] == 0.1
    assert samples["paceline_budget_seconds", "suite=shop,test_type=api"] == 5.0


def test_strange_names_are_read_back_as_they_are() -> None:
    """
    Quotes, backslashes and line breaks in an id come through the exposition.
    """
    name = 'test_x["a\\b"\n-ü]'
    samples = _samples(active={name: 1.0})

    assert samples["paceline_active_case_seconds", f"branch=main,suite=shop,test={name}"] == 1.0


def test_every_family_is_in_the_catalogue() -> None:
    """
    With the type, the help and the labels that the catalogue promises.
    """
    registry = _registry(active={"test_a": 1.0}, failed=("test_b",), budgets={"unit": 1.0})
    families = parse(generate_latest(registry).decode())
    table = {metric.name: metric for metric in CATALOGUE if metric.channel is Channel.STATE}
    for family in families:
        metric = table[family.samples[0].name]

        assert (family.type, family.documentation) == (metric.kind.value, metric.help)
        assert {*family.samples[0].labels} == {*metric.labels}


def test_openmetrics_reads_it_too() -> None:
    """
    The stricter format has the same samples.
    """
    registry = _registry(active={"test_a": 1.0})
    strict = parse_openmetrics(generate_openmetrics(registry).decode())  # type: ignore[no-untyped-call]
    names = {sample.name for family in strict for sample in family.samples}

    assert names == {name for name, _ in _samples(active={"test_a": 1.0})}
    assert len(names) == 23

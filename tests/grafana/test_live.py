"""
What the dashboard Live says of a run, in a Prometheus that has seen it.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support.dashboards import boards, filled, queries
from support.installed import prometheus_folder

_VALUES = {"suite": "shop", "branch": "main", "__rate_interval": "4m", "end": "0"}
_EXPRESSIONS = {
    one.panel: filled(one.expr, _VALUES) for board in boards() for one in queries(board) if one.board == "paceline-live"
}

_RUN = 'suite="shop",branch="main"'
# Two parts of a run, and what the exporter counted of earlier runs.
_BY_EXPORTER = {
    f'paceline_expected_cases{{{_RUN},instance="exporter",shard="1"}}': 10,
    f'paceline_expected_cases{{{_RUN},instance="exporter",shard="2"}}': 10,
    f'paceline_active_run_cases{{{_RUN},instance="exporter",shard="1",outcome="passed"}}': 4,
    f'paceline_active_run_cases{{{_RUN},instance="exporter",shard="2",outcome="passed"}}': 3,
    f'paceline_active_run_cases{{{_RUN},instance="exporter",shard="2",outcome="failed"}}': 1,
    f'paceline_run_progress_ratio{{{_RUN},instance="exporter",shard="1"}}': 0.4,
    f'paceline_run_progress_ratio{{{_RUN},instance="exporter",shard="2"}}': 0.4,
    f'paceline_cases_total{{{_RUN},instance="exporter",test_type="unit",outcome="failed"}}': 70,
}
# A run whose live endpoint is scraped, of which the first test failed.
_BY_ENDPOINT = {
    'paceline_build_info{instance="laptop",version="0.1.0"}': 1,
    f'paceline_expected_cases{{{_RUN},instance="laptop"}}': 8,
    f'paceline_cases_total{{{_RUN},instance="laptop",test_type="unit",outcome="failed"}}': 1,
    f'paceline_run_progress_ratio{{{_RUN},instance="laptop"}}': 0.125,
}
# A hundred tests took 50 s in the last whole run.
_AS_BEFORE = {
    **_BY_EXPORTER,
    f'paceline_run_duration_seconds{{{_RUN},partial="false"}}': 50,
    f'paceline_run_cases{{{_RUN},partial="false",outcome="passed"}}': 100,
    f'paceline_run_cases{{{_RUN},partial="false",outcome="skipped"}}': 900,
    f'paceline_run_cases{{{_RUN},partial="true",outcome="passed"}}': 1,
}
_WELL = {name: value for name, value in _BY_EXPORTER.items() if "failed" not in name}
# Beside it a run of another suite; neither says of its own process whose it is.
_TWO_ENDPOINTS = {
    **_BY_ENDPOINT,
    'paceline_expected_cases{suite="other",branch="main",instance="desk"}': 8,
    'paceline_process_resident_memory_bytes{instance="laptop"}': 50,
    'paceline_process_resident_memory_bytes{instance="desk"}': 70,
    f'paceline_case_duration_seconds_bucket{{{_RUN},instance="laptop",test_type="unit",le="0.1"}}': 3,
    f'paceline_case_duration_seconds_bucket{{{_RUN},instance="laptop",test_type="unit",le="2.0"}}': 4,
    f'paceline_case_duration_seconds_count{{{_RUN},instance="laptop",test_type="unit"}}': 4,
    'paceline_budget_seconds{suite="shop",instance="laptop",test_type="unit"}': 0.1,
    # All within a budget that is a bound, and written otherwise.
    f'paceline_case_duration_seconds_bucket{{{_RUN},instance="laptop",test_type="integration",le="2.0"}}': 6,
    f'paceline_case_duration_seconds_bucket{{{_RUN},instance="laptop",test_type="integration",le="5.0"}}': 6,
    f'paceline_case_duration_seconds_count{{{_RUN},instance="laptop",test_type="integration"}}': 6,
    'paceline_budget_seconds{suite="shop",instance="laptop",test_type="integration"}': 2,
}
_PART_OF_TWO = {f'paceline_process_resident_memory_bytes{{{_RUN},instance="exporter",shard="1of2"}}': 30}
# One run that tells both.
_BOTH = {f'paceline_expected_cases{{{_RUN},instance="{instance}",shard=""}}': 5 for instance in ("exporter", "laptop")}
# The last of what the panel says: the share of the budget.
_RUNNING = {
    f'paceline_active_case_seconds{{{_RUN},test="a"}}': 3,
    f'paceline_active_case_seconds{{{_RUN},test="new"}}': 20,
    f'paceline_test_budget_seconds{{{_RUN},test="a"}}': 2,
}
# Seen by the exporter and by the live endpoint.
_LOADS = {
    f'paceline_active_load_{figure}{{{_RUN},instance="{instance}",test="a",load="cart"}}': value
    for instance in ("exporter", "laptop")
    for figure, value in (("requests_per_second", 40), ("latency_seconds", 0.2), ("failures", 3), ("users", 5))
}


def _course(value: float | str) -> str:
    """
    A value a minute: the same for a minute, or as it is written.
    """
    return value if isinstance(value, str) else f"{value} {value}"


def _check(folder: Path, series: Mapping[str, float | str], panel: str, *expected: float, at: str = "1m") -> str:
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": _course(value)} for name, value in series.items()],
        "promql_expr_test": [
            {
                "expr": f"sum({_EXPRESSIONS[panel]})",
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": value} for value in expected],
            }
        ],
    }
    path = folder / "live.test.yml"
    path.write_text(yaml.safe_dump({"tests": [test]}), "utf-8")
    command: list[str | Path] = [prometheus_folder() / "promtool", "test", "rules", path]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize(
    ("series", "panel", "expected"),
    [
        (_BY_EXPORTER, "Left to run", 20),
        (_AS_BEFORE, "Time left", 6),
        (_BY_EXPORTER, "Progress", 0.4),
        (_BY_EXPORTER, "Tests ended", 8),
        (_BY_EXPORTER, "Failed so far", 1),
        (_WELL, "Failed so far", 0),
        (_BY_ENDPOINT, "Left to run", 8),
        (_BY_ENDPOINT, "Progress", 0.125),
        (_BY_ENDPOINT, "Tests ended", 1),
        (_BY_ENDPOINT, "Failed so far", 1),
        (_TWO_ENDPOINTS, "Memory", 50),
        (_TWO_ENDPOINTS, "Over budget so far", 0.25),
        (_PART_OF_TWO, "Memory", 30),
        (_BOTH, "Left to run", 5),
        ({**_BY_EXPORTER, **_BY_ENDPOINT}, "Tests ended", 8),
        (_RUNNING, "Longest running", 1.5),
        (_LOADS, "Requests per second", 40),
        (_LOADS, "95% latency", 0.2),
        (_LOADS, "Failed requests so far", 3),
        (_LOADS, "Load users", 5),
    ],
)
def test_a_run_is_told_as_it_is(tmp_path: Path, series: Mapping[str, float], panel: str, expected: float) -> None:
    """
    Of parts that tell an exporter all count, once; of a live endpoint the first failure, too; earlier runs and those
    of other suites do not.
    """
    assert not _check(tmp_path, series, panel, expected)


def test_a_rate_ends_with_its_run(tmp_path: Path) -> None:
    """
    No line goes on from the last two scrapes of a run that is no longer there.
    """
    cpu = {f'paceline_process_cpu_seconds_total{{{_RUN},instance="exporter",shard=""}}': "0 60 180 stale"}

    assert not _check(tmp_path, cpu, "CPU", 2, at="2m")
    assert not _check(tmp_path, cpu, "CPU", at="3m")

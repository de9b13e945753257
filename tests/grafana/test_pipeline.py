"""
What the dashboard Pipeline says of runs that were taken in, in a Prometheus that has scraped an exporter.
"""

import subprocess
from pathlib import Path

import pytest
import yaml

from support.dashboards import boards, filled, queries
from support.installed import prometheus_folder

_EXPRESSION = next(
    filled(one.expr, {"__range": "10m"})
    for board in boards()
    for one in queries(board)
    if one.panel == "Runs accepted and runs in Prometheus" and "paceline_runs_total" in one.expr
)
_EXPORTER = 'job="paceline",instance="exporter"'
_RUNS = f'paceline_runs_total{{suite="shop",branch="main",{_EXPORTER},outcome='


@pytest.mark.parametrize(
    ("exposed", "passed", "failed", "expected"),
    [
        ("1x10", "_ _ 1 2 3 3 3 3 3 3 3", "_x10", 3),
        ("1x10", "_ _ 1 2 3 3 3 3 3 3 3", "_ _ _ _ _ 1 1 1 1 1 1", 4),
        ("1x10", "500x3 501x6", "_x10", 1),
        ("1x10", "500x10", "_ _ _ 1x7", 1),
        ("_x5 1x4", "_x5 500x2 502x2", "_x10", 2),
        ("1 1 _ _ 1x6", "7 8 _ _ 8x6", "_x10", 1),
    ],
)
def test_each_run_that_was_taken_in_counts(
    tmp_path: Path, exposed: str, passed: str, failed: str, expected: float
) -> None:
    """
    The first of a suite and of an outcome, too; what an exporter counted before it was scraped does not.
    """
    series = {
        f"paceline_exporter_exposed_runs{{{_EXPORTER}}}": exposed,
        f'{_RUNS}"passed"}}': passed,
        f'{_RUNS}"failed"}}': failed,
    }
    expectation = {
        "expr": _EXPRESSION,
        "eval_time": "9m",
        "exp_samples": [{"labels": '{suite="shop",branch="main"}', "value": expected}],
    }
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": [expectation]}
    path = tmp_path / "pipeline.test.yml"
    path.write_text(yaml.safe_dump({"tests": [test]}), "utf-8")
    command: list[str | Path] = [prometheus_folder() / "promtool", "test", "rules", path]

    assert not subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize(
    ("panel", "series", "expected"),
    [
        ("Messages not sent", {'prometheus_notifications_dropped_total{instance="p"}': "0 0 0 43x7"}, 43),
        ("Messages not sent", {'alertmanager_notifications_failed_total{instance="a"}': "_ _ 2x8"}, 2),
        ("Messages not sent", {'alertmanager_notifications_failed_total{instance="a"}': "0x10"}, 0),
        ("Series dropped", {'paceline_exporter_series_dropped_total{suite="shop"}': "_ _ _ 120x7"}, 120),
        ("Reports refused", {'paceline_exporter_reports_total{result="conflict"}': "_ _ _ 1 2x6"}, 2),
        ("Exposed runs and late runs", {'paceline_exporter_late_runs_total{suite="shop"}': "_ _ _ 3x7"}, 3),
    ],
)
def test_the_first_event_of_a_counter_counts(
    tmp_path: Path, panel: str, series: dict[str, str], expected: float
) -> None:
    """
    A counter that is there from its first event on has no increase by it.
    """
    counter = next(iter(series)).partition("{")[0]
    (expression,) = (
        filled(one.expr.replace("1h", "8m"), {"__range": "8m"})
        for board in boards()
        for one in queries(board)
        if one.panel == panel and counter in one.expr
    )
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    # At the ends, `increase` extrapolates.
    expectation = {
        "expr": f"round({expression})",
        "eval_time": "9m",
        "exp_samples": [{"labels": "{}", "value": expected}],
    }
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": [expectation]}
    path = tmp_path / "pipeline.test.yml"
    path.write_text(yaml.safe_dump({"tests": [test]}), "utf-8")
    command: list[str | Path] = [prometheus_folder() / "promtool", "test", "rules", path]

    assert not subprocess.run(command, capture_output=True, text=True, check=False).stderr

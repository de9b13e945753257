"""
What the dashboards say of alerts that Prometheus knows: marks on the time axis, and a table.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support.dashboards import boards, filled, queries
from support.installed import prometheus_folder

# As Grafana asks of two weeks; the alerts are those of a day.
_VALUES = {"suite": "shop", "branch": "main", "test": 'a["1"]', "__interval": "4h"}
_TABLE = [filled(one.expr, _VALUES) for board in boards() for one in queries(board) if one.panel == "Alerts"]
_MARKS = {
    board["uid"]: filled(mark["expr"], _VALUES)
    for board in boards()
    for mark in board["annotations"]["list"]
    if mark["name"] == "Alerts"
}


def _alert(test: str, began: int, fired: int, ended: int, severity: str = "warning") -> dict[str, str]:
    """
    The two series of an alert that was pending until it fired, all in minutes of a day; a sample a minute.
    """
    of_test = f',test="{test}"' if test else ""
    labels = f'alertname="PacelineTestSlower",severity="{severity}",suite="shop",branch="main"{of_test}'
    value = began * 60
    return {
        f"ALERTS_FOR_STATE{{{labels}}}": f"_x{began - 1} {value}x{ended - began} stale",
        f'ALERTS{{alertstate="firing",{labels}}}': f"_x{fired - 1} 1x{ended - fired} stale",
    }


# promtool has samples only as far as it was asked for, and a mark looks ahead.
_WHOLE_DAY = {"expr": "vector(1)", "eval_time": "24h", "exp_samples": [{"labels": "{}", "value": 1}]}
# Of the test, from 05:10 to 15:00; of another from 06:20 on; of the suite as a whole from 17:00 on.
_OWN = _alert(r"a[\"1\"]", 310, 320, 900)
_ANOTHERS = _alert("b", 380, 390, 1400)
_SUITES = _alert("", 1020, 1020, 1400)


@pytest.mark.parametrize(
    ("board", "hour", "began"),
    [
        ("paceline-suite", 0, None),
        # Within four hours two tests began; the first of them is the mark.
        ("paceline-suite", 4, 310),
        ("paceline-suite", 8, None),
        ("paceline-suite", 16, 1020),
        ("paceline-test", 4, 310),
        ("paceline-test", 16, 1020),
    ],
)
def test_an_alert_is_marked_when_it_began(tmp_path: Path, board: str, hour: int, began: int | None) -> None:
    """
    To the second, in ms, however far apart the points are at which Grafana asks; and once.
    """
    samples = [] if began is None else [_sample(began)]

    assert not _check(tmp_path, _MARKS[board], {**_OWN, **_ANOTHERS, **_SUITES}, hour, samples)


def test_a_test_has_no_marks_of_another(tmp_path: Path) -> None:
    """
    The suite has them.
    """
    assert not _check(tmp_path, _MARKS["paceline-test"], _ANOTHERS, 4, [])
    assert not _check(tmp_path, _MARKS["paceline-suite"], _ANOTHERS, 4, [_sample(380)])


def test_the_most_severe_alerts_come_first(tmp_path: Path) -> None:
    """
    However many there are: of sixty warnings and two that are critical, one of them about no test, both are shown.
    """
    warnings = {name: value for number in range(60) for name, value in _alert(f"w{number}", 10, 20, 100).items()}
    critical = {**_alert("c", 30, 40, 100, "critical"), **_alert("", 50, 60, 100, "critical")}
    ranks, ages = _TABLE
    found = [_row('test="c"', 3), _row("", 3)]

    assert not _check(tmp_path, f"({ranks}) == 3", warnings | critical, 1, found)
    assert not _check(tmp_path, f"count({ranks})", warnings | critical, 1, [{"labels": "{}", "value": 50}])
    assert not _check(tmp_path, f"({ages}) < 2000", warnings | critical, 1, [_row('test="c"', 1800), _row("", 600)])


def _row(test: str, value: float) -> dict[str, object]:
    return {"labels": f'{{alertname="PacelineTestSlower",{test}}}', "value": value}


def _sample(began: int) -> dict[str, object]:
    return {"labels": '{alertname="PacelineTestSlower",severity="warning"}', "value": 1000 * began * 60}


def _check(folder: Path, expr: str, series: Mapping[str, str], hour: int, samples: list[dict[str, object]]) -> str:
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            _WHOLE_DAY,
            {"expr": expr, "eval_time": f"{hour}h", "exp_samples": samples},
        ],
    }
    path = folder / "marks.test.yml"
    path.write_text(yaml.safe_dump({"tests": [test]}), "utf-8")
    command: list[str | Path] = [prometheus_folder() / "promtool", "test", "rules", path]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr

"""
Who is told of single tests where many are told of at once: a real Prometheus, Alertmanager and receiver of webhooks.
"""

import json
import time
from collections.abc import Collection
from pathlib import Path

import pytest
import requests

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.documents import encode_run
from paceline.model import Run
from support.local_stack import LocalStack, paceline, stack_in
from support.receiving import Receiving, receiving
from support.servers import prometheus_of
from support.values import make_case, make_run

_ALL = [f"test_{name}" for name in "abcdef"]
_FIRST, *_FIVE = _ALL
_BROKEN, _MANY = "PacelineBudgetBroken", "PacelineManyBudgetsBroken"
# Status, alert, test.
Told = tuple[str, str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """
    What is told of four runs: a test is over its budget, then it is good again and five others are over theirs, and in
    the last two all is well, but that one of the five is gone.
    """
    folder = tmp_path_factory.mktemp("part")
    with receiving(status=200) as hook, stack_in(folder, "--interval=1", f"--webhook={hook.url}") as stack:
        for number, (tests, slow, count) in enumerate(
            ((_ALL, {_FIRST}, 1), (_ALL, _FIVE, 3), (_ALL[:-1], (), 4), (_ALL[:-1], (), 4))
        ):
            _run(folder, stack, _run_of(number, tests, slow))
            _wait_for(hook, count)
        return [one for request in hook.requests for one in _told(request.body)]


def test_the_end_of_what_was_told_is_told_while_more_is_wrong(told: list[Told]) -> None:
    """
    Or its ticket would stay open for ever.
    """
    assert [status for status, alert, test in told if (alert, test) == (_BROKEN, _FIRST)] == ["firing", "resolved"]


def test_what_is_told_of_many_is_told_of_none_of_them(told: list[Told]) -> None:
    """
    Neither that it began nor that it is over.
    """
    assert [test for _, _, test in told if test in _FIVE] == []
    assert [status for status, alert, _ in told if alert == _MANY] == ["firing", "resolved"]


@pytest.mark.parametrize("age", [600.0, 3 * 86400.0])
def test_a_prometheus_that_was_away_tells_the_whole_and_no_part(tmp_path: Path, age: float) -> None:
    """
    From its first evaluation on, though no alert fires then yet: six tests of ten had been found to be slower.
    """
    found = time.time() - age
    where = 'suite="shop",branch="main"'
    figures = {
        f"suite:paceline_run_cases:sum{{{where}}}": 10,
        **{f'test:paceline_regression:seconds{{{where},test="{test}"}}': 0.5 for test in _ALL},
    }
    lines = [
        line
        for series, value in figures.items()
        for line in (f"# TYPE {series.partition('{')[0]} gauge\n", f"{series} {value} {found:.3f}\n")
    ]
    lines = [line for place, line in enumerate(lines) if line.startswith("s") or line not in lines[:place]]
    told: set[tuple[str, str, str]] = set()
    with prometheus_of([[*lines, "# EOF\n"]], tmp_path, rules=_rules(tmp_path)) as server:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            told |= {
                (alert["labels"]["alertname"], alert["labels"].get("test", ""), alert["labels"]["part_of"])
                for alert in requests.get(f"{server.url}/api/v1/alerts", timeout=30).json()["data"]["alerts"]
            }
            time.sleep(0.05)

    assert told == {
        ("PacelineManyTestsSlower", "", "none"),
        *(("PacelineTestSlower", test, "PacelineManyTestsSlower") for test in _ALL),
    }


def _rules(folder: Path) -> list[Path]:
    files = render(Options(interval_seconds=1))
    paths = []
    for name in ("prometheus/rules/regression.rules.yml", "alerts/regression.rules.yml"):
        path = folder / name.replace("/", "-")
        path.write_text(files[name], "utf-8")
        paths.append(path)
    return paths


def _run_of(number: int, tests: Collection[str], slow: Collection[str]) -> Run:
    cases = [make_case(name, seconds=0.15 if name in slow else 0.01, budget_seconds=0.1) for name in tests]
    return make_run(number, cases, ended=time.time())


def _run(folder: Path, stack: LocalStack, run: Run) -> None:
    """
    Send a run, and wait until the rules have judged it.
    """
    requests.post(
        f"{stack.url('exporter')}/api/v1/runs",
        data=encode_run(run),
        headers={"Content-Type": "application/json"},
        timeout=10,
    ).raise_for_status()
    paceline("gate", f"--prometheus={stack.url('prometheus')}", f"--run={run.run_id}", cwd=folder)


def _told(body: bytes) -> list[Told]:
    return [
        (alert["status"], alert["labels"]["alertname"], alert["labels"].get("test", ""))
        for alert in json.loads(body)["alerts"]
    ]


def _wait_for(hook: Receiving, count: int) -> None:
    end = time.monotonic() + 60
    while len(hook.requests) < count:
        assert time.monotonic() < end
        time.sleep(0.1)

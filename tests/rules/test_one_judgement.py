"""
The same runs judged in the terminal and by the rules in a real Prometheus.
"""

import time
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.model import Run
from paceline.verdict_kinds import VerdictKind
from support.case_histories import DIFFERENT, case_histories, suite_of_histories, suite_of_touched, suites_of_paces
from support.servers import prometheus_with

_KINDS = {
    "PacelineBudgetBroken": VerdictKind.BUDGET,
    "PacelineTestSlower": VerdictKind.REGRESSION,
    "PacelineTestDoesMore": VerdictKind.COUNT,
    "PacelineTestRepeatsQueries": VerdictKind.REPEATED_QUERIES,
    "PacelineMeasureBeyondLimit": VerdictKind.BUDGET,
    "PacelineMeasureWorse": VerdictKind.MEASURE,
    "PacelineLeakFound": VerdictKind.LEAK,
    "PacelineTestCreeps": VerdictKind.TREND,
    "PacelineTestKeepsMemory": VerdictKind.LEAK,
    "PacelineTestFlaky": VerdictKind.FLAKY,
    "PacelineTestBroken": VerdictKind.BROKEN,
}
Alerts = list[dict[str, str]]


@pytest.fixture(scope="module")
def suites() -> list[list[Run]]:
    """
    Runs of suites, the last one of each a moment ago and judged; the first suite has all histories.
    """
    ended = time.time() - 5
    return [suite_of_histories(ended), suite_of_touched(ended), *suites_of_paces(ended)]


@pytest.fixture(scope="module")
def alerts(suites: list[list[Run]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerts]:
    """
    What fires in a Prometheus that has the runs, those of the first suite on another branch as well.
    """
    folder = tmp_path_factory.mktemp("prometheus")
    runs = [run for suite in suites for run in suite]
    topics = [replace(run, branch="topic", run_id=f"topic-{run.run_id}") for run in suites[0]]
    for path, text in render(Options(interval_seconds=1)).items():
        if path.endswith(".rules.yml"):
            (folder / path.replace("/", "-")).write_text(text, "utf-8")
    with prometheus_with([*runs, *topics], folder, rules=sorted(folder.glob("*.rules.yml"))) as server:
        yield server.alerts()


def _there(alerts: Alerts, suite: str = "shop") -> set[tuple[str, VerdictKind]]:
    told = (one for one in alerts if one["alertname"] in _KINDS and one["suite"] == suite)
    return {(one["test"], _KINDS[one["alertname"]]) for one in told}


def _here(run: Run) -> set[tuple[str, VerdictKind]]:
    kinds = set(_KINDS.values())
    return {(verdict.case, verdict.kind) for verdict in run.verdicts if verdict.case and verdict.kind in kinds}


def test_verdicts_are_those_of_the_terminal(alerts: Alerts, suites: list[list[Run]]) -> None:
    """
    Budgets, regressions, counts, creeps, leaks, flaky and broken tests, test by test, but for what is told apart below.
    """
    here, there = (
        {found for found in judged if found[0] not in DIFFERENT} for judged in (_here(suites[0][-1]), _there(alerts))
    )

    assert there == here
    assert {kind for _, kind in here} == {*_KINDS.values()}
    assert sum(test.startswith("random") for test, _ in here) > len(case_histories()) / 20


def test_what_tests_touch_is_judged_alike(alerts: Alerts, suites: list[list[Run]]) -> None:
    """
    Counts of queries and requests that rose, also from runs in which there were none, limits, and repeated queries.
    """
    here = _here(suites[1][-1])

    assert _there(alerts, "touching") == here
    assert {kind for _, kind in here} == {VerdictKind.BUDGET, VerdictKind.COUNT, VerdictKind.REPEATED_QUERIES}
    assert {test for test, _ in here} == {
        "asks_a_database_now",
        "three_runs_and_asks_now",
        "asks_more_for_some_runs",
        "asks_more_than_its_limit",
        "began_to_ask_and_asks_more",
        "requests_more",
        "repeats_queries",
    }


@pytest.mark.parametrize("history", DIFFERENT)
def test_a_difference_is_a_known_one(alerts: Alerts, suites: list[list[Run]], history: str) -> None:
    """
    Each is explained in docs/explanation/one-judgement.md.
    """
    here, there = (
        {kind for test, kind in judged if test == history} for judged in (_here(suites[0][-1]), _there(alerts))
    )

    assert (here, there) == DIFFERENT[history]


def test_severity_is_that_of_the_terminal(alerts: Alerts, suites: list[list[Run]]) -> None:
    """
    A test that takes twice as long, or twice its budget, is critical in both places.
    """
    kinds = {VerdictKind.BUDGET, VerdictKind.REGRESSION}
    here = {
        (verdict.case, verdict.kind, verdict.severity.value)
        for verdict in (*suites[0][-1].verdicts, *suites[1][-1].verdicts)
        if verdict.kind in kinds and verdict.case not in DIFFERENT
    }
    there = {
        (one["test"], kind, one["severity"])
        for one in alerts
        if (kind := _KINDS.get(one["alertname"])) in kinds and one["test"] not in DIFFERENT
    }

    assert there == here


def test_a_suite_is_judged_alike(alerts: Alerts, suites: list[list[Run]]) -> None:
    """
    Where everything got slower that is told of the suite, unless it is the machine, or only a part of the suite ran.
    """
    here = {
        run.suite for *_, run in suites if any(verdict.kind is VerdictKind.SUITE_REGRESSION for verdict in run.verdicts)
    }

    assert {one["suite"] for one in alerts if one["alertname"] == "PacelineSuiteSlower"} == here == {"slow code"}


def test_only_branches_that_keep_their_name_alert(alerts: Alerts) -> None:
    """
    What is tried on a branch of its own is nobody's alarm.
    """
    assert {one["branch"] for one in alerts} == {"main"}

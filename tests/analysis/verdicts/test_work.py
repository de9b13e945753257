"""
Verdicts on calls.
"""

from typing import Any

import pytest

from paceline.analysis.confirmation import confirmed
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules, WorkRule
from paceline.analysis.past import Past
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.verdicts.work import WorkLevel, work_level
from paceline.model import Case, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from paceline.work import Work
from support.values import TEST, make_case, make_run


def _counted(calls: float, **changes: Any) -> Case:
    return make_case(usage={UsageKey.CALLS: calls, UsageKey.CALLS_FINGERPRINT: calls}, **changes)


def _judged(earlier: list[float], calls: float, **changes: object) -> Run:
    runs = [make_run(number, [_counted(one)], commit=f"c{number}") for number, one in enumerate(earlier)]
    run = make_run(len(runs), [_counted(calls)], work=Work(mode="all"), **changes)
    return judge(run, Past.from_runs(runs), Rules())


def _found(earlier: list[float], calls: float, **changes: object) -> list[Verdict]:
    kinds = {VerdictKind.WORK, VerdictKind.LESS_WORK}
    return [verdict for verdict in _judged(earlier, calls, **changes).verdicts if verdict.kind in kinds]


def test_more_calls_than_in_two_runs_that_agree_are_a_finding() -> None:
    """
    By more than a hundredth and more than a handful.
    """
    (verdict,) = _found([1000, 1000], 1100)

    assert verdict.kind is VerdictKind.WORK
    assert verdict.severity is Severity.WARNING
    assert (verdict.case, verdict.measured, verdict.limit, verdict.factor) == (TEST, 1100, 1000, 1.1)
    assert verdict.reason == "1,100 calls of the project's functions, was 1,000 in the last 2 runs that counted"


@pytest.mark.parametrize(
    ("earlier", "calls"),
    [
        ([], 1100),
        ([1000], 1100),
        ([1000, 1000], 1010),
        ([10, 10], 15),
        ([1000, 1300], 1100),
        ([1000, 1000, 1500], 1500),
        ([1000, 1000, 1500, 1000, 1000], 1500),
        ([1000, 1500, 1000, 1500, 1500, 1500], 2000),
        ([1000, 1000, 1500, 1500], 1500),
    ],
    ids=[
        "no past",
        "one run",
        "a hundredth",
        "a handful",
        "no two that agree",
        "as before, of few",
        "seen before",
        "varies",
        "usual by now",
    ],
)
def test_what_earlier_runs_do_not_rule_out_is_no_finding(earlier: list[float], calls: float) -> None:
    """
    A test whose calls vary is known by its own past.
    """
    assert [verdict for verdict in _found(earlier, calls) if not verdict.standing] == []


def test_one_run_of_the_base_commit_is_enough() -> None:
    """
    All that differs from that run is the change, unless its work tree was dirty or it is a run of another commit.
    """
    (verdict,) = _found([1000], 1100, base_commits=("c0",))
    dirty = make_run(0, [_counted(1000)], commit="c0", dirty=True)
    run = make_run(1, [_counted(1100)], base_commits=("c0",))

    assert (verdict.kind, verdict.limit, verdict.base_commit, verdict.standing) == (VerdictKind.WORK, 1000, "c0", False)
    assert verdict.reason == "1,100 calls of the project's functions, was 1,000 in the run of the base commit c0"
    assert _judged([1000], 1000, base_commits=("c0",)).work == Work(mode="all", compared=1)
    assert _found([1000], 1100, base_commits=("c7",)) == []
    assert judge(run, Past.from_runs([dirty]), Rules()).verdicts == ()


@pytest.mark.parametrize(
    ("earlier", "base", "limit"),
    [
        ([1000, 1000, 1500], "c2", 1500),
        ([1000, 1000, 1500], "c1", 1000),
        ([1000, 1500], "c1", None),
        ([1000, 2000, 2000, 1000], "c3", None),
        ([1000, 1000], "c1", 1000),
    ],
    ids=["the newest", "not the newest", "varies", "seen before", "two runs"],
)
def test_the_base_commit_counts_where_calls_do_not_vary(earlier: list[float], base: str, limit: float | None) -> None:
    """
    Two runs that agree are enough in any case.
    """
    found = _found(earlier, 2000, base_commits=(base,))

    assert [verdict.limit for verdict in found] == ([limit] if limit else [])


@pytest.mark.parametrize(
    ("again", "kind"), [(1100, VerdictKind.WORK), (1200, VerdictKind.UNCONFIRMED), (1000, VerdictKind.UNCONFIRMED)]
)
def test_a_finding_by_one_run_holds_where_the_repeat_calls_as_much(again: float, kind: VerdictKind) -> None:
    """
    Random calls are above the only known number as often as below, and seldom twice the same.
    """
    run = _judged([1000], 1100, base_commits=("c0",))
    (of_base,) = confirmed(run, Repeated(counted={TEST: _counted(again)})).verdicts
    (of_two,) = confirmed(_judged([1000, 1000], 1100), Repeated(counted={TEST: _counted(1200)})).verdicts

    assert of_base.kind is kind
    assert of_two.kind is VerdictKind.WORK


def test_fewer_calls_are_good_news() -> None:
    """
    They fail no run.
    """
    (verdict,) = _found([1000, 1000], 500)

    assert (verdict.kind, verdict.severity, verdict.factor) == (VerdictKind.LESS_WORK, Severity.INFO, 0.5)
    assert not verdict.kind.can_fail


def test_a_finding_of_the_last_run_stands() -> None:
    """
    Since the first run that had it, until it has lasted as long as the level before.
    """
    (verdict,) = _found([1000, 1000, 1000, 2000], 2000)

    assert verdict.standing
    assert verdict.since is not None
    assert verdict.since.run_id == "run-3"


def test_other_calls_of_the_same_commit_are_not_the_codes() -> None:
    """
    Neither more nor fewer.
    """
    assert _found([1000, 1000], 2000, commit="c0") == []
    assert _found([1000, 1000], 2000, commit="c0", dirty=True) != []


def test_calls_that_vary_are_judged_by_their_range() -> None:
    """
    From eight runs on, and by as much again as they vary.
    """
    earlier = [100.0, 120.0] * 4

    assert work_level(130, earlier, WorkRule()) == WorkLevel(80, 140, 8, 8, is_range=True)
    assert work_level(130, earlier[1:], WorkRule()) is None
    assert _found(earlier, 130) == []
    assert [verdict.limit for verdict in _found(earlier, 150)] == [140]


def test_a_run_says_how_many_tests_were_compared() -> None:
    """
    And how many vary.
    """
    judged = [_judged([1000, 1000], 1000), _judged([1000, 2000], 1000), _judged([], 1000)]

    assert [(run.work.compared, run.work.varying) for run in judged if run.work] == [(1, 0), (0, 1), (0, 0)]


def test_a_time_that_was_taken_while_counting_is_not_compared() -> None:
    """
    The test has no normalised time, breaks no budget, and leaves no time to later runs.
    """
    judged = _judged([1000] * 20, 1000)
    slow = judge(make_run(1, [_counted(1000, seconds=9.0, budget_seconds=0.1)]), Past(), Rules())

    assert judged.cases[0].normalized_duration_seconds is None
    assert slow.verdicts == ()
    kept = {measure for measure, column in Past.from_runs([slow]).columns.items() if list(column)}
    assert kept == {"outcome", "attempts", "calls", "calls_fingerprint"}

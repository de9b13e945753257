"""
Laws of judgement.
"""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import RegressionRule, Rules
from paceline.analysis.past import Past
from paceline.analysis.verdicts.regression import UsualDuration
from paceline.model import Case, Run, Verdict
from paceline.verdict_kinds import VerdictKind
from property.strategies import durations
from support.values import TEST, failed, make_case, make_run, past_of, runs_of

_RULES = Rules()
_LIMIT = RegressionRule().ratio
# Time in this run by the usual time: most as ever, some slower, none so near to a limit that a digit decides.
_ratios = st.sampled_from([0.7, 0.95, 1.0, 1.0, 1.05, 1.1, 1.5, 2.5, 6.0])
_suites = st.lists(st.tuples(st.floats(min_value=0.005, max_value=5), _ratios), min_size=20, max_size=30)
_few = st.lists(st.floats(min_value=0.05, max_value=5), min_size=2, max_size=7)


def _runs(suite: Sequence[tuple[float, float]], slowdown: float = 1.0) -> tuple[Run, Past]:
    usual = {f"test_{number}": [seconds] * 9 for number, (seconds, _) in enumerate(suite)}
    cases = [make_case(f"test_{number}", seconds * ratio * slowdown) for number, (seconds, ratio) in enumerate(suite)]
    return make_run(9, cases), Past.from_runs(runs_of(usual))


def _regressions(run: Run) -> dict[str | None, Verdict]:
    return {verdict.case: verdict for verdict in run.verdicts if verdict.kind is VerdictKind.REGRESSION}


@given(suite=_suites, slowdown=st.floats(min_value=0.1, max_value=20))
def test_the_speed_of_the_machine_changes_no_regression(suite: list[tuple[float, float]], slowdown: float) -> None:
    """
    A run in which all took the same number of times as long has the same regressions, with the same factors.
    """
    as_measured, slower = (_regressions(judge(*_runs(suite, factor), _RULES)) for factor in (1.0, slowdown))
    assume(all(abs(v.measured / v.limit - 1) > 1e-6 for v in as_measured.values() if v.measured and v.limit))

    assert slower.keys() == as_measured.keys()
    assert [v.factor for v in slower.values()] == pytest.approx([v.factor for v in as_measured.values()])


@given(seconds=_few, slowdown=st.floats(min_value=0.1, max_value=20))
def test_the_speed_of_the_machine_changes_no_regression_of_a_small_suite(
    seconds: list[float],
    slowdown: float,
) -> None:
    """
    From two tests on, of which one takes three times as long: it is found on a machine of any speed, and it alone.
    """
    suite = [(seconds[0], 3.0), *((usual, 1.0) for usual in seconds[1:])]

    assert list(_regressions(judge(*_runs(suite, slowdown), _RULES))) == ["test_0"]


@given(suite=_suites, factor=st.floats(min_value=0.2, max_value=20), place=st.integers(min_value=0, max_value=19))
def test_a_slower_test_changes_no_other(suite: list[tuple[float, float]], factor: float, place: int) -> None:
    """
    A test that takes so many times as long has so many times the normalised time: its own mark is left out.
    """
    seconds, ratio = suite[place]
    slowed = [*suite[:place], (seconds, ratio * factor), *suite[place + 1 :]]
    before, after = (judge(*_runs(one), _RULES).cases[place].normalized_duration_seconds for one in (suite, slowed))

    assert before is not None
    assert after == pytest.approx(before * factor)


@given(suite=_suites, slowdown=st.floats(min_value=0.1, max_value=20))
def test_the_slowdown_is_in_proportion(suite: list[tuple[float, float]], slowdown: float) -> None:
    """
    A machine twice as slow has twice the slowdown.
    """
    as_measured, slower = (judge(*_runs(suite, factor), _RULES).machine.slowdown_ratio for factor in (1.0, slowdown))

    assert as_measured is not None
    assert slower == pytest.approx(as_measured * slowdown)


_outcomes = st.builds(
    lambda name, seconds, budget, passed: (
        make_case(name, seconds, budget_seconds=budget) if passed else failed(name, seconds=seconds)
    ),
    name=st.sampled_from([f"test_{number}" for number in range(12)]),
    seconds=durations,
    budget=st.none() | durations,
    passed=st.booleans(),
)
_lists = st.lists(_outcomes, max_size=12, unique_by=lambda case: case.id)


@given(cases=_lists, past=st.lists(_lists, max_size=12), seed=st.randoms(use_true_random=False))
def test_the_order_of_tests_changes_no_verdict(cases: list[Case], past: list[list[Case]], seed: object) -> None:
    """
    Tests run in any order, or by any number of xdist's workers, get the same verdicts.
    """
    shuffled = list(cases)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    before = Past.from_runs([make_run(number, one) for number, one in enumerate(past)])
    verdicts = [judge(make_run(99, order), before, _RULES).verdicts for order in (cases, shuffled)]

    assert {repr(verdict) for verdict in verdicts[0]} == {repr(verdict) for verdict in verdicts[1]}


@given(cases=_lists, past=st.lists(_lists, max_size=12))
def test_judging_again_changes_nothing(cases: list[Case], past: list[list[Case]]) -> None:
    """
    judge(judge(run)) == judge(run): the verdicts of a run depend on what was measured alone.
    """
    before = Past.from_runs([make_run(number, one) for number, one in enumerate(past)])
    once = judge(make_run(99, cases), before, _RULES)

    assert judge(once, before, _RULES) == once


@given(cases=_lists, past=st.lists(_lists, max_size=7))
def test_without_history_there_is_no_regression_and_no_trend(cases: list[Case], past: list[list[Case]]) -> None:
    """
    Up to seven earlier runs are no history, whatever was in them.
    """
    before = Past.from_runs([make_run(number, one) for number, one in enumerate(past)])
    kinds = {verdict.kind for verdict in judge(make_run(99, cases), before, _RULES).verdicts}

    assert kinds <= {VerdictKind.BUDGET, VerdictKind.FLAKY, VerdictKind.BROKEN}


@given(
    usual=durations,
    jitter=st.lists(st.floats(min_value=0.98, max_value=1.02), min_size=12, max_size=30),
    spike=st.floats(min_value=2, max_value=1000),
    place=st.integers(min_value=0, max_value=11),
)
def test_one_spike_does_not_hide_a_regression(usual: float, jitter: list[float], spike: float, place: int) -> None:
    """
    In a steady history with one spike of any height in any place a test that takes twice its time is found.
    """
    values = [usual * factor for factor in jitter]
    values[place] *= spike
    run = judge(make_run(99, [make_case(seconds=usual * 2 + 0.01)]), past_of(values), _RULES)

    assert [verdict.kind for verdict in run.verdicts] == [VerdictKind.REGRESSION]


@given(values=st.lists(durations, min_size=8, max_size=30))
def test_a_time_that_was_usual_is_no_regression(values: Mapping[int, float]) -> None:
    """
    A test that took its median time again is not slower.
    """
    usual = UsualDuration.of(list(values)).median
    run = judge(make_run(99, [make_case(TEST, usual)]), past_of(list(values)), _RULES)

    assert _regressions(run) == {}

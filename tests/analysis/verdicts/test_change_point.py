"""
Since when a test is slower, and whether it stepped up.
"""

import random

import pytest

from paceline.analysis.judgement_rules import TrendRule
from paceline.analysis.verdicts.change_point import find_step, is_certain, judge_step, onset, since_run
from paceline.model import Severity, Since
from paceline.verdict_kinds import VerdictKind
from support.values import past_of

_RULE = TrendRule(floor_ms=5, ratio=1.2, min_runs=20)
_SINCE = Since(run_id="run-12", ended=1.0, commit="4f2c", runs_ago=8)


def _stepped(before: int, after: int, factor: float = 1.5, noise: float = 0.05) -> list[float]:
    chance = random.Random(before)
    levels = [0.1] * before + [0.1 * factor] * after
    return [level * chance.gauss(1, noise) for level in levels]


@pytest.mark.parametrize(
    ("seconds", "first"),
    [
        ([0.1, 0.1, 0.1, 0.1], 4),
        ([0.1, 0.1, 0.1, 0.3, 0.3], 3),
        ([0.1, 0.1, 0.1, 0.3, 0.1, 0.1], 6),
        ([0.1] * 7 + [0.3, 0.3, 0.1, 0.3, 0.3], 7),
        ([0.1, 0.3, 0.1, 0.3, 0.1, 0.3, 0.1], 7),
        ([0.1] * 13 + [0.2] * 9, 13),
        ([0.05] * 7 + [0.1] * 15, 22),
        ([], 0),
    ],
    ids=["new", "a step", "a spike", "a lucky run", "every other run", "worse again", "an old step", "nothing"],
)
def test_a_stretch_of_slow_runs_has_a_beginning(seconds: list[float], first: int) -> None:
    """
    A lucky run does not end it, a spike long ago and a step to what is usual are none, nor is every other run.
    """
    assert onset(seconds, 0.3, 0.1) == first


def test_a_noisy_stretch_begins_where_it_begins() -> None:
    """
    Slow runs vary by 10% too, and some are nearer to what is usual than to this one.
    """
    values = [*_stepped(25, 5, factor=2, noise=0.1)]

    assert onset(values, 0.25, 0.1) == 25


def test_the_first_slow_run_is_told() -> None:
    """
    With its commit, and how many runs of the test ago it was.
    """
    past = past_of([0.1, 0.3, 0.1, 0.2, 0.25], commit="4f2c")

    assert since_run(past.runs, 3) == Since(run_id="run-3", ended=1_700_010_800.0, commit="4f2c", runs_ago=2)


def test_a_regression_that_is_new_has_no_beginning_in_the_past() -> None:
    """
    The place behind the last earlier run is this run.
    """
    assert since_run(past_of([0.1, 0.1]).runs, 2) is None


@pytest.mark.parametrize(("before", "after"), [(5, 15), (12, 8), (15, 5), (10, 40), (40, 10)])
def test_a_step_is_found_where_it_is(before: int, after: int) -> None:
    """
    Half as long again, in noise of 5%, at any place that leaves five runs on each side.
    """
    values = _stepped(before, after)
    step = find_step(values)

    assert step is not None
    assert step.position == before
    assert (step.before, step.after) == pytest.approx((0.1, 0.15), rel=0.1)
    assert is_certain(values, step)


def test_spikes_do_not_move_a_step() -> None:
    """
    Three runs of a hundred times the time on the lower level are three ranks.
    """
    values = _stepped(20, 10)
    values[2] = values[9] = values[15] = 10.0
    step = find_step(values)

    assert step is not None
    assert step.position == 20


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_certain_step(seed: int) -> None:
    """
    Forty values of one level may be cut somewhere, and that proves nothing.
    """
    chance = random.Random(seed)
    values = [chance.gauss(0.1, 0.02) for _ in range(40)]
    step = find_step(values)

    assert step is not None
    assert not is_certain(values, step)


def test_few_runs_are_no_certain_step() -> None:
    """
    However clean it is: of five and five runs on two levels chance makes such a step too often.
    """
    values = [0.1] * 5 + [0.2] * 5
    step = find_step(values)

    assert step is not None
    assert not is_certain(values, step)


def test_nine_runs_are_no_two_levels() -> None:
    """
    Five on each side are the fewest.
    """
    steps = [find_step([0.1] * 4 + [0.2] * 5), find_step([0.1] * 5 + [0.2] * 5)]

    assert [step and step.position for step in steps] == [None, 5]


def test_a_step_is_told_with_both_levels() -> None:
    """
    What it took before and since, in how many runs, and since which run.
    """
    values = [0.1] * 12 + [0.15] * 9
    step = find_step(values)
    assert step is not None
    verdict = judge_step("test_a", values, step, _SINCE, _RULE)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.CHANGE_POINT, Severity.INFO, "test_a")
    assert (verdict.measured, verdict.limit, verdict.factor) == pytest.approx((0.15, 0.12, 1.5))
    assert verdict.since == _SINCE
    assert verdict.reason == "stepped up: 100 ms in 12 runs, then 150 ms in 9"


@pytest.mark.parametrize(
    ("low", "high"), [(0.1, 0.119), (0.001, 0.005), (0.1, 0.05)], ids=["ratio", "floor", "a step down"]
)
def test_a_small_step_is_not_told(low: float, high: float) -> None:
    """
    Neither is one of less than a fifth, one of less than 5 ms, nor one down.
    """
    values = [low] * 12 + [high] * 9
    step = find_step(values)
    assert step is not None

    assert judge_step("test_a", values, step, _SINCE, _RULE) is None


def test_a_step_from_nothing_has_no_factor() -> None:
    """
    What took no time rose by no number of times.
    """
    values = [0.0] * 12 + [0.15] * 9
    step = find_step(values)
    assert step is not None
    verdict = judge_step("test_a", values, step, _SINCE, _RULE)

    assert verdict is not None
    assert verdict.factor is None

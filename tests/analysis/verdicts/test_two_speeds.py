"""
Tests with two speeds.
"""

import random
from collections.abc import Sequence

import pytest

from paceline.analysis.judgement_rules import ModesRule
from paceline.analysis.verdicts.two_speeds import Modes, find_modes, judge_modes
from paceline.model import Severity
from paceline.verdict_kinds import VerdictKind

_RULE = ModesRule(floor_ms=5, ratio=1.5, share=0.2, min_runs=20)
# Seven quick runs and three slow ones, as chance might have it.
_PATTERN = "..S....SS."


def _times(pattern: str, quick: float = 0.012, slow: float = 0.045) -> list[float]:
    return [slow if letter == "S" else quick for letter in pattern]


def test_two_speeds_are_named_with_their_shares() -> None:
    """
    12 ms in seven runs of ten, 45 ms in three.
    """
    verdict = judge_modes("test_a", _times(_PATTERN * 3), _RULE)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.DURATION_FLAKY, Severity.INFO, "test_a")
    assert (verdict.measured, verdict.limit, verdict.factor) == pytest.approx((0.045, 0.018, 3.75))
    assert verdict.reason == "two speeds: 12 ms in 70% of runs, 45 ms in 30%"


def test_modes_know_how_slow_the_slow_one_gets() -> None:
    """
    What is within it is nothing new; one spike does not move it.
    """
    values = _times(_PATTERN * 3)
    steady = find_modes(values, _RULE)
    values[2] = 9.0

    assert steady == pytest.approx(Modes(0.012, 0.045, 0.3, 0.0495))
    assert find_modes(values, _RULE) == steady


def test_noise_in_both_modes_does_not_hide_them() -> None:
    """
    10% up and down in each.
    """
    chance = random.Random(5)

    assert find_modes([value * chance.uniform(0.9, 1.1) for value in _times(_PATTERN * 3)], _RULE) is not None


@pytest.mark.parametrize(
    ("pattern", "quick", "slow"),
    [
        (_PATTERN * 3, 0.012, 0.017),
        (_PATTERN * 3, 0.100, 0.140),
        ("..S....SS", 0.012, 0.045),
        ("........S." * 3, 0.012, 0.045),
        ("." * 20 + "S" * 10, 0.012, 0.045),
        ("." * 10 + "S" * 10 + "." * 10, 0.012, 0.045),
        (".S.SS..S.S" + "." * 20, 0.012, 0.045),
        (".S.S.S.SS." * 2 + "S" * 20, 0.012, 0.045),
    ],
    ids=["floor", "ratio", "few runs", "spikes", "a step", "up and down again", "mended", "slow for good"],
)
def test_other_series_have_one_speed(pattern: str, quick: float, slow: float) -> None:
    """
    Neither modes that are near to each other, nor rare spikes, nor levels that followed each other are two speeds.
    """
    assert find_modes(_times(pattern, quick, slow), _RULE) is None


def _lognormal(chance: random.Random) -> float:
    return 0.1 * chance.lognormvariate(0, 0.3)


def _uniform(chance: random.Random) -> float:
    return chance.uniform(0.05, 0.15)


@pytest.mark.parametrize("draw", [_lognormal, _uniform])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_spread_is_one_speed(draw: object, seed: int) -> None:
    """
    Times that vary much have no gap in the middle.
    """
    chance = random.Random(seed)
    values: Sequence[float] = [draw(chance) for _ in range(40)]  # type: ignore[operator]

    assert find_modes(values, _RULE) is None


def test_modes_from_nothing_have_no_factor() -> None:
    """
    A quick mode of no time is no number of times quicker.
    """
    verdict = judge_modes("test_a", _times(_PATTERN * 2, 0.0, 0.045), _RULE)

    assert verdict is not None
    assert verdict.factor is None

"""
Laws of the estimators.
"""

import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.analysis.estimators import quantile, slope, spread, theil_sen, wilson

_values = st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=40).map(sorted)
_shares = st.floats(min_value=0, max_value=1)
_steps = st.floats(min_value=-100, max_value=100)


@given(values=_values, q=_shares)
def test_a_quantile_is_between_the_lowest_and_the_highest(values: Sequence[float], q: float) -> None:
    """
    No quantile is outside of the values, but for the last digit of a float.
    """
    found = quantile(values, q)

    assert found >= values[0] or found == pytest.approx(values[0])
    assert found <= values[-1] or found == pytest.approx(values[-1])


@given(values=_values.filter(lambda values: len(values) >= 2), parts=st.integers(min_value=2, max_value=100))
def test_quantiles_are_those_of_the_standard_library(values: Sequence[float], parts: int) -> None:
    """
    Equal to statistics.quantiles(method="inclusive"), the interpolation that PromQL has too.
    """
    found = [quantile(values, part / parts) for part in range(1, parts)]

    assert found == pytest.approx(statistics.quantiles(values, n=parts, method="inclusive"), abs=1e-6)


@given(values=_values, one=_shares, other=_shares)
def test_a_higher_quantile_is_not_lower(values: Sequence[float], one: float, other: float) -> None:
    """
    Quantiles rise with q.
    """
    low, high = (quantile(values, q) for q in sorted((one, other)))

    assert low <= high or low == pytest.approx(high)


@given(values=_values, shift=st.floats(min_value=-1e3, max_value=1e3), factor=st.floats(min_value=0.01, max_value=100))
def test_the_spread_knows_no_place_and_scales(values: Sequence[float], shift: float, factor: float) -> None:
    """
    Values moved have the same spread, values multiplied a multiplied one, and equal values none.
    """
    moved = [value * factor + shift for value in values]

    assert spread(moved) == pytest.approx(spread(values) * factor, rel=1e-6, abs=1e-6)
    assert spread([shift] * len(values)) == pytest.approx(0, abs=1e-9)


@given(start=_steps, step=_steps, length=st.integers(min_value=2, max_value=60))
def test_the_slope_of_a_straight_line_is_its_slope(start: float, step: float, length: int) -> None:
    """
    Both estimators find it, and the interval is that one point.
    """
    line = [start + step * position for position in range(length)]

    assert theil_sen(line) == pytest.approx((step, step, step), abs=1e-9)
    assert slope(line) == pytest.approx(step, abs=1e-9)


@given(values=st.lists(_steps, min_size=2, max_size=40))
def test_the_slope_turns_with_time(values: list[float]) -> None:
    """
    The same series backwards falls as it rose, and so does its interval, which holds the estimate.
    """
    forwards, backwards = theil_sen(values), theil_sen(values[::-1])

    assert backwards == pytest.approx((-forwards.estimate, -forwards.high, -forwards.low), abs=1e-9)
    assert forwards.low <= forwards.estimate <= forwards.high


@given(successes=st.integers(0, 500), failures=st.integers(0, 500))
def test_a_rate_is_within_its_interval(successes: int, failures: int) -> None:
    """
    The interval holds the rate, and stays within 0 and 1.
    """
    rate = wilson(successes, successes + failures or 1)

    assert 0 <= rate.low <= rate.estimate + 1e-12
    assert rate.estimate - 1e-12 <= rate.high <= 1


@given(successes=st.integers(0, 200), failures=st.integers(0, 200), more=st.integers(2, 20))
def test_more_trials_make_a_narrower_interval(successes: int, failures: int, more: int) -> None:
    """
    The same rate of more trials is known better.
    """
    trials = successes + failures or 1
    few, many = wilson(successes, trials), wilson(successes * more, trials * more)

    assert many.high - many.low < few.high - few.low

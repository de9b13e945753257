"""
Two samples of times compared.
"""

import pytest

from paceline.analysis.compare.shift import (
    Shift,
    dominance,
    independent_shift,
    paired_dominance,
    paired_shift,
    q_values,
)


def _figures(shift: Shift) -> tuple[float | None, ...]:
    return shift.ratio, shift.low, shift.high, shift.p_value


def test_a_paired_shift_is_students() -> None:
    """
    The interval and the p-value of four rounds are those of a t-test of the logarithms (scipy.stats.ttest_rel).
    """
    found = paired_shift([0.010, 0.011, 0.010, 0.012], [0.021, 0.021, 0.022, 0.024])

    assert _figures(found) == pytest.approx((2.0493902, 1.8591292, 2.2591222, 0.00017019177))


def test_an_independent_shift_is_welchs_with_whole_degrees_of_freedom() -> None:
    """
    With 4 for 4.79 degrees the interval is a little wider than scipy's (0.4488 to 0.5667, ttest_ind).
    """
    found = independent_shift([0.020, 0.022, 0.021, 0.019], [0.010, 0.011, 0.010])

    assert _figures(found) == pytest.approx((0.50430256, 0.44535410, 0.57105361, 0.00010670764))


def test_a_spike_in_each_sample_is_trimmed() -> None:
    """
    Of ten runs the fastest and the slowest do not count.
    """
    before = [0.0100, 0.0101, 0.0102, 0.0099, 0.0100, 0.0101, 0.0099, 0.0100, 0.0101, 0.5]
    found = independent_shift(before, [value * 1.1 for value in before])

    assert found.ratio == pytest.approx(1.1)
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_one_run_on_each_side_is_only_a_ratio() -> None:
    """
    A single run has no variance.
    """
    paired, independent = paired_shift([1.0], [2.0]), independent_shift([1.0], [2.0])

    assert (paired.low, paired.high, paired.p_value) == (None, None, None)
    assert paired == independent
    assert paired.ratio == pytest.approx(2.0)


def test_one_run_against_many_varies_as_they_do() -> None:
    """
    A run within what the others did is no change, and one far outside is one.
    """
    usual = [0.010, 0.011, 0.010, 0.009, 0.010, 0.011]
    within, outside = independent_shift(usual, [0.0105]), independent_shift(usual, [0.02])

    assert within.p_value is not None
    assert within.p_value > 0.5
    assert outside.p_value is not None
    assert outside.p_value < 0.001


def test_times_without_noise_are_certain() -> None:
    """
    The interval is one point; the p-value of a change is 0, and that of no change is 1.
    """
    assert _figures(paired_shift([0.01] * 3, [0.02] * 3)) == pytest.approx((2, 2, 2, 0))
    assert _figures(independent_shift([0.01] * 3, [0.01] * 3)) == pytest.approx((1, 1, 1, 1))


def test_the_effect_size_is_how_often_one_is_slower() -> None:
    """
    Among all pairs, or within rounds; an equal pair counts for neither.
    """
    assert dominance([1, 2, 3], [2, 3, 4]) == pytest.approx((6 - 1) / 9)
    assert paired_dominance([1, 2, 3], [2, 2, 1]) == 0


def test_p_values_are_corrected_for_many_tests() -> None:
    """
    The figures of Benjamini and Hochberg, in the order of the tests.
    """
    assert q_values([0.04, 0.01, 0.03, 0.5]) == pytest.approx([0.16 / 3, 0.04, 0.16 / 3, 0.5])
    assert q_values([]) == []

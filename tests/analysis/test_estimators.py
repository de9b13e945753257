"""
The estimators, at figures known from elsewhere.
"""

import pytest

from paceline.analysis.estimators import quantile, slope, spread, theil_sen, wilson


@pytest.mark.parametrize(("q", "value"), [(0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.75, 3.25), (0.95, 3.85), (1, 4.0)])
def test_quantiles_lie_between_closest_ranks(q: float, value: float) -> None:
    """
    Of 1, 2, 3, 4 the 0.95-quantile is 3.85, as PromQL and numpy have it.
    """
    assert quantile([1.0, 2.0, 3.0, 4.0], q) == pytest.approx(value)


def test_every_quantile_of_one_value_is_that_value() -> None:
    """
    A series of one run has a median and a p99 too.
    """
    assert [quantile([7.0], q) for q in (0, 0.5, 0.99, 1)] == [7.0, 7.0, 7.0, 7.0]


def test_the_spread_is_a_standard_deviation_of_normal_values() -> None:
    """
    The quartiles of a normal distribution are 1.349 standard deviations apart.
    """
    values = [100 - 0.6745, 100 - 0.6745, 100, 100 + 0.6745, 100 + 0.6745]

    assert spread(values) == pytest.approx(1.0, rel=1e-3)


def test_outliers_do_not_move_the_spread() -> None:
    """
    Three spikes in twenty values leave it as it was, where a standard deviation would explode.
    """
    calm = sorted([10.0, 11.0] * 10)
    spiked = sorted([10.0, 11.0] * 10 + [500.0, 600.0, 700.0])

    assert spread(calm) == spread(spiked) == pytest.approx(1 / 1.349)


def test_the_slope_of_few_values_is_flat() -> None:
    """
    Nothing and one value have no slope; two have their difference.
    """
    assert [slope([]), slope([5.0]), slope([5.0, 8.0])] == [0.0, 0.0, 3.0]


def test_the_slope_ignores_spikes() -> None:
    """
    A line that rises by 2 a step does so with a spike in it.
    """
    line = [2.0 * step for step in range(21)]
    line[3], line[17] = 900.0, -900.0

    assert slope(line) == 2.0
    assert theil_sen(line).estimate == 2.0


def test_the_quick_slope_is_that_of_values_half_a_series_apart() -> None:
    """
    Theil's abbreviated estimator: a step in the middle is seen whole by each pair.
    """
    assert slope([0.0, 0.0, 0.0, 6.0, 6.0, 6.0]) == 2.0
    assert slope([0.0, 0.0, 0.0, 3.0, 6.0, 6.0, 6.0]) == 1.5


def test_a_longer_series_has_sens_interval() -> None:
    """
    Twelve noisy values have the slope and the interval that scipy.stats.theilslopes finds.
    """
    fitted = theil_sen([5.0, 7.1, 6.2, 9.4, 8.8, 12.3, 9.9, 11.7, 14.2, 12.8, 13.1, 16.6])

    assert fitted == pytest.approx((0.9125, 0.6, 1.1556), abs=1e-4)


def test_a_slope_has_sens_interval() -> None:
    """
    The doubling series has the slope and the interval that scipy.stats.theilslopes finds.
    """
    fitted = theil_sen([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])

    assert fitted == pytest.approx((4.6667, 1.5, 12.0), abs=1e-4)


def test_noise_has_a_slope_that_may_be_zero() -> None:
    """
    The interval of a series that goes up and down holds 0.
    """
    fitted = theil_sen([5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0])

    assert fitted.low <= 0 <= fitted.high


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (20, 40, 0.3520, 0.6480)],
)
def test_rates_have_wilsons_interval(successes: int, trials: int, low: float, high: float) -> None:
    """
    None of ten is 0% to 28%, and half of forty 35% to 65%.
    """
    rate = wilson(successes, trials)

    assert rate.estimate == successes / trials
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-4)

"""
The few robust estimators that judgement is made of.
"""

from collections.abc import Sequence
from math import sqrt
from operator import sub
from statistics import median
from typing import NamedTuple

# 1.349 is the distance between the quartiles of a normal distribution with standard deviation 1.
_QUARTILES_OF_NORMAL = 1.349
_Z_95 = 1.959964


class Interval(NamedTuple):
    """
    An estimate with its 95% confidence interval.
    """

    estimate: float
    low: float
    high: float


def quantile(ordered: Sequence[float], q: float) -> float:
    """
    The q-quantile by linear interpolation between closest ranks, as PromQL's `quantile_over_time` has it.

    Args:
        ordered: values in ascending order, at least one.
        q: from 0 to 1.
    """
    rank = q * (len(ordered) - 1)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    weight = rank - below
    return ordered[below] * (1 - weight) + ordered[above] * weight


def spread(ordered: Sequence[float]) -> float:
    """
    A standard deviation that outliers cannot move: the distance between the quartiles divided by 1.349.
    """
    return (quantile(ordered, 0.75) - quantile(ordered, 0.25)) / _QUARTILES_OF_NORMAL


def slope(values: Sequence[float]) -> float:
    """
    The slope per step, robust and in linear time.

    Theil's abbreviated estimator: the median of the slopes between values half a series apart
    (Theil, H. (1950), "A rank-invariant method of linear and polynomial regression analysis").
    """
    half = (len(values) + 1) // 2
    if len(values) <= 1:
        return 0.0
    steps = sorted(map(sub, values[half:], values))
    return float(steps[(len(steps) - 1) // 2] + steps[len(steps) // 2]) / 2 / half


def theil_sen(values: Sequence[float]) -> Interval:
    """
    The Theil-Sen slope per step with its 95% interval by Kendall's variance, in quadratic time.

    Sen, P. K. (1968), "Estimates of the regression coefficient based on Kendall's tau".

    Args:
        values: at least two, in order of time.
    """
    n = len(values)
    slopes = sorted((values[j] - values[i]) / (j - i) for i in range(n) for j in range(i + 1, n))
    reach = _Z_95 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return Interval(median(slopes), slopes[low], slopes[high])


def wilson(successes: int, trials: int) -> Interval:
    """
    A rate with its 95% interval.

    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference".

    Args:
        successes: from 0 to `trials`.
        trials: at least 1.
    """
    rate = successes / trials
    z2 = _Z_95**2
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = _Z_95 * sqrt(rate * (1 - rate) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return Interval(rate, max(centre - reach, 0.0), min(centre + reach, 1.0))

"""
The ratio of two samples of times, with its 95% interval and its p-value.

Times are skewed and have spikes, so the logarithm is taken and a tenth is trimmed from each end: what is left is
close to normal, and Student's t holds from two runs on. A signed-rank test needs six rounds for a 95% interval, and
its p-value of ten rounds is never below 1/512: the correction for many tests would hide one slow test among fifty.

Yuen, K. K. (1974), "The two-sample trimmed t for unequal population variances", Biometrika 61, 165-170; for one
sample Tukey, J. W. and McLaughlin, D. H. (1963), Sankhya A 25, 331-352.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import atan, cos, exp, fsum, log, pi, sin, sqrt, tan
from typing import NamedTuple

from msgspec import Struct

_TRIMMED = 10  # one in so many, from each end
_SIGNIFICANCE = 0.05
_ROUNDING = 1e-9
_HALVINGS = 60


class Shift(Struct, frozen=True):
    """
    How many times as long, with the 95% interval.

    `p_value` is the probability of a ratio at least as far from 1 where the true ratio is within the minimum effect.
    Interval and p-value are None for a single run on each side, which has no variance.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


class _Centre(NamedTuple):
    """
    A trimmed mean, its squared standard error, and the degrees of freedom of that.
    """

    mean: float
    variance: float
    freedom: int


def paired_shift(before: Sequence[float], after: Sequence[float], minimum_effect: float = 1.0) -> Shift:
    """
    The shift between the two times of each round.

    Args:
        before: positive seconds, one a round, at least one.
        after: as many, of the same rounds.
        minimum_effect: the factor up to which a shift does not matter, in either direction.
    """
    steps = [log(later / earlier) for earlier, later in zip(before, after, strict=True)]
    centre = _centre(steps)
    return _shift(centre, minimum_effect)


def independent_shift(before: Sequence[float], after: Sequence[float], minimum_effect: float = 1.0) -> Shift:
    """
    The shift between two sets of runs that have nothing to do with each other; their order does not matter.

    A single run on one side is taken to vary as the runs on the other do.

    Args:
        before: positive seconds, at least one.
        after: positive seconds, at least one.
        minimum_effect: the factor up to which a shift does not matter, in either direction.
    """
    first, second = [log(value) for value in before], [log(value) for value in after]
    if min(len(first), len(second)) == 1:
        return _shift_of_one(first, second, minimum_effect)
    one, other = _centre(first), _centre(second)
    variance = one.variance + other.variance
    parts = sum(centre.variance**2 / centre.freedom for centre in (one, other))
    # Welch's degrees of freedom, rounded down: a wider interval, never a narrower one.
    freedom = max(int(variance**2 / parts + _ROUNDING), 1) if parts > 0 else one.freedom + other.freedom
    return _shift(_Centre(other.mean - one.mean, variance, freedom), minimum_effect)


def dominance(before: Sequence[float], after: Sequence[float]) -> float:
    """
    The effect size: how much more often a run after is slower than a run before than faster, from -1 to 1.

    Cliff, N. (1993), "Dominance statistics: ordinal analyses to answer ordinal questions".
    """
    return _balance([(later > earlier) - (later < earlier) for earlier, later in product(before, after)])


def paired_dominance(before: Sequence[float], after: Sequence[float]) -> float:
    """
    The same within rounds: the share of rounds that are slower after, less the share that are faster.
    """
    return _balance([(later > earlier) - (later < earlier) for earlier, later in zip(before, after, strict=True)])


def q_values(p_values: Sequence[float]) -> list[float]:
    """
    The p-values corrected for the number of tests: the q-value of a test is the expected share of false positives
    among all tests whose p-value is at most its own.

    Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate".
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    corrected, lowest = [1.0] * len(p_values), 1.0
    for place, position in enumerate(order):
        lowest = min(lowest, p_values[position] * len(p_values) / (len(p_values) - place))
        corrected[position] = lowest
    return corrected


def _balance(signs: Sequence[int]) -> float:
    return sum(signs) / len(signs)


def _shift_of_one(first: Sequence[float], second: Sequence[float], minimum_effect: float) -> Shift:
    many = first if len(first) > 1 else second
    means = fsum(first) / len(first), fsum(second) / len(second)
    if len(many) == 1:
        return Shift(exp(means[1] - means[0]))
    # Untrimmed: the single run may be one of the spikes.
    middle = fsum(many) / len(many)
    spread = fsum((value - middle) ** 2 for value in many) / (len(many) - 1)
    return _shift(_Centre(means[1] - means[0], spread * (1 + 1 / len(many)), len(many) - 1), minimum_effect)


def _shift(centre: _Centre, minimum_effect: float) -> Shift:
    if centre.freedom < 1:
        return Shift(exp(centre.mean))
    error = sqrt(centre.variance)
    reach = _student_95(centre.freedom) * error
    # A minimum-effect test (Murphy, K. R. and Myors, B. (1999), J. Applied Psychology 84, 234-248): with little
    # noise, a significant shift may still be too small to matter, such as that of another place in memory.
    beyond = max(abs(centre.mean) - log(minimum_effect), 0.0)
    p_value = _two_sided_p_value(beyond / error, centre.freedom) if error > 0 else float(beyond == 0)
    return Shift(exp(centre.mean), exp(centre.mean - reach), exp(centre.mean + reach), p_value)


def _centre(values: Sequence[float]) -> _Centre:
    ordered = sorted(values)
    trimmed = len(ordered) // _TRIMMED
    kept = ordered[trimmed : len(ordered) - trimmed]
    mean = fsum(kept) / len(kept)
    winsorized = [*[kept[0]] * trimmed, *kept, *[kept[-1]] * trimmed]
    middle = fsum(winsorized) / len(winsorized)
    squares = fsum((value - middle) ** 2 for value in winsorized)
    freedom = len(kept) - 1
    return _Centre(mean, squares / (len(kept) * freedom) if freedom else 0.0, freedom)


def _two_sided_p_value(t: float, freedom: int) -> float:
    """
    The probability of a larger |t|; Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(freedom))
    is_odd = freedom % 2
    term, total = (cos(angle), 0.0) if is_odd else (1.0, 0.0)
    for power in range(1 + is_odd, freedom, 2):
        total += term
        term *= cos(angle) ** 2 * power / (power + 1)
    inside = 2 / pi * (angle + sin(angle) * total) if is_odd else sin(angle) * total
    return min(max(1.0 - inside, 0.0), 1.0)


@lru_cache
def _student_95(freedom: int) -> float:
    low, high = 0.0, pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_below = _two_sided_p_value(tan(middle) * sqrt(freedom), freedom) > _SIGNIFICANCE
        low, high = (middle, high) if is_below else (low, middle)
    return tan(high) * sqrt(freedom)

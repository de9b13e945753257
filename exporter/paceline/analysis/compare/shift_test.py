"""
How many times as long: two samples of times compared, with an interval and the odds of chance.

Times are skewed and have spikes, so the logarithm is taken and a tenth is trimmed from each end: what is left is
close to normal, and Student's t holds from two runs on. A signed-rank test needs six rounds for 95%, and with ten its
odds are never below 1 in 512, so that one slow test among fifty would be lost in the correction for many.

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
_ODDS_95 = 0.05
_ROUNDING = 1e-9
_HALVINGS = 60


class Shift(Struct, frozen=True):
    """
    How many times as long, with the 95% interval; `odds` is how probable it is that chance makes a trifle look so.

    Interval and odds are None where a single run on each side tells nothing of chance.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    odds: float | None = None


class _Centre(NamedTuple):
    """
    A trimmed mean, its squared standard error, and the degrees of freedom of that.
    """

    mean: float
    variance: float
    freedom: int


def paired_shift(before: Sequence[float], after: Sequence[float], trifle: float = 1.0) -> Shift:
    """
    The shift between the two times of each round.

    Args:
        before: positive seconds, one a round, at least one.
        after: as many, of the same rounds.
        trifle: a factor up to which a shift does not matter, whichever way.
    """
    steps = [log(later / earlier) for earlier, later in zip(before, after, strict=True)]
    centre = _centre(steps)
    return _shift(centre, trifle)


def independent_shift(before: Sequence[float], after: Sequence[float], trifle: float = 1.0) -> Shift:
    """
    The shift between two sets of runs that have nothing to do with each other; their order does not matter.

    A single run on one side is taken to vary as the runs on the other do.

    Args:
        before: positive seconds, at least one.
        after: positive seconds, at least one.
        trifle: a factor up to which a shift does not matter, whichever way.
    """
    first, second = [log(value) for value in before], [log(value) for value in after]
    if min(len(first), len(second)) == 1:
        return _shift_of_one(first, second, trifle)
    one, other = _centre(first), _centre(second)
    variance = one.variance + other.variance
    parts = sum(centre.variance**2 / centre.freedom for centre in (one, other))
    # Welch's degrees of freedom, rounded down: a wider interval, never a narrower one.
    freedom = max(int(variance**2 / parts + _ROUNDING), 1) if parts > 0 else one.freedom + other.freedom
    return _shift(_Centre(other.mean - one.mean, variance, freedom), trifle)


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


def false_discovery_rates(odds: Sequence[float]) -> list[float]:
    """
    The odds of each test corrected for the number of tests: the share of false findings among all that are at least
    as certain.

    Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate".
    """
    order = sorted(range(len(odds)), key=odds.__getitem__, reverse=True)
    rates, lowest = [1.0] * len(odds), 1.0
    for place, position in enumerate(order):
        lowest = min(lowest, odds[position] * len(odds) / (len(odds) - place))
        rates[position] = lowest
    return rates


def _balance(signs: Sequence[int]) -> float:
    return sum(signs) / len(signs)


def _shift_of_one(first: Sequence[float], second: Sequence[float], trifle: float) -> Shift:
    many = first if len(first) > 1 else second
    means = fsum(first) / len(first), fsum(second) / len(second)
    if len(many) == 1:
        return Shift(exp(means[1] - means[0]))
    # Untrimmed: the single run may be one of the spikes.
    middle = fsum(many) / len(many)
    spread = fsum((value - middle) ** 2 for value in many) / (len(many) - 1)
    return _shift(_Centre(means[1] - means[0], spread * (1 + 1 / len(many)), len(many) - 1), trifle)


def _shift(centre: _Centre, trifle: float) -> Shift:
    if centre.freedom < 1:
        return Shift(exp(centre.mean))
    error = sqrt(centre.variance)
    reach = _student_95(centre.freedom) * error
    # A minimum-effect test (Murphy, K. R. and Myors, B. (1999), J. Applied Psychology 84, 234-248): with little
    # noise, what is certain may still be a trifle, such as another place in memory.
    beyond = max(abs(centre.mean) - log(trifle), 0.0)
    odds = _student_odds(beyond / error, centre.freedom) if error > 0 else float(beyond == 0)
    return Shift(exp(centre.mean), exp(centre.mean - reach), exp(centre.mean + reach), odds)


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


def _student_odds(t: float, freedom: int) -> float:
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
        is_below = _student_odds(tan(middle) * sqrt(freedom), freedom) > _ODDS_95
        low, high = (middle, high) if is_below else (low, middle)
    return tan(high) * sqrt(freedom)

"""
How others tell a slower benchmark, re-implemented from what they publish, on the times as measured.

Each is asked the same: given earlier runs of one test and the latest, is the latest slower? Detectors of change
points need more than one run of the new level, and are given as many as `runs_needed`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log, sqrt
from statistics import NormalDist, fmean, median, stdev

from paceline.analysis.estimators import quantile

# Earlier times and the new ones, oldest first.
Detector = Callable[[Sequence[float], Sequence[float]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """
    A detector, and how many runs of the new level it needs.
    """

    is_slower: Detector
    runs_needed: int = 1


def exceeds_previous(ratio: float) -> Detector:
    """
    pytest-benchmark's `--benchmark-compare-fail=mean:10%` and github-action-benchmark's `alert-threshold`: the
    latest run against the one before.
    """
    return lambda before, after: after[-1] > ratio * before[-1]


def exceeds_t_quantile(probability: float) -> Detector:
    """
    Bencher's `t_test`: above the quantile of Student's t with the mean and deviation of the past.
    """

    def is_slower(before: Sequence[float], after: Sequence[float]) -> bool:
        limit = fmean(before) + student_t(probability, len(before) - 1) * stdev(before)
        return after[-1] > limit

    return is_slower


def exceeds_quartile(multiple: float) -> Detector:
    """
    Bencher's `iqr`: above the third quartile by a multiple of the distance between the quartiles.
    """

    def is_slower(before: Sequence[float], after: Sequence[float]) -> bool:
        ordered = sorted(before)
        low, high = quantile(ordered, 0.25), quantile(ordered, 0.75)
        return after[-1] > high + multiple * (high - low)

    return is_slower


def steps_up(threshold: float) -> Detector:
    """
    Step detection of asv: a second level is worth it where it lowers the sum of deviations from the medians by more
    than an information criterion asks, 4 ln(n) / n in its logarithm (`step_detect.solve_potts_autogamma`); a
    regression is a step up by more than 5% that lasted for two runs.
    """

    def is_slower(before: Sequence[float], after: Sequence[float]) -> bool:
        whole = [*before, *after]
        split = _deviation(before) + _deviation(after)
        one_level = _deviation(whole)
        penalty = 4 * log(len(whole)) / len(whole)
        is_step = one_level > 0 and (split == 0 or log(split) + penalty < log(one_level))
        return is_step and median(after) > (1 + threshold) * median(before)

    return is_slower


def changes_point(p_value: float, threshold: float) -> Detector:
    """
    Apache Otava (Hunter): the split that divides best, where Student's t-test of both sides is significant
    (p < 0.001) and their means differ by more than 5%. Fleming et al. (2023), "Hunter: Using Change Point Detection
    to Hunt for Performance Regressions". Found is what begins within three runs of the truth.
    """

    def is_slower(before: Sequence[float], after: Sequence[float]) -> bool:
        values = [*before, *after]
        place, statistic = _best_split(values)
        is_near = abs(place - len(before)) <= _NEAR
        change = fmean(values[place:]) / fmean(values[:place]) - 1
        return is_near and change > threshold and statistic > student_t(1 - p_value / 2, len(values) - 2)

    return is_slower


_NEAR = 3
RIVALS: Mapping[str, Rival] = {
    "pytest-benchmark, compare-fail 10%": Rival(is_slower=exceeds_previous(1.10)),
    "github-action-benchmark, 200%": Rival(is_slower=exceeds_previous(2.00)),
    "Bencher, t-test 0.99": Rival(is_slower=exceeds_t_quantile(0.99)),
    "Bencher, IQR 2.0": Rival(is_slower=exceeds_quartile(2.0)),
    "asv, steps over 5%": Rival(is_slower=steps_up(0.05), runs_needed=2),
    "Apache Otava, p 0.001, 5%": Rival(is_slower=changes_point(0.001, 0.05), runs_needed=4),
}


def student_t(probability: float, freedom: int) -> float:
    """
    The quantile of Student's t, within 0.2% from seven degrees of freedom on.

    Abramowitz, M. and Stegun, I. A. (1964), "Handbook of Mathematical Functions", 26.7.5.
    """
    z = NormalDist().inv_cdf(probability)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def _deviation(values: Sequence[float]) -> float:
    middle = median(values)
    return sum(abs(value - middle) for value in values)


def _best_split(values: Sequence[float]) -> tuple[int, float]:
    # Sums make each split a matter of a few operations.
    sums = [0.0, *accumulate(values)]
    squares = [0.0, *accumulate(value * value for value in values)]
    count = len(values)
    best = (count // 2, 0.0)
    for place in range(2, count - 1):
        left, right = place, count - place
        low, high = sums[place] / left, (sums[-1] - sums[place]) / right
        within = squares[-1] - left * low**2 - right * high**2
        if within > 0:
            statistic = abs(high - low) / sqrt(within / (count - 2) * (1 / left + 1 / right))
            best = max(best, (place, statistic), key=lambda split: split[1])
    return best

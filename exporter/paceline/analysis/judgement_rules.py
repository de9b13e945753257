"""
The thresholds of judgement, with their defaults.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Ratio = Annotated[float, Meta(gt=1)]
Share = Annotated[float, Meta(gt=0, le=0.5)]
PassRatio = Annotated[float, Meta(gt=0, lt=1)]
AtLeastTwo = Annotated[int, Meta(ge=2)]


class RegressionRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Slower than usual: above the median by more than `floor_ms`, and by more than `spreads` robust standard
    deviations, and above what nearly all runs took by more than the factor `ratio`, with at least `min_runs`
    runs in the window. A test that is shorter than `floor_ms` has to take more than twice its median, and longer by
    more than a fifth of `floor_ms`.
    """

    floor_ms: NotNegative = 5.0
    ratio: Ratio = 1.15
    spreads: Positive = 3.5
    min_runs: AtLeastTwo = 8


class CountRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    More work than ever: a count that was the same in each of `min_runs` runs or more, and is higher now.

    `measures` names figures of tests that are counts, though neither their unit nor their name says so.
    """

    min_runs: AtLeastTwo = 3
    measures: tuple[str, ...] = ()


class MeasureRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Worse than usual: a measure with a direction that is beyond its median by more than the factor `ratio`, and by more
    than `spreads` robust standard deviations, and beyond all but one in twenty runs, with at least `min_runs` runs in
    the window.
    """

    ratio: Ratio = 1.25
    spreads: Positive = 3.5
    min_runs: AtLeastTwo = 8


class WorkRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    More work: calls of the project's functions above those of the last `min_runs` runs or more that counted the test
    and agree among themselves, by more than the factor `ratio` and by more than `floor` calls.
    """

    min_runs: AtLeastTwo = 2
    ratio: Ratio = 1.01
    floor: NotNegative = 5.0


class TrendRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Slow creep: over the window the fitted line rises by more than `floor_ms` and by more than the factor
    `ratio`, the interval of its slope is above 0, and there are at least `min_runs` runs. By the same margins
    a step within the window is told.
    """

    floor_ms: NotNegative = 5.0
    ratio: Ratio = 1.2
    min_runs: AtLeastTwo = 20


class LeakRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A leak: a test that kept at least `floor_mb` MiB in each of the last `min_runs` runs (this one among
    them), though it imported nothing.
    """

    floor_mb: Positive = 1.0
    min_runs: AtLeastTwo = 3


class FlakyRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Broken, not flaky: a test that failed in each of the last `broken_runs` runs, this one among them.
    """

    broken_runs: AtLeastTwo = 3


class ModesRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Two speeds: modes that are more than `floor_ms` and more than the factor `ratio` apart, each with at least
    `share` of `min_runs` runs or more.
    """

    floor_ms: NotNegative = 5.0
    ratio: Ratio = 1.5
    share: Share = 0.2
    min_runs: AtLeastTwo = 20


class NetworkRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The hosts that tests of a type may talk to: by test type, patterns such as `localhost` and `*.internal`. A type that
    is not named may talk to any host.
    """

    allowed_hosts: Mapping[str, tuple[str, ...]] = {}


class ObjectiveRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What the suite as a whole promises: the share of tests that pass, over all runs of the window.
    """

    pass_ratio: PassRatio = 0.99


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    All thresholds, and the window of time that is the past.
    """

    window_days: Positive = 14.0
    regression: RegressionRule = RegressionRule()
    count: CountRule = CountRule()
    measure: MeasureRule = MeasureRule()
    work: WorkRule = WorkRule()
    trend: TrendRule = TrendRule()
    leak: LeakRule = LeakRule()
    flaky: FlakyRule = FlakyRule()
    modes: ModesRule = ModesRule()
    network: NetworkRule = NetworkRule()
    objective: ObjectiveRule = ObjectiveRule()

    def thresholds(self) -> dict[str, float]:
        """
        The thresholds that rules in Prometheus read, by name, in base units.
        """
        return {
            "regression_floor_seconds": self.regression.floor_ms / 1e3,
            "regression_ratio": self.regression.ratio,
            "regression_spreads": self.regression.spreads,
            "regression_min_runs": self.regression.min_runs,
            "count_min_runs": self.count.min_runs,
            "measure_ratio": self.measure.ratio,
            "measure_spreads": self.measure.spreads,
            "measure_min_runs": self.measure.min_runs,
            "work_min_runs": self.work.min_runs,
            "work_ratio": self.work.ratio,
            "work_floor_calls": self.work.floor,
            "trend_floor_seconds": self.trend.floor_ms / 1e3,
            "trend_ratio": self.trend.ratio,
            "trend_min_runs": self.trend.min_runs,
            "leak_floor_bytes": self.leak.floor_mb * (1 << 20),
            "leak_min_runs": self.leak.min_runs,
            "flaky_broken_runs": self.flaky.broken_runs,
            "objective_pass_ratio": self.objective.pass_ratio,
        }

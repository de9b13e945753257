"""
Change: what became of one test from one side to the other.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from math import inf, log

from msgspec import Struct
from msgspec.structs import replace

from paceline.analysis.compare.shift import Shift, q_values
from paceline.model import Cause


class ComparisonRule(Struct, frozen=True, kw_only=True):
    """
    Slower or faster: by more than `floor_ms`, and significantly by more than the factor `ratio`: at most the share
    `false_discovery_rate` of these tests is a false positive. Unchanged: every ratio in the interval is a change by
    less than `floor_ms` or by less than the factor `unchanged_ratio`.
    """

    floor_ms: float = 1.0
    ratio: float = 1.05
    false_discovery_rate: float = 0.05
    unchanged_ratio: float = 1.25


class Change(StrEnum):
    """
    What became of a test from one side to the other, in the order in which it matters.
    """

    SLOWER = "slower"
    FASTER = "faster"
    FAILED = "failed"
    UNKNOWN = "not enough data"
    UNCHANGED = "unchanged"


class Compared(Struct, frozen=True, kw_only=True):
    """
    One test on both sides.

    Seconds are medians over the runs in which the test passed; `q_value` is the p-value of `shift` corrected for the
    number of tests; `effect` is Cliff's delta, from -1 (always faster) to 1 (always slower).
    """

    id: str
    change: Change
    base_runs: int = 0
    head_runs: int = 0
    base_failures: int = 0
    head_failures: int = 0
    base_seconds: float | None = None
    head_seconds: float | None = None
    shift: Shift | None = None
    q_value: float | None = None
    effect: float | None = None
    moved: tuple[Cause, ...] = ()

    @property
    def is_changed(self) -> bool:
        return self.change in {Change.SLOWER, Change.FASTER}

    @property
    def ratio(self) -> float:
        return self.shift.ratio if self.shift else 1.0

    @property
    def longest_seconds(self) -> float:
        return max(self.base_seconds or 0.0, self.head_seconds or 0.0)

    @property
    def added_seconds(self) -> float:
        return (self.head_seconds or 0.0) - (self.base_seconds or 0.0)


def is_clear(shift: Shift, ratio: float) -> bool:
    """
    Whether a shift is larger than a factor either way, and its interval does not hold 1.
    """
    if shift.low is None or shift.high is None or shift.low <= 1 <= shift.high:
        return False
    return abs(log(shift.ratio)) > log(ratio)


def judged(tests: Sequence[Compared], rule: ComparisonRule) -> Iterator[Compared]:
    """
    Classify each test that was compared; the p-values of all are corrected together.

    Args:
        tests: with their shifts.
        rule: the thresholds.
    """
    # A test that is over the floor on neither side cannot be found, and is not one of the many tried.
    p_values = {test.id: test.shift.p_value for test in tests if test.shift and test.shift.p_value is not None}
    tried = [test.id for test in tests if test.id in p_values and test.longest_seconds > rule.floor_ms / 1e3]
    corrected = dict(zip(tried, q_values([p_values[case_id] for case_id in tried]), strict=True))
    for test in tests:
        q_value = corrected.get(test.id)
        yield replace(test, q_value=q_value, change=_change(test, q_value, rule)) if test.id in p_values else test


def _change(test: Compared, q_value: float | None, rule: ComparisonRule) -> Change:
    is_large = abs(test.added_seconds) > rule.floor_ms / 1e3 and abs(log(test.ratio)) > log(rule.ratio)
    # The middle of few wild runs may lie on the other side of 1 than their mean.
    is_one_way = (test.ratio > 1) == (test.added_seconds > 0)
    if q_value is not None and q_value <= rule.false_discovery_rate and is_large and is_one_way:
        return Change.SLOWER if test.ratio > 1 else Change.FASTER
    return Change.UNCHANGED if _is_small_at_most(test, rule) else Change.UNKNOWN


def _is_small_at_most(test: Compared, rule: ComparisonRule) -> bool:
    """
    Whether every ratio in the interval is a small change.
    """
    shift = test.shift
    if shift is None or shift.low is None or shift.high is None:
        return False
    widest = max(shift.high, 1 / shift.low if shift.low > 0 else inf)
    shortest = min(test.base_seconds or 0.0, test.head_seconds or 0.0)
    return widest <= rule.unchanged_ratio or (widest - 1) * shortest <= rule.floor_ms / 1e3

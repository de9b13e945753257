"""
Comparison: what does one side of runs do slower or faster than another?
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum, log
from statistics import median
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from paceline.analysis.compare.compared_runs import Cases, Needs, Side, Times
from paceline.analysis.compare.moved_measures import Companions
from paceline.analysis.compare.outcome import Change, Compared, ComparisonRule, is_clear, judged
from paceline.analysis.compare.shift import (
    Shift,
    dominance,
    independent_shift,
    paired_dominance,
    paired_shift,
)
from paceline.model import Case, Run


class Total(Struct, frozen=True, kw_only=True):
    """
    All tests that passed in every run, together: medians of their sums.
    """

    tests: int
    base_seconds: float
    head_seconds: float
    shift: Shift


class Comparison(Struct, frozen=True, kw_only=True):
    """
    Two sides, test by test. `base` is what `head` is compared with.

    `suite` is the shift of the suite as a whole by its own ruler, `is_divided` says whether that was taken out of
    each test, and `calibration_ratio` how many times as long a fixed piece of work took.
    """

    base: str
    head: str
    base_runs: int
    head_runs: int
    is_paired: bool
    is_divided: bool
    suite: Shift | None
    calibration_ratio: float | None
    total: Total | None
    tests: tuple[Compared, ...]
    only_base: tuple[str, ...]
    only_head: tuple[str, ...]

    @property
    def counts(self) -> Mapping[Change, int]:
        return Counter(test.change for test in self.tests)


class _Design(NamedTuple):
    """
    How the runs were made: in pairs or not; and the factor up to which a shift does not matter.
    """

    is_paired: bool
    minimum_effect: float

    def shift(self, base: Sequence[float], head: Sequence[float]) -> Shift:
        return (paired_shift if self.is_paired else independent_shift)(base, head, self.minimum_effect)

    def effect(self, base: Sequence[float], head: Sequence[float]) -> float:
        return (paired_dominance if self.is_paired else dominance)(base, head)


class _Look(NamedTuple):
    """
    All tests judged, by one ruler.
    """

    suite: Shift | None
    is_divided: bool
    tests: Sequence[Compared]

    def movers(self, ratio: float) -> frozenset[str]:
        """
        Tests that changed by more than a factor.
        """
        return frozenset(test.id for test in self.tests if test.is_changed and abs(log(test.ratio)) > log(ratio))


def compare(base: Side, head: Side, rule: ComparisonRule, *, is_paired: bool = False) -> Comparison:
    """
    Compare two sides test by test.

    Args:
        base: what is compared with.
        head: what may be slower.
        rule: the thresholds.
        is_paired: the sides have as many runs, made in turn on one machine.
    """
    design = _Design(is_paired, rule.ratio)
    before, after = base.cases, head.cases
    needs = Needs(base, head)
    look = _look(before, after, needs, rule, design)
    movers = look.movers(rule.unchanged_ratio)
    if look.is_divided and movers:
        # What moved is no ruler: in a small suite it makes the rest look faster.
        calm = Needs(base, head, movers)
        look = _look(before, after, calm, rule, design) if calm.slowdowns else look
    companions = Companions(base, head)
    return Comparison(
        base=base.name,
        head=head.name,
        base_runs=len(base.runs),
        head_runs=len(head.runs),
        is_paired=is_paired,
        is_divided=look.is_divided,
        suite=look.suite,
        calibration_ratio=_calibration_ratio(base.runs, head.runs),
        total=_total(needs.times, design),
        tests=tuple(_explained(test, companions) for test in look.tests),
        only_base=tuple(sorted(_ran(before) - _ran(after))),
        only_head=tuple(sorted(_ran(after) - _ran(before))),
    )


def _look(before: Cases, after: Cases, needs: Needs, rule: ComparisonRule, design: _Design) -> _Look:
    suite = design.shift(*needs.slowdowns) if needs.slowdowns else None
    # In turn on one machine, what moves the whole suite is the code: dividing by it would make the tests that
    # it did not touch look faster.
    is_divided = suite is not None and not (design.is_paired and is_clear(suite, rule.ratio))
    times = needs.normalized if is_divided else needs.times
    tests = []
    for case_id in sorted(_ran(before) & _ran(after)):
        known = _known(case_id, before[case_id], after[case_id])
        tests.append(_measured(known, times.of(case_id, is_paired=design.is_paired), design))
    return _Look(suite, is_divided, list(judged(tests, rule)))


def _ran(cases: Cases) -> set[str]:
    return {
        case_id
        for case_id, ones in cases.items()
        if any(case.outcome.is_pass or case.outcome.is_failure for case in ones)
    }


def _known(case_id: str, before: Sequence[Case], after: Sequence[Case]) -> Compared:
    failures = [sum(case.outcome.is_failure for case in cases) for cases in (before, after)]
    return Compared(
        id=case_id,
        change=Change.FAILED if any(failures) else Change.UNKNOWN,
        base_failures=failures[0],
        head_failures=failures[1],
    )


def _measured(test: Compared, seconds: tuple[Sequence[float], Sequence[float]], design: _Design) -> Compared:
    base, head = seconds
    test = replace(test, base_runs=len(base), head_runs=len(head))
    if test.change is Change.FAILED or not base or not head:
        return test
    shift = design.shift(base, head)
    return replace(
        test,
        base_seconds=median(base),
        head_seconds=median(head),
        shift=shift,
        effect=None if shift.p_value is None else design.effect(base, head),
    )


def _explained(test: Compared, companions: Companions) -> Compared:
    if test.shift is None:
        return test
    return replace(test, moved=companions.of(test.id, is_time_changed=test.is_changed))


def _calibration_ratio(base: Sequence[Run], head: Sequence[Run]) -> float | None:
    before, after = (
        [run.machine.calibration_seconds for run in runs if run.machine.calibration_seconds] for runs in (base, head)
    )
    return median(after) / median(before) if before and after else None


def _total(times: Times, design: _Design) -> Total | None:
    runs = [*times.base, *times.head]
    shared = set(runs[0]).intersection(*runs[1:])
    if not shared:
        return None
    base, head = ([fsum(run[case_id] for case_id in shared) for run in side] for side in times)
    return Total(
        tests=len(shared),
        base_seconds=median(base),
        head_seconds=median(head),
        shift=design.shift(base, head),
    )

"""
The figures of repeats that decide whether a verdict holds up.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from paceline.analysis.machine_speed import CALIBRATION_ERROR, need_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.analysis.verdicts.count import count_of
from paceline.analysis.verdicts.file_regression import FEWEST_TESTS, repeated_sum
from paceline.model import Case, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind


class Repeated(Struct, frozen=True, kw_only=True):
    """
    Tests that were measured again, by test id, passed repeats only; and the reasons why others were not.

    `counted` has a repeat of a test in which its calls were counted, and so no time that is compared. `calibrations`
    are the seconds of a calibration beside each repeat, where repeats and run were calibrated in one process.
    """

    cases: Mapping[str, Sequence[Case]] = {}
    counted: Mapping[str, Case] = {}
    reasons: Mapping[str, str] = {}
    calibrations: Mapping[str, Sequence[float]] = {}

    def slowdowns(self, usual: UsualMachine) -> dict[str, list[float]]:
        """
        The slowdown of the machine beside each repeat, where that is known.
        """
        seconds = usual.calibration_seconds
        return {test: [one / seconds for one in ones] for test, ones in self.calibrations.items()} if seconds else {}


def figures_of(verdict: Verdict, cases: Mapping[str, Case], repeats: Mapping[str, Sequence[Case]]) -> list[float]:
    """
    The figure of each repeat that has one, in the unit of the verdict.

    Args:
        verdict: of a kind in `MEASURED_AGAIN`.
        cases: of the run, by test id.
        repeats: of tests that were measured again, by test id, normalised.
    """
    if verdict.kind is VerdictKind.FILE_REGRESSION:
        return _sums(verdict, cases, repeats)
    case = cases.get(verdict.case or "")
    if case is None:
        return []
    figures = (_FIGURES[verdict.kind](verdict, case, repeat) for repeat in repeats.get(case.id, ()))
    return [figure for figure in figures if figure is not None]


def suite_factors(
    verdict: Verdict, cases: Mapping[str, Case], repeated: Repeated, calibration_seconds: float | None
) -> list[float]:
    """
    The factor of a verdict on the suite by each round of repeats.

    Each repeat is compared with the first measurement of its test, and the calibration beside it with that of the run.
    The median of the tests stands for the suite, so a round of fewer than three tests says nothing.

    Args:
        verdict: on the suite, with the tests that stand for it.
        cases: of the run, by test id.
        repeated: tests that were measured again, with the calibrations beside them.
        calibration_seconds: of the run.
    """
    by_test = [
        [
            again.seconds / first.seconds * calibration_seconds / beside
            for repeat, beside in zip(repeated.cases.get(test, ()), repeated.calibrations.get(test, ()), strict=False)
            if (again := need_of(repeat)) is not None and calibration_seconds and beside
        ]
        for test in verdict.tests
        if test in cases and (first := need_of(cases[test])) is not None
    ]
    rounds = [[ratio for ratio in ratios if ratio is not None] for ratios in zip_longest(*by_test)]
    return [(verdict.measured or 0.0) * median(ratios) for ratios in rounds if len(ratios) >= FEWEST_TESTS]


def normalized_repeats(
    cases: Mapping[str, Case], repeats: Mapping[str, Sequence[Case]], slowdowns: Mapping[str, Sequence[float]]
) -> dict[str, list[Case]]:
    """
    The repeats with their normalised times.

    Args:
        cases: of the run, by test id.
        repeats: of tests that were measured again, by test id.
        slowdowns: of the machine by a calibration beside each repeat, by test id, where there was one.
    """
    return {
        case_id: [
            replace(repeat, normalized_duration_seconds=_normalized(cases[case_id], repeat, slowdown))
            for repeat, slowdown in zip_longest(again, slowdowns.get(case_id, ())[: len(again)], fillvalue=0.0)
            if isinstance(repeat, Case)
        ]
        for case_id, again in repeats.items()
        if case_id in cases
    }


def _normalized(case: Case, repeat: Case, slowdown: float) -> float | None:
    """
    What a repeat needed, with the machine taken out as it was from the first measurement, or as the calibration says,
    where the machine is slower now.
    """
    first, again, normal = need_of(case), need_of(repeat), case.normalized_duration_seconds
    if first is None or again is None or normal is None:
        return None
    on_usual_machine = normal - (first.seconds - first.cpu_seconds)
    before = first.cpu_seconds / on_usual_machine if first.cpu_seconds > 0 and on_usual_machine > 0 else 1.0
    return again.on(max(before, CALIBRATION_ERROR * slowdown))


def _sums(verdict: Verdict, cases: Mapping[str, Case], repeats: Mapping[str, Sequence[Case]]) -> list[float]:
    seconds = {
        test: known
        for test in verdict.tests
        if (known := [one for repeat in repeats.get(test, ()) if (one := repeat.normalized_duration_seconds)])
    }
    first = sum(cases[test].normalized_duration_seconds or 0.0 for test in seconds)
    return [repeated_sum(verdict, first, sum(one)) for one in zip(*seconds.values(), strict=False)]


def _seconds(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return repeat.normalized_duration_seconds


def _count(verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return count_of(repeat, verdict.causes[0].measure) if verdict.causes else None


def _measure(verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    measure = repeat.measures.get(verdict.measure)
    return measure.value if measure is not None else None


def _calls(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return repeat.usage.get(UsageKey.CALLS)


def _retained(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return repeat.usage.get(UsageKey.MEMORY_RETAINED_BYTES)


def _needed(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return needed_seconds(repeat)


_FIGURES: Mapping[VerdictKind, Callable[[Verdict, Case, Case], float | None]] = {
    VerdictKind.REGRESSION: _seconds,
    VerdictKind.COUNT: _count,
    VerdictKind.MEASURE: _measure,
    VerdictKind.WORK: _calls,
    VerdictKind.BUDGET: _needed,
    VerdictKind.LEAK: _retained,
}
MEASURED_AGAIN = frozenset({*_FIGURES, VerdictKind.FILE_REGRESSION, VerdictKind.SUITE_REGRESSION})
"""
The kinds of verdicts whose tests are measured again.
"""

"""
The figures of repeats that decide whether a verdict holds up.
"""

from collections.abc import Callable, Mapping, Sequence

from paceline.analysis.machine_speed import need_of
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.analysis.verdicts.count import count_of
from paceline.analysis.verdicts.file_regression import repeated_sum
from paceline.model import Case, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind


def figures_of(verdict: Verdict, cases: Mapping[str, Case], repeats: Mapping[str, Sequence[Case]]) -> list[float]:
    """
    The figure of each repeat that has one, in the unit of the verdict.

    Args:
        verdict: of a kind in `MEASURED_AGAIN`.
        cases: of the run, by test id.
        repeats: of tests that were measured again, by test id.
    """
    if verdict.kind is VerdictKind.FILE_REGRESSION:
        return _sums(verdict, cases, repeats)
    case = cases.get(verdict.case or "")
    if case is None:
        return []
    figures = (_FIGURES[verdict.kind](verdict, case, repeat) for repeat in repeats.get(case.id, ()))
    return [figure for figure in figures if figure is not None]


def _sums(verdict: Verdict, cases: Mapping[str, Case], repeats: Mapping[str, Sequence[Case]]) -> list[float]:
    seconds = {
        test: known
        for test in verdict.tests
        if (known := [one for repeat in repeats.get(test, ()) if (one := _seconds(verdict, cases[test], repeat))])
    }
    first = sum(cases[test].normalized_duration_seconds or 0.0 for test in seconds)
    return [repeated_sum(verdict, first, sum(one)) for one in zip(*seconds.values(), strict=False)]


def _seconds(_verdict: Verdict, case: Case, repeat: Case) -> float | None:
    """
    What a repeat needed, with the machine taken out as it was from the first measurement.
    """
    first, again, normal = need_of(case), need_of(repeat), case.normalized_duration_seconds
    if first is None or again is None or normal is None:
        return None
    idle = first.seconds - first.cpu_seconds
    speed = (normal - idle) / first.cpu_seconds if first.cpu_seconds > 0 else 1.0
    return again.seconds - again.cpu_seconds + again.cpu_seconds * speed


def _count(verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return count_of(repeat, verdict.causes[0].measure) if verdict.causes else None


def _retained(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return repeat.usage.get(UsageKey.MEMORY_RETAINED_BYTES)


def _needed(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return needed_seconds(repeat)


_FIGURES: Mapping[VerdictKind, Callable[[Verdict, Case, Case], float | None]] = {
    VerdictKind.REGRESSION: _seconds,
    VerdictKind.COUNT: _count,
    VerdictKind.BUDGET: _needed,
    VerdictKind.LEAK: _retained,
}
MEASURED_AGAIN = frozenset({*_FIGURES, VerdictKind.FILE_REGRESSION})
"""
The kinds of verdicts whose tests are measured again.
"""

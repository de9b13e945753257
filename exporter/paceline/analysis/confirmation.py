"""
Confirmation: does a test that looked slower, or seemed to keep memory, do so again?
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median_low

from msgspec.structs import replace

from paceline.analysis.machine_speed import need_of
from paceline.formatting import counted, duration, size
from paceline.model import Case, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

# Two of three are as many as chance needs to be out of it; more cost time and find no more.
REPEATS = 3

Repeats = Mapping[str, Sequence[Case]]


def holds_up(figures: Sequence[float], limit: float) -> bool:
    """
    Whether more than half of the repeats are above the limit, which is to say their lower median.

    Args:
        figures: what was found when the test was measured again, for times normalised as the run that it belongs
            to; usually `REPEATS` of them. Without any, nothing holds up.
        limit: the figure above which the first measurement was a verdict.
    """
    return bool(figures) and median_low(figures) > limit


def suspects_of(run: Run) -> list[str]:
    """
    The tests whose verdict could be chance, the worst first.
    """
    return list(dict.fromkeys(verdict.case for verdict in run.verdicts if verdict.kind in _FIGURES and verdict.case))


def leaking(run: Run) -> frozenset[str]:
    """
    The tests that seem to keep memory.
    """
    return frozenset(verdict.case for verdict in run.verdicts if verdict.kind is VerdictKind.LEAK and verdict.case)


def confirmed(run: Run, repeats: Repeats) -> Run:
    """
    Judge the suspects of a run by what they did when they were measured again.

    What holds up stays a verdict, what does not becomes `unconfirmed`. The figure of a test that was measured again
    is from then on the lower median of its repeats, so that whoever judges the run by its figures finds the same. What
    could not be measured again is believed, unless most of what was did not hold up.

    Args:
        run: the run, judged.
        repeats: the same tests measured again, by test id; passed ones only.
    """
    cases = {case.id: case for case in run.cases}
    again = {
        verdict: figures
        for verdict in run.verdicts
        if verdict.kind in _FIGURES and (figures := _figures(verdict, cases, repeats))
    }
    held = sum(_holds(verdict, figures) for verdict, figures in again.items())
    is_chance = bool(again) and 2 * held < len(again)
    verdicts = [_confirm(verdict, again.get(verdict, ()), is_chance=is_chance) for verdict in run.verdicts]
    for verdict, figures in again.items():
        cases[str(verdict.case)] = _with_figure(cases[str(verdict.case)], verdict.kind, median_low(figures))
    # What did not hold up is told last.
    verdicts.sort(key=lambda verdict: verdict.kind is VerdictKind.UNCONFIRMED)
    return replace(run, cases=tuple(cases.values()), verdicts=tuple(verdicts))


def _figures(verdict: Verdict, cases: Mapping[str, Case], repeats: Repeats) -> list[float]:
    case = cases.get(verdict.case or "")
    if case is None:
        return []
    figure_of = _FIGURES[verdict.kind]
    figures = (figure_of(case, repeat) for repeat in repeats.get(case.id, ()))
    return [figure for figure in figures if figure is not None]


def _confirm(verdict: Verdict, figures: Sequence[float], *, is_chance: bool) -> Verdict:
    if verdict.kind not in _FIGURES:
        return verdict
    if not figures and is_chance:
        return _unconfirmed(verdict, "not measured again, as others that were did not hold up")
    if not figures:
        return replace(verdict, reason=f"{verdict.reason}; not measured again")
    show = duration if verdict.unit == "seconds" else size
    found = f"{show(median_low(figures))} in {counted(len(figures), 'repeat')}"
    if _holds(verdict, figures):
        return replace(verdict, reason=f"{verdict.reason}; again {found}")
    return _unconfirmed(verdict, f"only {found}")


def _holds(verdict: Verdict, figures: Sequence[float]) -> bool:
    return holds_up(figures, verdict.limit or 0.0)


def _unconfirmed(verdict: Verdict, why: str) -> Verdict:
    return replace(
        verdict,
        kind=VerdictKind.UNCONFIRMED,
        severity=Severity.INFO,
        reason=f"{verdict.reason}; not confirmed: {why}",
        causes=(),
        since=None,
    )


def _with_figure(case: Case, kind: VerdictKind, figure: float) -> Case:
    if kind is VerdictKind.REGRESSION:
        return replace(case, normalized_duration_seconds=figure)
    return replace(case, usage={**case.usage, UsageKey.MEMORY_RETAINED_BYTES: figure})


def _seconds(case: Case, repeat: Case) -> float | None:
    """
    What a repeat needed, with the machine taken out as it was from the first measurement.
    """
    first, again, normal = need_of(case), need_of(repeat), case.normalized_duration_seconds
    if first is None or again is None or normal is None:
        return None
    idle = first.seconds - first.cpu_seconds
    speed = (normal - idle) / first.cpu_seconds if first.cpu_seconds > 0 else 1.0
    return again.seconds - again.cpu_seconds + again.cpu_seconds * speed


def _retained(_case: Case, repeat: Case) -> float | None:
    return repeat.usage.get(UsageKey.MEMORY_RETAINED_BYTES)


_FIGURES: Mapping[VerdictKind, Callable[[Case, Case], float | None]] = {
    VerdictKind.REGRESSION: _seconds,
    VerdictKind.LEAK: _retained,
}

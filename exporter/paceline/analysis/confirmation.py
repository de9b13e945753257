"""
Confirmation: does a test that looked slower, did more work, broke its budget or seemed to keep memory do so again?
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from paceline.analysis.busy_machine import without_waits
from paceline.analysis.confirm_verdict import (
    confirm_verdict,
    is_mostly_chance,
    is_once_a_process,
    least_ratio,
    not_measured_again,
    with_figure,
)
from paceline.analysis.first_imports import imported_modules, without_time
from paceline.analysis.repeat_figures import MEASURED_AGAIN, Repeated, figures_of, normalized_repeats, suite_factors
from paceline.analysis.short_tests import short_and_not_measured
from paceline.analysis.suspects import is_leak_of_a_test, is_suspect, may_be_chance, tests_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.model import Case, Run, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

# Two of three are as many as chance needs to be out of it; more cost time and find no more.
REPEATS = 3

_OF_REPEAT = {
    UsageKey.REPEAT_CALLS: UsageKey.CALLS,
    UsageKey.REPEAT_CALLS_FINGERPRINT: UsageKey.CALLS_FINGERPRINT,
    UsageKey.REPEAT_LOOPS: UsageKey.LOOPS,
}


def confirmed(
    run: Run,
    repeated: Repeated,
    fail_on: Collection[VerdictKind] = (),
    usual: UsualMachine = UsualMachine(),  # noqa: B008 - a frozen value
) -> Run:
    """
    Judge the suspects of a run by what they did when they were measured again.

    What holds up stays a verdict, what does not becomes `unconfirmed`; a leak that earlier runs did not confirm is not
    reported again. The figure of a test that was measured again is from then on that of its repeats, so that whoever
    judges the run by its figures finds the same. Repeats far below what is usual are of a test that does its work once
    a process: they prove nothing, and their figure is not kept.

    A leak that could not be measured again is not confirmed, as memory that an allocator keeps looks the same; its
    figure is not kept for the next judgement. A slightly slower test that could not be measured again is believed if
    the run before found it, too. Whatever else could not be measured again is believed, unless most of what was did not
    hold up, the test was the first to import modules, other processes keep the machine busier than usual, or it is a
    short test: then its time is not kept for the next judgement. On a busier machine a test that waits longer is not
    believed even where it was measured again, as all of its repeats wait for the others.

    Args:
        run: the run, judged.
        repeated: the same tests measured again.
        fail_on: the kinds of verdicts that fail the run.
        usual: the machine as it usually is.
    """
    cases = {case.id: _with_repeat(case, repeated.counted.get(case.id)) for case in run.cases}
    again = _measured_again(run, cases, repeated, usual)
    telling = {verdict: figures for verdict, figures in again.items() if not is_once_a_process(verdict, figures)}
    chance = {kind for kind in MEASURED_AGAIN if is_mostly_chance(telling, kind)}
    found: dict[Verdict, Verdict | None] = {verdict: verdict for verdict in run.verdicts}
    could_be_chance = (one for one in run.verdicts if one in again or is_suspect(one, cases, fail_on))
    suspects = {verdict: again.get(verdict, ()) for verdict in could_be_chance}
    for verdict, figures in suspects.items():
        why_not, least = _why_not(verdict, repeated.reasons), least_ratio(verdict, cases)
        found[verdict] = confirm_verdict(verdict, figures, why_not, chance, least)
    unproven = {verdict for verdict in short_and_not_measured(run, again) if not imported_modules(verdict)}
    for verdict in unproven:
        not_again = not_measured_again(_why_not(verdict, repeated.reasons))
        found[verdict] = verdict.unconfirmed(f"{not_again}, and usually too short to be judged by one run")
    for verdict in run.verdicts:
        if verdict.case in cases and verdict not in again:
            cases[verdict.case] = _without_unproven(cases[verdict.case], verdict, is_short=verdict in unproven)
    for verdict, figures in telling.items():
        if verdict.case is not None:
            cases[verdict.case] = with_figure(cases[verdict.case], verdict, figures)
    believed = without_waits(run, found, suspects, cases, usual)
    is_refuted = any(_is_refuted(one, one in telling, found[one], believed[one]) for one in run.verdicts)
    machine = replace(run.machine, calibration_seconds=None) if is_refuted else run.machine
    return replace(run, cases=tuple(cases.values()), verdicts=_unconfirmed_last(believed.values()), machine=machine)


def _measured_again(
    run: Run, cases: Mapping[str, Case], repeated: Repeated, usual: UsualMachine
) -> dict[Verdict, Sequence[float]]:
    """
    The figures of the repeats of each verdict that could be chance and was measured again.
    """
    repeats = normalized_repeats(cases, repeated.cases, repeated.slowdowns(usual))
    counted_again = {test: (case,) for test, case in repeated.counted.items()}

    def figures(verdict: Verdict) -> Sequence[float]:
        if verdict.kind is VerdictKind.SUITE_REGRESSION:
            return suite_factors(verdict, cases, repeated, run.machine.calibration_seconds)
        return figures_of(verdict, cases, counted_again if verdict.kind is VerdictKind.WORK else repeats)

    could_be_chance = (verdict for verdict in run.verdicts if may_be_chance(verdict, cases))
    return {verdict: found for verdict in could_be_chance if (found := figures(verdict))}


def _unconfirmed_last(verdicts: Iterable[Verdict | None]) -> tuple[Verdict, ...]:
    left = (verdict for verdict in verdicts if verdict is not None)
    return tuple(sorted(left, key=lambda verdict: verdict.kind is VerdictKind.UNCONFIRMED))


def _is_refuted(verdict: Verdict, is_measured: bool, confirmed_: Verdict | None, believed: Verdict | None) -> bool:
    """
    Whether a verdict on the suite comes from the calibration of its run, which is then not kept: its repeats did not
    confirm it, or the machine was busier than usual.
    """
    if verdict.kind is not VerdictKind.SUITE_REGRESSION or believed is None or believed.kind is verdict.kind:
        return False
    return is_measured or (confirmed_ is not None and confirmed_.kind is verdict.kind)


def _with_repeat(case: Case, counted_again: Case | None) -> Case:
    if counted_again is None:
        return case
    again = {key: counted_again.usage[of] for key, of in _OF_REPEAT.items() if of in counted_again.usage}
    return replace(case, usage={**case.usage, **again})


def _why_not(verdict: Verdict, reasons: Mapping[str, str]) -> str:
    return next((reasons[test] for test in tests_of(verdict) if test in reasons), "")


def _without_unproven(case: Case, verdict: Verdict, *, is_short: bool) -> Case:
    """
    The case without the figure of a verdict that could not be measured again, where that verdict is not believed.
    """
    if imported_modules(verdict) or is_short:
        case = without_time(case)
    return case.without_retained() if is_leak_of_a_test(verdict) else case

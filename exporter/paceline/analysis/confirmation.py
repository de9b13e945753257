"""
Confirmation: does a test that looked slower, did more work, broke its budget or seemed to keep memory do so again?
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from statistics import median_low

from msgspec.structs import replace

from paceline.analysis.busy_machine import mostly_waits, without_waits
from paceline.analysis.first_imports import imported_modules, without_time
from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.repeat_figures import MEASURED_AGAIN, Repeated, figures_of, normalized_repeats, suite_factors
from paceline.analysis.short_tests import short_and_not_measured
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.count import with_count
from paceline.analysis.verdicts.leak import is_falling, is_leak_again
from paceline.analysis.verdicts.regression import UNREPEATED_LOAD_RATIO, UNREPEATED_RATIO
from paceline.analysis.verdicts.work import differs
from paceline.formatting import counted, duration, size
from paceline.formatting import figure as figure_text
from paceline.model import Case, Run, Severity, Verdict
from paceline.quantity import Unit
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

# Two of three are as many as chance needs to be out of it; more cost time and find no more.
REPEATS = 3

# A test whose repeats take less than this share of what it usually takes does its work once a process.
_ONCE_A_PROCESS = 0.5


def suspects_of(run: Run, fail_on: Collection[VerdictKind] = ()) -> list[str]:
    """
    The tests whose verdict could be chance, the worst first.

    Args:
        run: the run, judged.
        fail_on: the kinds of verdicts that fail the run: a broken budget is a suspect where it does.
    """
    cases = {case.id: case for case in run.cases}
    suspects = (_tests_of(verdict) for verdict in run.verdicts if _is_suspect(verdict, cases, fail_on))
    return list(dict.fromkeys(chain.from_iterable(suspects)))


def leak_suspects_of(run: Run) -> set[str]:
    """
    The tests that seem to keep memory.
    """
    return {verdict.case for verdict in run.verdicts if verdict.case and _is_leak_of_a_test(verdict)}


def timed_suspects_of(run: Run) -> set[str]:
    """
    The tests of verdicts on more than their calls, which one repeat counts.
    """
    return {test for verdict in run.verdicts if verdict.kind is not VerdictKind.WORK for test in _tests_of(verdict)}


def counted_suspects_of(run: Run) -> set[str]:
    """
    The tests that do more work or look slower, whose calls a repeat counts.
    """
    return {test for verdict in run.verdicts if verdict.kind in _OF_WORK for test in _tests_of(verdict)}


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
    repeats = normalized_repeats(cases, repeated.cases, repeated.slowdowns(usual))
    counted_again = {test: (case,) for test, case in repeated.counted.items()}
    again = {
        verdict: figures
        for verdict in run.verdicts
        if _may_be_chance(verdict, cases)
        and (
            figures := suite_factors(verdict, cases, repeated, run.machine.calibration_seconds)
            if verdict.kind is VerdictKind.SUITE_REGRESSION
            else figures_of(verdict, cases, counted_again if verdict.kind is VerdictKind.WORK else repeats)
        )
    }
    telling = {verdict: figures for verdict, figures in again.items() if not _is_once_a_process(verdict, figures)}
    chance = {kind for kind in MEASURED_AGAIN if _is_mostly_chance(telling, kind)}
    found = {
        verdict: _confirm(
            verdict, again.get(verdict, ()), _why_not(verdict, repeated.reasons), chance, _least_ratio(verdict, cases)
        )
        if verdict in again or _is_suspect(verdict, cases, fail_on)
        else verdict
        for verdict in run.verdicts
    }
    unproven = {verdict for verdict in short_and_not_measured(run, again) if not imported_modules(verdict)}
    for verdict in unproven:
        why = _why_not(verdict, repeated.reasons)
        repeated_or_not = f"not measured again{f' ({why})' if why else ''}"
        found[verdict] = verdict.unconfirmed(f"{repeated_or_not}, and usually too short to be judged by one run")
    for verdict in run.verdicts:
        if verdict.case in cases and verdict not in again:
            cases[verdict.case] = _without_unproven(cases[verdict.case], verdict, is_short=verdict in unproven)
    for verdict, figures in telling.items():
        if verdict.case is None:
            continue
        cases[verdict.case] = _with_figure(cases[verdict.case], verdict, figures)
    believed = without_waits(run, found, again, cases, usual)
    # Unconfirmed verdicts come last.
    verdicts = sorted(
        (verdict for verdict in believed.values() if verdict is not None),
        key=lambda verdict: verdict.kind is VerdictKind.UNCONFIRMED,
    )
    is_refuted = any(_is_refuted(one, one in telling, found[one], believed[one]) for one in run.verdicts)
    machine = replace(run.machine, calibration_seconds=None) if is_refuted else run.machine
    return replace(run, cases=tuple(cases.values()), verdicts=tuple(verdicts), machine=machine)


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


def _tests_of(verdict: Verdict) -> Sequence[str]:
    return verdict.tests or ((verdict.case,) if verdict.case else ())


def _why_not(verdict: Verdict, reasons: Mapping[str, str]) -> str:
    return next((reasons[test] for test in _tests_of(verdict) if test in reasons), "")


def _is_suspect(verdict: Verdict, cases: Mapping[str, Case], fail_on: Collection[VerdictKind]) -> bool:
    is_asked_for = verdict.kind is not VerdictKind.BUDGET or VerdictKind.BUDGET in fail_on
    return is_asked_for and _may_be_chance(verdict, cases)


def _may_be_chance(verdict: Verdict, cases: Mapping[str, Case]) -> bool:
    """
    A limit on what is exact, a budget that was broken or a count that was higher in the run before as well is a fact,
    and so is the failure of a test. But a test that waits may have waited for other processes in both runs.
    """
    if verdict.kind is VerdictKind.LEAK:
        return _is_leak_of_a_test(verdict)
    if verdict.kind in _OF_COUNTS:
        return not verdict.standing
    if verdict.kind is not VerdictKind.BUDGET:
        return verdict.kind in MEASURED_AGAIN
    case = cases.get(verdict.case or "")
    is_of_time = verdict.unit == Unit.SECONDS and not verdict.measure
    if not is_of_time or case is None or not case.outcome.is_pass:
        return False
    return not verdict.standing or mostly_waits([case])


def _is_leak_of_a_test(verdict: Verdict) -> bool:
    """
    Whether the memory of the process grew in a test; a leak test called its function often enough to be exact.
    """
    return verdict.kind is VerdictKind.LEAK and not verdict.measure


def _without_unproven(case: Case, verdict: Verdict, *, is_short: bool) -> Case:
    """
    The case without the figure of a verdict that could not be measured again, where that verdict is not believed.
    """
    if imported_modules(verdict) or is_short:
        case = without_time(case)
    return case.without_retained() if _is_leak_of_a_test(verdict) else case


def _is_mostly_chance(telling: Mapping[Verdict, Sequence[float]], kind: VerdictKind) -> bool:
    """
    Whether most verdicts did not hold up, so that the others of the kind are not believed either. Budgets are apart,
    as many of them may be broken for good, and so are counts and calls, to which a busy machine adds nothing.
    """
    if kind is VerdictKind.COUNT:
        return False
    alike = (
        {kind}
        if kind in {VerdictKind.BUDGET, VerdictKind.WORK, VerdictKind.MEASURE}
        else {VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION, VerdictKind.LEAK}
    )
    held = [_holds(one, figures) for one, figures in telling.items() if one.kind in alike]
    return 2 * sum(held) < len(held)


def _is_once_a_process(verdict: Verdict, figures: Sequence[float]) -> bool:
    if verdict.kind is VerdictKind.COUNT:
        return max(figures) < (verdict.limit or 0.0)
    if verdict.kind not in _OF_TIME or not verdict.measured or not verdict.factor:
        return False
    usual = verdict.measured / verdict.factor
    return max(figures) < _ONCE_A_PROCESS * usual


def _least_ratio(verdict: Verdict, cases: Mapping[str, Case]) -> float:
    """
    The factor from which on one measurement proves a slower test.
    """
    case = cases.get(verdict.case or "")
    return UNREPEATED_LOAD_RATIO if case is not None and case.lasts_as_asked else UNREPEATED_RATIO


def _is_slight(verdict: Verdict, least_ratio: float) -> bool:
    """
    Whether one measurement does not prove a slower test: it takes little longer, and the last run did not find it.
    """
    is_first = verdict.kind is VerdictKind.REGRESSION and not verdict.standing
    return is_first and (verdict.factor or least_ratio) < least_ratio


def _figure(verdict: Verdict, figures: Sequence[float]) -> float:
    """
    The figure of all repeats: of times the lower median; of counts, and against a budget, the least; of memory the
    least, or 0 where they are no leak.
    """
    if verdict.kind in {VerdictKind.BUDGET, *_OF_COUNTS}:
        return min(figures)
    if verdict.kind is VerdictKind.LEAK:
        return min(figures) if _holds(verdict, figures) else 0.0
    return median_low(figures)


def _confirm(
    verdict: Verdict, figures: Sequence[float], why_not: str, chance: Collection[VerdictKind], least_ratio: float
) -> Verdict | None:
    if figures:
        return _CONFIRM[verdict.kind](verdict, figures)
    if verdict.kind is VerdictKind.LEAK and verdict.severity is Severity.INFO:
        return None
    if verdict.kind in chance:
        return verdict.unconfirmed("not measured again, and most other suspects were refuted")
    not_again = f"not measured again{f' ({why_not})' if why_not else ''}"
    doubt = _doubt_of_one_measurement(verdict, not_again, least_ratio)
    return verdict.unconfirmed(doubt) if doubt else replace(verdict, reason=f"{verdict.reason}; {not_again}")


def _doubt_of_one_measurement(verdict: Verdict, not_again: str, least_ratio: float) -> str:
    """
    Why one measurement does not prove a verdict; "" where it does.
    """
    imported = imported_modules(verdict)
    if imported:
        return f"the test was the first to import {counted(imported, 'module')}, and was {not_again}"
    if verdict.kind is VerdictKind.LEAK:
        return not_again
    if verdict.kind is VerdictKind.SUITE_REGRESSION and not verdict.standing:
        return f"{not_again}, and the last run was as usual"
    return f"{not_again}, and less than {least_ratio:g} times as long" if _is_slight(verdict, least_ratio) else ""


def confirm_budget(verdict: Verdict, figures: Sequence[float]) -> Verdict:
    """
    What becomes of a broken budget by the seconds that the repeats of its test needed.
    """
    least, repeats = duration(min(figures)), _repeats(figures)
    if _holds(verdict, figures):
        return replace(verdict, reason=f"{verdict.reason}; again {least} or more in {repeats}")
    return verdict.unconfirmed(f"at least {least} in {repeats}")


def _confirm_time(verdict: Verdict, figures: Sequence[float]) -> Verdict:
    return _confirm_figure(verdict, figures, duration(_figure(verdict, figures)))


def _confirm_suite(verdict: Verdict, figures: Sequence[float]) -> Verdict:
    found = f"{_figure(verdict, figures):.2f} times in {_repeats(figures)}"
    if verdict.standing and _is_once_a_process(verdict, figures):
        return replace(verdict, reason=f"{verdict.reason}; only {found}, because tests do their work once per process")
    if _holds(verdict, figures):
        return replace(verdict, reason=f"{verdict.reason}; again {found} of some of its tests")
    return verdict.unconfirmed(f"only {found} of some of its tests")


def _confirm_count(verdict: Verdict, figures: Sequence[float]) -> Verdict:
    counts = sorted({min(figures), max(figures)})
    figure = " to ".join(f"{count:,.0f}" for count in counts)
    if not _agrees_with_first(verdict, figures):
        return verdict.unconfirmed(f"{figure} in {_repeats(figures)}, and only one run of the base commit counted")
    return _confirm_figure(verdict, figures, figure)


def _confirm_measure(verdict: Verdict, figures: Sequence[float]) -> Verdict:
    return _confirm_figure(verdict, figures, figure_text(_figure(verdict, figures), verdict.unit))


def _confirm_figure(verdict: Verdict, figures: Sequence[float], figure: str) -> Verdict:
    found = f"{figure} in {_repeats(figures)}"
    if _is_once_a_process(verdict, figures):
        why = f"only {found}, because it does its work once per process"
        if _is_slight(verdict, UNREPEATED_RATIO):
            return verdict.unconfirmed(f"{why}, and took less than {UNREPEATED_RATIO:g} times as long")
        return replace(verdict, reason=f"{verdict.reason}; {why}")
    if _holds(verdict, figures):
        return replace(verdict, reason=f"{verdict.reason}; again {found}")
    return verdict.unconfirmed(f"only {found}")


def _confirm_leak(verdict: Verdict, figures: Sequence[float]) -> Verdict | None:
    least, repeats = size(min(figures)), _repeats(figures)
    if _holds(verdict, figures):
        reason = f"{verdict.reason}; again {least} or more in {repeats}"
        return replace(verdict, severity=Severity.WARNING, reason=reason)
    if verdict.severity is Severity.INFO:
        return None
    found = f"falling in {repeats}, at last {least}" if is_falling(figures) else f"only {least} in {repeats}"
    return verdict.unconfirmed(found)


def _repeats(figures: Sequence[float]) -> str:
    return counted(len(figures), "repeat")


def _holds(verdict: Verdict, figures: Sequence[float]) -> bool:
    """
    Whether the repeats confirm a verdict. Repeats find warm caches and take up to a tenth less, so for the suite as a
    whole half of the excess is enough; without a slower suite, they take as long as usual at most.
    """
    if verdict.kind is VerdictKind.LEAK:
        return is_leak_again(verdict, figures)
    if not _agrees_with_first(verdict, figures):
        return False
    figure, limit = _figure(verdict, figures), verdict.limit or 0.0
    if verdict.kind is VerdictKind.SUITE_REGRESSION:
        limit = (1.0 + limit) / 2
    # A measure that is better higher is below its limit.
    return figure < limit if (verdict.measured or 0.0) < limit else figure > limit


def _agrees_with_first(verdict: Verdict, figures: Sequence[float]) -> bool:
    """
    Whether the repeats call as much as the first measurement did: calls that were counted once before may be random.
    """
    first, rule = verdict.measured or 0.0, WorkRule()
    return not verdict.base_commit or not any(differs(figure, first, rule) for figure in figures)


def _with_figure(case: Case, verdict: Verdict, figures: Sequence[float]) -> Case:
    figure = _figure(verdict, figures)
    if verdict.kind is VerdictKind.REGRESSION:
        return replace(case, normalized_duration_seconds=figure)
    if verdict.kind is VerdictKind.BUDGET:
        # The first measurement stays where it is true: its severity is that of the verdict.
        return case if _holds(verdict, figures) else replace(case, needed_seconds=figure)
    if verdict.kind is VerdictKind.COUNT:
        return case if _holds(verdict, figures) else with_count(case, verdict.causes[0].measure, figure)
    if verdict.kind is VerdictKind.WORK:
        return case
    if verdict.kind is VerdictKind.MEASURE:
        return case.with_measure(verdict.measure, figure)
    return case.with_retained(figure)


_OF_TIME = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION, VerdictKind.SUITE_REGRESSION})
_OF_WORK = frozenset({VerdictKind.WORK, VerdictKind.COUNT, VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})
_OF_COUNTS = frozenset({VerdictKind.COUNT, VerdictKind.WORK})
_OF_REPEAT = {
    UsageKey.REPEAT_CALLS: UsageKey.CALLS,
    UsageKey.REPEAT_CALLS_FINGERPRINT: UsageKey.CALLS_FINGERPRINT,
    UsageKey.REPEAT_LOOPS: UsageKey.LOOPS,
}
_CONFIRM: Mapping[VerdictKind, Callable[[Verdict, Sequence[float]], Verdict | None]] = {
    VerdictKind.REGRESSION: _confirm_time,
    VerdictKind.FILE_REGRESSION: _confirm_time,
    VerdictKind.SUITE_REGRESSION: _confirm_suite,
    VerdictKind.COUNT: _confirm_count,
    VerdictKind.MEASURE: _confirm_measure,
    VerdictKind.WORK: _confirm_count,
    VerdictKind.BUDGET: confirm_budget,
    VerdictKind.LEAK: _confirm_leak,
}

"""
What becomes of one verdict by the figures of its repeats.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import median_low

from msgspec.structs import replace

from paceline.analysis.first_imports import imported_modules
from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.suspects import OF_COUNTS
from paceline.analysis.verdicts.count import with_count
from paceline.analysis.verdicts.leak import is_falling, is_leak_again
from paceline.analysis.verdicts.regression import UNREPEATED_LOAD_RATIO, UNREPEATED_RATIO
from paceline.analysis.verdicts.work import differs
from paceline.formatting import counted, duration, size
from paceline.formatting import figure as figure_text
from paceline.model import Case, Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# A test whose repeats take less than this share of what it usually takes does its work once a process.
_ONCE_A_PROCESS = 0.5
# Such work reads files and fills caches, so on a busy machine it takes twice as long: one measurement of it has to
# take longer by this factor.
_PROVEN_ONCE_A_PROCESS = 3.0
_OF_TIME = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION, VerdictKind.SUITE_REGRESSION})


def confirm_verdict(
    verdict: Verdict, figures: Sequence[float], why_not: str, chance: Collection[VerdictKind], least_ratio: float
) -> Verdict | None:
    """
    The verdict as confirmed, as `unconfirmed`, or None where nothing is left to say.

    Args:
        verdict: that could be chance.
        figures: of its repeats; empty where it was not measured again.
        why_not: why it was not measured again, "" where that is not known.
        chance: the kinds whose verdicts mostly did not hold up.
        least_ratio: the factor from which on one measurement proves a slower test.
    """
    if figures:
        return _CONFIRM[verdict.kind](verdict, figures)
    if verdict.kind is VerdictKind.LEAK and verdict.severity is Severity.INFO:
        return None
    if verdict.kind in chance:
        return verdict.unconfirmed("not measured again, and most other suspects were refuted")
    not_again = not_measured_again(why_not)
    doubt = _doubt_of_one_measurement(verdict, not_again, least_ratio)
    return verdict.unconfirmed(doubt) if doubt else replace(verdict, reason=f"{verdict.reason}; {not_again}")


def not_measured_again(why_not: str) -> str:
    """
    That a test was not measured again, with the reason where it is known.
    """
    return f"not measured again{f' ({why_not})' if why_not else ''}"


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
    if verdict.standing and is_once_a_process(verdict, figures):
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
    if is_once_a_process(verdict, figures):
        why = f"only {found}, because it does its work once per process"
        if _is_slight(verdict, _PROVEN_ONCE_A_PROCESS):
            return verdict.unconfirmed(f"{why}, and took less than {_PROVEN_ONCE_A_PROCESS:g} times as long")
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


def is_mostly_chance(telling: Mapping[Verdict, Sequence[float]], kind: VerdictKind) -> bool:
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


def is_once_a_process(verdict: Verdict, figures: Sequence[float]) -> bool:
    """
    Whether the repeats are of a test that does its work once a process: they refute nothing.
    """
    if verdict.kind is VerdictKind.COUNT:
        return max(figures) < (verdict.limit or 0.0)
    if verdict.kind not in _OF_TIME or not verdict.measured or not verdict.factor:
        return False
    usual = verdict.measured / verdict.factor
    return max(figures) < _ONCE_A_PROCESS * usual


def least_ratio(verdict: Verdict, cases: Mapping[str, Case]) -> float:
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


def with_figure(case: Case, verdict: Verdict, figures: Sequence[float]) -> Case:
    """
    The case with the figure of its repeats, which is what later runs are compared with.
    """
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


def _figure(verdict: Verdict, figures: Sequence[float]) -> float:
    """
    The figure of all repeats: of times the lower median; of counts, and against a budget, the least; of memory the
    least, or 0 where they are no leak.
    """
    if verdict.kind in {VerdictKind.BUDGET, *OF_COUNTS}:
        return min(figures)
    if verdict.kind is VerdictKind.LEAK:
        return min(figures) if _holds(verdict, figures) else 0.0
    return median_low(figures)


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

"""
Suspects: the tests whose verdict could be chance, and that are measured again.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from paceline.analysis.busy_machine import mostly_waits
from paceline.analysis.repeat_figures import MEASURED_AGAIN
from paceline.analysis.verdicts.budget import is_of_time
from paceline.model import Case, Run, Verdict
from paceline.verdict_kinds import VerdictKind

_OF_WORK = frozenset({VerdictKind.WORK, VerdictKind.COUNT, VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})
OF_COUNTS = frozenset({VerdictKind.COUNT, VerdictKind.WORK})


def suspects_of(run: Run, fail_on: Collection[VerdictKind] = ()) -> list[str]:
    """
    The tests whose verdict could be chance, the worst first.

    Args:
        run: the run, judged.
        fail_on: the kinds of verdicts that fail the run: a broken budget is a suspect where it does.
    """
    cases = {case.id: case for case in run.cases}
    suspects = (tests_of(verdict) for verdict in run.verdicts if is_suspect(verdict, cases, fail_on))
    return list(dict.fromkeys(chain.from_iterable(suspects)))


def leak_suspects_of(run: Run) -> set[str]:
    """
    The tests that seem to keep memory.
    """
    return {verdict.case for verdict in run.verdicts if verdict.case and is_leak_of_a_test(verdict)}


def timed_suspects_of(run: Run) -> set[str]:
    """
    The tests of verdicts on more than their calls, which one repeat counts, or the memory that they keep.
    """
    timed = (one for one in run.verdicts if one.kind is not VerdictKind.WORK and not is_leak_of_a_test(one))
    return {test for verdict in timed for test in tests_of(verdict)}


def counted_suspects_of(run: Run) -> set[str]:
    """
    The tests that do more work or look slower, whose calls a repeat counts.
    """
    return {test for verdict in run.verdicts if verdict.kind in _OF_WORK for test in tests_of(verdict)}


def is_suspect(verdict: Verdict, cases: Mapping[str, Case], fail_on: Collection[VerdictKind]) -> bool:
    """
    Whether a verdict could be chance, and matters: a broken budget does where it fails the run.
    """
    is_asked_for = verdict.kind is not VerdictKind.BUDGET or VerdictKind.BUDGET in fail_on
    return is_asked_for and may_be_chance(verdict, cases)


def may_be_chance(verdict: Verdict, cases: Mapping[str, Case]) -> bool:
    """
    Whether measuring again could refute a verdict.

    A limit on what is exact, a budget that was broken or a count that was higher in the run before as well is a fact,
    and so is the failure of a test. But a test that waits may have waited for other processes in both runs.
    """
    if verdict.kind is VerdictKind.LEAK:
        return is_leak_of_a_test(verdict)
    if verdict.kind in OF_COUNTS:
        return not verdict.standing
    if verdict.kind is not VerdictKind.BUDGET:
        return verdict.kind in MEASURED_AGAIN
    case = cases.get(verdict.case or "")
    if not is_of_time(verdict) or case is None or not case.outcome.is_pass:
        return False
    return not verdict.standing or mostly_waits([case])


def is_leak_of_a_test(verdict: Verdict) -> bool:
    """
    Whether the memory of the process grew in a test; a leak test called its function often enough to be exact.
    """
    return verdict.kind is VerdictKind.LEAK and not verdict.measure


def tests_of(verdict: Verdict) -> Sequence[str]:
    """
    The tests that a verdict is about.
    """
    return verdict.tests or ((verdict.case,) if verdict.case else ())

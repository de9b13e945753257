"""
Tests that wait longer where other processes keep the machine busy: for a thread, a child process or a timeout.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace

from paceline.analysis.cause import IDLE
from paceline.analysis.first_imports import without_time
from paceline.analysis.machine_speed import need_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.budget import NEEDED
from paceline.model import Case, Run, Verdict
from paceline.verdict_kinds import VerdictKind

_OF_TIME = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})
# From this share on, the waiting is what made the test slow.
_MOSTLY = 0.5


def without_waits(
    run: Run,
    verdicts: Mapping[Verdict, Verdict | None],
    again: Collection[Verdict],
    cases: dict[str, Case],
    usual: UsualMachine,
) -> dict[Verdict, Verdict | None]:
    """
    The verdicts, without those on tests that wait longer, or could not be measured again, where the machine is busier
    than usual.

    Args:
        run: the run, judged.
        verdicts: what became of its verdicts when their tests were measured again.
        again: the verdicts whose tests were measured again.
        cases: of the run, by test id. Those that are not believed lose the figure that was judged.
        usual: the machine as it usually is.
    """
    others = run.machine.others_cpu_percent
    if others is None:
        return dict(verdicts)
    found = dict(verdicts)
    for verdict, decided in verdicts.items():
        test = next(iter(verdict.tests), verdict.case or "")
        if decided is None or decided.kind is not verdict.kind or not usual.is_busier(test, others):
            continue
        why = _why_not(verdict, is_measured=verdict in again, cases=cases)
        if not why or verdict.standing:
            continue
        busy = f"other processes used {others:.0f}% of the CPUs, usually {usual.others_cpu_percent[test]:.0f}%"
        found[verdict] = verdict.unconfirmed(f"{why}, and {busy}")
        if verdict.case is not None:
            cases[verdict.case] = _WITHOUT[verdict.kind](cases[verdict.case])
    return found


def _why_not(verdict: Verdict, *, is_measured: bool, cases: Mapping[str, Case]) -> str:
    if verdict.kind in _OF_TIME and not is_measured:
        return "not measured again"
    return "it waits" if _is_a_wait(verdict, cases) else ""


def _is_a_wait(verdict: Verdict, cases: Mapping[str, Case]) -> bool:
    if verdict.kind is VerdictKind.REGRESSION:
        return any(cause.measure == IDLE and (cause.share or 0.0) >= _MOSTLY for cause in verdict.causes)
    tests = verdict.tests if verdict.kind is VerdictKind.FILE_REGRESSION else (verdict.case or "",)
    return verdict.kind in _WITHOUT and _mostly_waits([cases[test] for test in tests if test in cases])


def _mostly_waits(cases: Sequence[Case]) -> bool:
    needs = [need for case in cases if case.outcome.is_pass and (need := need_of(case)) is not None]
    return sum(need.seconds - need.cpu_seconds for need in needs) > _MOSTLY * sum(need.seconds for need in needs)


def _without_need(case: Case) -> Case:
    return replace(case, lacking=(*case.lacking, NEEDED))


_WITHOUT: Mapping[VerdictKind, Callable[[Case], Case]] = {
    VerdictKind.REGRESSION: without_time,
    VerdictKind.FILE_REGRESSION: without_time,
    VerdictKind.BUDGET: _without_need,
}

"""
Tests that wait longer where other processes keep the machine busy: for a thread, a child process or a timeout.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from paceline.analysis.cause import IDLE
from paceline.analysis.first_imports import without_time
from paceline.analysis.machine_speed import need_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.budget import NEEDED, is_of_time
from paceline.model import Case, Run, Verdict
from paceline.verdict_kinds import VerdictKind

_OF_TIME = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})
# From this share on, the waiting is what made the test slow.
_MOSTLY = 0.5
# If others leave less of a CPU than this, threads and child processes of a test wait for them, usual as that may be.
_LEAST_CPUS = 0.5
_ALIKE = 1.1
_WAITS = "it waits"


def without_waits(
    run: Run,
    verdicts: Mapping[Verdict, Verdict | None],
    suspects: Mapping[Verdict, Sequence[float]],
    cases: dict[str, Case],
    usual: UsualMachine,
) -> dict[Verdict, Verdict | None]:
    """
    The verdicts, without those on tests that wait longer, or could not be measured again, where the machine is busier
    than usual; and where hardly a CPU is left, without those on tests that wait for another while in each repeat.

    Args:
        run: the run, judged.
        verdicts: what became of its verdicts when their tests were measured again.
        suspects: the verdicts that could be chance, with the figures of their repeats; empty if they were not
            measured again. A broken budget that fails nothing is not among them.
        cases: of the run, by test id. Those that are not believed lose the figure that was judged.
        usual: the machine as it usually is.
    """
    others = run.machine.others_cpu_percent
    if others is None:
        return dict(verdicts)
    found = dict(verdicts)
    for verdict, decided in verdicts.items():
        test = next(iter(verdict.tests), verdict.case or "")
        is_budget = verdict.kind is VerdictKind.BUDGET and is_of_time(verdict)
        if decided is None or decided.kind is not verdict.kind or (verdict.standing and not is_budget):
            continue
        why = ""
        if usual.is_busier(test, others) and not verdict.standing:
            why = _why_not(verdict, is_measured=bool(suspects.get(verdict)), cases=cases)
        elif verdict in suspects and (is_budget or verdict.kind in _OF_TIME) and _is_full(run, others):
            agrees = _agree(verdict, suspects[verdict])
            why = _WAITS if not agrees and _is_a_wait(verdict, cases) else ""
        if not why:
            continue
        usually = f", usually {usual.others_cpu_percent[test]:.0f}%" if test in usual.others_cpu_percent else ""
        busy = f"other processes used {others:.0f}% of the CPUs{usually}"
        found[verdict] = verdict.unconfirmed(f"{why}, and {busy}")
        if verdict.case is not None:
            cases[verdict.case] = _WITHOUT[verdict.kind](cases[verdict.case])
    return found


def _why_not(verdict: Verdict, *, is_measured: bool, cases: Mapping[str, Case]) -> str:
    if verdict.kind is VerdictKind.SUITE_REGRESSION:
        return "tests lose more time to others than the calibration does"
    if verdict.kind in _OF_TIME and not is_measured:
        return "not measured again"
    return _WAITS if _is_a_wait(verdict, cases) else ""


def _is_full(run: Run, others_cpu_percent: float) -> bool:
    """
    Whether other processes left hardly a CPU to the tests.
    """
    cpus = run.environment.get("cpus")
    return isinstance(cpus, int) and cpus * (100.0 - others_cpu_percent) / 100.0 < _LEAST_CPUS


def _agree(verdict: Verdict, figures: Sequence[float]) -> bool:
    """
    Whether a test takes as long in each repeat as it did at first: a sleep or a timeout is longer, and not the wait for
    threads and child processes, which is another one each time.
    """
    seconds = (verdict.measured or 0.0, *figures)
    return bool(figures) and max(seconds) <= _ALIKE * min(seconds)


def _is_a_wait(verdict: Verdict, cases: Mapping[str, Case]) -> bool:
    if verdict.kind is VerdictKind.REGRESSION:
        return any(cause.measure == IDLE and (cause.share or 0.0) >= _MOSTLY for cause in verdict.causes)
    tests = verdict.tests if verdict.kind is VerdictKind.FILE_REGRESSION else (verdict.case or "",)
    return verdict.kind in _WITHOUT and mostly_waits([cases[test] for test in tests if test in cases])


def mostly_waits(cases: Sequence[Case]) -> bool:
    """
    Whether the tests that passed spend most of their time neither on a CPU nor ready for one.
    """
    needs = [need for case in cases if case.outcome.is_pass and (need := need_of(case)) is not None]
    return sum(need.seconds - need.cpu_seconds for need in needs) > _MOSTLY * sum(need.seconds for need in needs)


def _without_need(case: Case) -> Case:
    return replace(case, lacking=(*case.lacking, NEEDED))


_WITHOUT: Mapping[VerdictKind, Callable[[Case], Case]] = {
    VerdictKind.REGRESSION: without_time,
    VerdictKind.FILE_REGRESSION: without_time,
    VerdictKind.BUDGET: _without_need,
}

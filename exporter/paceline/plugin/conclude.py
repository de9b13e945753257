"""
The end of a run: from its cases to the judged run and the exit code of the session.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pytest
from msgspec import Struct
from msgspec.structs import replace

from paceline.accounts import Account
from paceline.analysis.comparability import missing_history
from paceline.analysis.confirmation import confirmed
from paceline.analysis.failing_verdicts import failing_verdicts
from paceline.analysis.past import Past
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.usual_machine import UsualMachine
from paceline.config import Config
from paceline.formatting import counted
from paceline.model import Case, Machine, Outcome, Run, RunOutcome
from paceline.verdict_kinds import VerdictKind

EXIT_VERDICT, EXIT_NO_HISTORY = 10, 11
_OUTCOMES = {
    pytest.ExitCode.OK: RunOutcome.PASSED,
    pytest.ExitCode.NO_TESTS_COLLECTED: RunOutcome.PASSED,
    pytest.ExitCode.TESTS_FAILED: RunOutcome.FAILED,
    pytest.ExitCode.INTERRUPTED: RunOutcome.INTERRUPTED,
}


class SessionEnd(Struct, frozen=True, kw_only=True):
    """
    What pytest says of the session at its end: its exit code, and whether `-x` or a plugin stopped it.
    """

    exit_code: int
    is_cut: bool = False


def conclude(
    judged: Run,
    repeated: Repeated | None,
    end: SessionEnd,
    fail_on: Collection[VerdictKind] = (),
    usual: UsualMachine = UsualMachine(),  # noqa: B008 - a frozen value
) -> Run:
    """
    The final run.

    Args:
        judged: the run with the verdicts of its first measurements.
        repeated: the suspects as measured again; None where nothing is confirmed.
        end: of the session.
        fail_on: the kinds of verdicts that fail the run.
        usual: the machine as it usually is.
    """
    outcome = _OUTCOMES.get(end.exit_code, RunOutcome.ERROR)  # type: ignore[call-overload]
    reason = judged.partial_because or _cut_short(judged, end, outcome)
    return replace(
        judged if repeated is None else confirmed(judged, repeated, fail_on, usual),
        outcome=outcome,
        is_partial=bool(reason),
        partial_because=reason,
    )


def exit_code_of(run: Run, past: Past, settings: Config, exit_code: int) -> int:
    """
    The exit code of the session: where nothing else failed, that of a verdict which the user wants to fail on, or of a
    past that is too short for these verdicts.
    """
    if exit_code != pytest.ExitCode.OK:
        return exit_code
    if failing_verdicts(run, past, settings.fail_on).failing:
        return EXIT_VERDICT
    is_missing = settings.require_history and missing_history(settings.fail_on, run, past, settings.rules)
    return EXIT_NO_HISTORY if is_missing else exit_code


def accounts_of(cases: Sequence[Case], collected: int, selected: int) -> Mapping[Account, int]:
    """
    The number of collected tests by what became of them; the sum is `collected`.

    Args:
        cases: one for each test that ran.
        collected: the number of tests that were collected, before any was deselected.
        selected: the number of tests that were to run; where several workers ran each, all of those.
    """
    counts = Counter(map(_account_of, cases))
    counts[Account.NOT_RUN] = max(selected - len(cases), 0)
    counts[Account.DESELECTED] = max(collected - selected, 0)
    return {account: counts[account] for account in Account if counts[account]}


def judged_cases(judged: Sequence[Case], measured: Sequence[Case]) -> tuple[Case, ...]:
    """
    The cases as measured, with what judgement added to each. A test that ended after judgement is there without.

    Args:
        judged: the cases of the judged run.
        measured: the cases with their final figures.
    """
    normalized = {case.id: case.normalized_duration_seconds for case in judged}
    return tuple(replace(case, normalized_duration_seconds=normalized.get(case.id)) for case in measured)


def with_sampled(machine: Machine, sampled: Machine) -> Machine:
    """
    What judgement knows of the machine, with the figures that were sampled.
    """
    return replace(
        sampled,
        calibration_seconds=machine.calibration_seconds,
        slowdown_ratio=machine.slowdown_ratio,
        others_cpu_percent=machine.others_cpu_percent,
    )


def _account_of(case: Case) -> Account:
    if case.not_measured is not None:
        return Account.NOT_MEASURED
    return Account.SKIPPED if case.outcome is Outcome.SKIPPED else Account.MEASURED


def _cut_short(run: Run, end: SessionEnd, outcome: RunOutcome) -> str:
    not_run = run.accounts.get(Account.NOT_RUN, 0)
    if not_run:
        return f"{counted(not_run, 'selected test')} did not run"
    if end.is_cut:
        return "pytest stopped early"
    return "the session was interrupted" if outcome is RunOutcome.INTERRUPTED else ""

"""
Notes of a report on tests that were not measured, not run, or not the whole suite.
"""

from collections import Counter
from collections.abc import Iterator

from paceline.accounts import Account, NotMeasured
from paceline.formatting import counted, listed
from paceline.model import Run
from paceline.verdict_kinds import VerdictKind

_REASONS = {
    NotMeasured.CRASHED: "its process died",
    NotMeasured.DEBUGGER: "a debugger was active",
    NotMeasured.ELSEWHERE: "another process ran it",
    NotMeasured.UNTIMED: "pytest-benchmark times nothing under xdist; add -n 0 --paceline-benchmarks-only",
}
_MOST_NAMES = 3


def account_notes(run: Run) -> Iterator[str]:
    """
    A note for each account of tests that a reader might take for measured ones.
    """
    if run.partial_because:
        yield f"part of the suite, {run.partial_because}; the setting whole_suite defines the whole suite"
    not_run = run.accounts.get(Account.NOT_RUN, 0)
    lost = f"{counted(not_run, 'selected test')} did not run"
    if not_run and lost != run.partial_because:
        yield lost
    in_accounts = sum(run.accounts.values())
    if run.collected is not None and in_accounts != run.collected:
        yield f"{counted(run.collected, 'test was', 'tests were')} collected, {in_accounts:,} are accounted for"
    for reason, tests in Counter(case.not_measured for case in run.cases if case.not_measured).items():
        yield f"{counted(tests, 'test was', 'tests were')} not measured: {_REASONS.get(reason, reason)}"
    # A finding that was not confirmed says itself that its figure is not kept.
    unconfirmed = {verdict.case for verdict in run.verdicts if verdict.kind is VerdictKind.UNCONFIRMED}
    lacking = [case for case in run.cases if case.lacking and case.id not in unconfirmed]
    if lacking:
        keys = sorted({key for case in lacking for key in case.lacking})
        yield f"{counted(len(lacking), 'test lacks', 'tests lack')} figures: {listed(keys, _MOST_NAMES)}"
    if run.work is not None and run.work.varying:
        varying = counted(run.work.varying, "test was", "tests were")
        yield f"calls of {varying} not compared, because earlier runs differ"
    not_compared = sum(case.lacks_cpu_wait and case.duration_seconds is not None for case in run.cases)
    if not_compared:
        times = counted(not_compared, "time was", "times were")
        yield f"{times} not compared with earlier runs, because the wait for a CPU could not be measured"

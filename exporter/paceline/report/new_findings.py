"""
The findings of a run in short: the new ones, and a line for each kind that stood in the last run already.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from paceline.analysis.verdicts.budget import needed_seconds
from paceline.formatting import counted, duration, listed
from paceline.model import Case, Run
from paceline.report.findings import Finding
from paceline.report.headline import counted_kinds
from paceline.translated_names import BudgetSource
from paceline.verdict_kinds import VerdictKind

# More new broken budgets of test types than this are one finding for each type.
_MOST_TYPE_BUDGETS = 10
_MOST_NAMED = 2
_LONGEST = 100
_IN_BRACKETS = re.compile(r" \([^()]*\)")


def new_findings(run: Run, findings: Sequence[Finding]) -> Iterator[Finding]:
    """
    The new findings. Where many tests broke the budget of their type, one finding sums up those of a type.

    Args:
        run: the run, judged.
        findings: all of its findings.
    """
    new = [finding for finding in findings if not finding.standing]
    cases = {case.id: case for case in run.cases if case.budget_source is BudgetSource.TYPE_BUDGETS}
    broken, others = _parted(new, cases)
    if len(broken) <= _MOST_TYPE_BUDGETS:
        yield from new
        return
    first = new.index(broken[0])
    yield from others[:first]
    yield from _by_type(broken, cases)
    yield from others[first:]


def standing(findings: Sequence[Finding]) -> Iterator[str]:
    """
    How many findings of each kind stood in the last run already, with the names and figures of the worst.
    """
    old = [finding for finding in findings if finding.standing]
    for kind, group in groupby(old, key=lambda finding: finding.kind):
        found = list(group)
        (count,) = counted_kinds([kind] * sum(1 + finding.more for finding in found))
        yield f"{count}: {listed([f'{finding.case} ({_in_short(finding)})' for finding in found], _MOST_NAMED)}"


def _in_short(finding: Finding) -> str:
    """
    The beginning of the reason, which has the figure and the limit.
    """
    said = _IN_BRACKETS.sub("", finding.reason.partition("; ")[0])
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def _parted(findings: Sequence[Finding], cases: Mapping[str, Case]) -> tuple[list[Finding], list[Finding]]:
    """
    The broken budgets of these cases, and the other findings.
    """
    parts: tuple[list[Finding], list[Finding]] = ([], [])
    for finding in findings:
        is_broken = finding.kind is VerdictKind.BUDGET and finding.is_of_time and finding.case in cases
        parts[0 if is_broken else 1].append(finding)
    return parts


def _by_type(broken: Sequence[Finding], cases: Mapping[str, Case]) -> Iterator[Finding]:
    for test_type in dict.fromkeys(cases[finding.case].test_type for finding in broken):
        found = [finding for finding in broken if cases[finding.case].test_type == test_type]
        yield _summed(test_type, found, [cases[finding.case] for finding in found])


def _summed(test_type: str, found: Sequence[Finding], cases: Sequence[Case]) -> Finding:
    slowest = max(cases, key=_seconds)
    budget = duration(slowest.budget_seconds or 0.0)
    return Finding(
        kind=VerdictKind.BUDGET,
        severity=found[0].severity,
        case=counted(sum(1 + finding.more for finding in found), f"{test_type} test"),
        reason=f"over the budget of {budget} for test type {test_type}; "
        f"the slowest needed {duration(_seconds(slowest))}: {slowest.id}",
        since="",
        why="",
        advice=f"If {budget} is too little, set {test_type} = N (milliseconds) in [tool.paceline.budgets_ms], "
        "or mark slow tests with another test type; -v lists all of them.",
        values=(),
        is_test=False,
        added_seconds=sum(finding.added_seconds for finding in found),
    )


def _seconds(case: Case) -> float:
    return needed_seconds(case) or 0.0

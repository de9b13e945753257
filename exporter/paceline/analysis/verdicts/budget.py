"""
Budgets: which one holds for a test, and whether the test kept it.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from msgspec import Struct, field

from paceline.formatting import duration
from paceline.model import Case, Severity, Verdict
from paceline.verdict_kinds import VerdictKind

DEFAULT_BUDGETS_MS: Mapping[str, float] = {
    "unit": 100.0,
    "integration": 2000.0,
    "api": 5000.0,
    "e2e": 10000.0,
}
# Where the budget of a marker comes from: it fails the test.
MARKER = "its performance marker"
# Twice over a budget is no longer noise.
_CRITICAL_FACTOR = 2.0


# How the source of a budget begins that all tests of a type have.
OF_TYPE = "test type"


class Budget(NamedTuple):
    """
    The longest call phase allowed, and where that was said.
    """

    seconds: float
    source: str


class Budgets(Struct, frozen=True, kw_only=True):
    """
    All budgets in force, in milliseconds.

    `every_ms` is the budget of each test that has none of its own (`--paceline-budget`).
    """

    every_ms: float | None = None
    by_test_ms: Mapping[str, float] = field(default_factory=dict)
    by_path_ms: Mapping[str, float] = field(default_factory=dict)
    by_type_ms: Mapping[str, float] = field(default_factory=lambda: DEFAULT_BUDGETS_MS)

    def budget_of(self, family: str, test_type: str) -> Budget | None:
        """
        The budget of a test that has no marker of its own: its own setting, else the budget of every test,
        else the first path pattern that fits, else its type's.
        """
        if family in self.by_test_ms:
            return Budget(self.by_test_ms[family] / 1e3, f"the setting for {family}")
        if self.every_ms is not None:
            return Budget(self.every_ms / 1e3, "--paceline-budget")
        path = family.partition("::")[0]
        for pattern, milliseconds in self.by_path_ms.items():
            if fnmatchcase(path, pattern):
                return Budget(milliseconds / 1e3, f"the setting for {pattern}")
        if test_type in self.by_type_ms:
            return Budget(self.by_type_ms[test_type] / 1e3, f"{OF_TYPE} {test_type}")
        return None


def judge_budget(case: Case) -> Verdict | None:
    """
    Whether the call phase took longer than the case's budget.
    """
    measured, limit = case.duration_seconds, case.budget_seconds
    if measured is None or limit is None or measured <= limit:
        return None
    factor = measured / limit
    return Verdict(
        kind=VerdictKind.BUDGET,
        severity=Severity.CRITICAL if factor >= _CRITICAL_FACTOR else Severity.WARNING,
        case=case.id,
        measured=measured,
        limit=limit,
        unit="seconds",
        factor=factor,
        reason=budget_reason(measured, Budget(limit, case.budget_source)),
    )


def budget_reason(seconds: float, budget: Budget) -> str:
    """
    What is said of a broken budget, in the report and in the failure of a test.
    """
    limit = duration(budget.seconds)
    # As many digits as tell the two apart: "took 100 ms, budget 100 ms" is a riddle.
    shown = (duration(seconds, digits) for digits in range(3, 7))
    measured = next((text for text in shown if text != limit), limit)
    return f"took {measured}, budget {limit} ({budget.source})"

"""
Budgets: which one holds for a test, and whether the test kept it.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from msgspec import Struct, field

from paceline.formatting import duration
from paceline.model import Case, Severity, Verdict
from paceline.translated_names import BudgetSource
from paceline.verdict_kinds import VerdictKind

DEFAULT_BUDGETS_MS: Mapping[str, float] = {
    "unit": 100.0,
    "integration": 2000.0,
    "api": 5000.0,
    "e2e": 10000.0,
}
_SOURCES_IN_WORDS: Mapping[BudgetSource | None, str] = {
    None: "",
    BudgetSource.MARKER: "its performance marker",
    BudgetSource.OPTION: "--paceline-budget",
    BudgetSource.TEST_BUDGETS: "the setting for {}",
    BudgetSource.PATH_BUDGETS: "the setting for {}",
    BudgetSource.TYPE_BUDGETS: "test type {}",
    BudgetSource.ARGUMENT: "its argument budget_ms",
}
# Twice over a budget is no longer noise.
_CRITICAL_FACTOR = 2.0


class Budget(NamedTuple):
    """
    The longest call phase allowed, and where that was said. `key` is the key of a setting: a test, a pattern of paths,
    or a test type.
    """

    seconds: float
    source: BudgetSource | None
    key: str = ""

    @classmethod
    def of(cls, case: Case) -> "Budget | None":
        """
        The budget that a case was measured with.
        """
        keys: dict[BudgetSource | None, str] = {
            BudgetSource.TEST_BUDGETS: case.family,
            BudgetSource.PATH_BUDGETS: case.budget_pattern or "its path",
            BudgetSource.TYPE_BUDGETS: case.test_type,
        }
        if case.budget_seconds is None:
            return None
        return cls(case.budget_seconds, case.budget_source, keys.get(case.budget_source, ""))

    @property
    def pattern(self) -> str:
        """
        The pattern of paths that the budget is for; "" where it is for something else.
        """
        return self.key if self.source is BudgetSource.PATH_BUDGETS else ""


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
            return Budget(self.by_test_ms[family] / 1e3, BudgetSource.TEST_BUDGETS, family)
        if self.every_ms is not None:
            return Budget(self.every_ms / 1e3, BudgetSource.OPTION)
        path = family.partition("::")[0]
        for pattern, milliseconds in self.by_path_ms.items():
            if fnmatchcase(path, pattern):
                return Budget(milliseconds / 1e3, BudgetSource.PATH_BUDGETS, pattern)
        if test_type in self.by_type_ms:
            return Budget(self.by_type_ms[test_type] / 1e3, BudgetSource.TYPE_BUDGETS, test_type)
        return None


def judge_budget(case: Case) -> Verdict | None:
    """
    Whether the call phase took longer than the case's budget.
    """
    measured, budget = case.duration_seconds, Budget.of(case)
    if measured is None or budget is None or measured <= budget.seconds:
        return None
    factor = measured / budget.seconds
    return Verdict(
        kind=VerdictKind.BUDGET,
        severity=Severity.CRITICAL if factor >= _CRITICAL_FACTOR else Severity.WARNING,
        case=case.id,
        measured=measured,
        limit=budget.seconds,
        unit="seconds",
        factor=factor,
        reason=budget_reason(measured, budget),
    )


def budget_reason(seconds: float, budget: Budget) -> str:
    """
    What is said of a broken budget, in the report and in the failure of a test.
    """
    limit = duration(budget.seconds)
    # As many digits as tell the two apart: "took 100 ms, budget 100 ms" is a riddle.
    shown = (duration(seconds, digits) for digits in range(3, 7))
    measured = next((text for text in shown if text != limit), limit)
    source = _SOURCES_IN_WORDS.get(budget.source, str(budget.source)).format(budget.key)
    return f"took {measured}, budget {limit}{f' ({source})' if source else ''}"

"""
Budgets: which one holds for a test, and whether the test kept it.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from msgspec import Struct, field

from paceline.analysis.machine_speed import need
from paceline.formatting import duration
from paceline.model import Case, Severity, Verdict
from paceline.quantity import Unit
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
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
    BudgetSource.OPTION: "the budget of every test",
    BudgetSource.TEST_BUDGETS: "the setting for {}",
    BudgetSource.PATH_BUDGETS: "the setting for {}",
    BudgetSource.TYPE_BUDGETS: "test type {}",
    BudgetSource.ARGUMENT: "its argument budget_ms",
}
# Twice over a budget is no longer noise.
_CRITICAL_FACTOR = 2.0
# In `Case.lacking` of a test whose needed time is not believed.
NEEDED = "needed_seconds"
# A wait for a CPU below this share of the time explains nothing.
_SHOWN_WAIT = 0.01


class Budget(NamedTuple):
    """
    The longest time that a call phase may need, and where that was said. `key` is the key of a setting: a test, a
    pattern of paths, or a test type.
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


def is_of_time(verdict: Verdict) -> bool:
    """
    Whether the verdict on a broken budget is about the time of a test, and not about a measure or a limit.
    """
    return verdict.unit == Unit.SECONDS and not verdict.measure


def needed_seconds(case: Case) -> float | None:
    """
    The figure that is judged against the budget of a case: by the clock where the wait for a CPU is not known.
    None of a test whose calls were counted, which takes time.
    """
    if NEEDED in case.lacking:
        return None
    if case.needed_seconds is not None:
        return case.needed_seconds
    return None if case.duration_seconds is None or case.is_counted else need(case.duration_seconds, case.usage).seconds


def judge_budget(case: Case) -> Verdict | None:
    """
    Whether the call phase of a case needed more time than its budget.
    """
    measured, budget = needed_seconds(case), Budget.of(case)
    if case.duration_seconds is None or measured is None or budget is None or measured <= budget.seconds:
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
        reason=budget_reason(case.duration_seconds, case.usage, budget),
    )


def budget_reason(seconds: float, usage: Mapping[str, float], budget: Budget) -> str:
    """
    How a call phase broke its budget, for the report and the failure of a test; "" where it kept the budget.

    Args:
        seconds: of the call phase by the clock.
        usage: of the call phase.
        budget: of the test.
    """
    needed = need(seconds, usage).seconds
    if needed <= budget.seconds:
        return ""
    source = _SOURCES_IN_WORDS.get(budget.source, str(budget.source)).format(budget.key)
    took = _time_taken(seconds, needed, budget.seconds, usage.get(UsageKey.SHARED_GC_SECONDS, 0.0))
    clock = "" if UsageKey.CPU_WAIT_SECONDS in usage else " by the clock (the wait for a CPU was not measured)"
    return f"took {took}{clock}, budget {duration(budget.seconds)}{f' ({source})' if source else ''}"


def _time_taken(seconds: float, needed: float, budget: float, collecting: float) -> str:
    taken_out = {"waiting for a CPU": seconds - needed - collecting, "collecting garbage for all tests": collecting}
    shown = [f"{duration(part)} {why}" for why, part in taken_out.items() if part >= _SHOWN_WAIT * seconds]
    if shown:
        return f"{duration(seconds)}, of which {' and '.join(shown)}"
    # Enough digits to distinguish the two: "took 100 ms, budget 100 ms" is a riddle.
    exact = (duration(needed, digits) for digits in range(3, 7))
    limit = duration(budget)
    return next((text for text in exact if text != limit), limit)

"""
The columns of the past that say how a test kept its budgets and limits, also where it failed.
"""

from collections.abc import Iterator

from paceline.analysis.verdicts.budget import judge_budget, needed_seconds
from paceline.analysis.verdicts.limits import broken_limits, over_limits
from paceline.model import Case
from paceline.translated_names import BudgetSource

# The time that a test needed, divided by its budget.
BUDGET_USED = "budget_used_ratio"
# 1 where an option gave the budget, which may have been for one run.
BUDGET_OF_OPTION = "budget_of_option"
# 1 where a test failed by its own budget or limit.
FAILED_BY_BUDGET = "failed_by_budget"
# Before the name of a measure or a usage: 1 where it was beyond its limit, else 0.
BEYOND_LIMIT = "beyond_limit."


def budget_columns(case: Case) -> Iterator[tuple[str, float]]:
    """
    The figures of a case that passed or failed, by column.
    """
    needed = needed_seconds(case)
    if needed is not None and case.budget_seconds:
        yield BUDGET_USED, needed / case.budget_seconds
        if case.budget_source is BudgetSource.OPTION:
            yield BUDGET_OF_OPTION, 1.0
    for limit in case.limits:
        if limit.measure not in case.lacking:
            yield BEYOND_LIMIT + limit.measure, float(any(over_limits([limit], case.usage)))
    for name, measure in case.measures.items():
        if measure.limit is not None:
            yield BEYOND_LIMIT + name, float(measure.breaks_limit)
    if fails_by_budget(case):
        yield FAILED_BY_BUDGET, 1.0


def fails_by_budget(case: Case) -> bool:
    """
    Whether the failure of a test is that of its own budget or limit.
    """
    if not case.outcome.is_failure:
        return False
    is_over = case.budget_source is BudgetSource.MARKER and judge_budget(case) is not None
    is_over = is_over or any(measure.breaks_limit for measure in case.measures.values())
    return is_over or any(limit.source is BudgetSource.MARKER for limit in broken_limits(case))


def is_broken(column: str, value: float) -> bool:
    """
    Whether a figure of a column is that of a broken budget or limit.
    """
    if column in {BUDGET_OF_OPTION, FAILED_BY_BUDGET}:
        return False
    return value > (1.0 if column == BUDGET_USED else 0.0)

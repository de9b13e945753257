"""
The columns of the past that say how a test kept its budgets and limits, also where it failed.
"""

from collections.abc import Iterator

from paceline.analysis.verdicts.budget import needed_seconds
from paceline.analysis.verdicts.limits import over_limits
from paceline.model import Case
from paceline.translated_names import BudgetSource

# The time that a test needed, divided by its budget.
BUDGET_USED = "budget_used_ratio"
# 1 where an option gave the budget, which may have been for one run.
BUDGET_OF_OPTION = "budget_of_option"
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


def is_broken(column: str, value: float) -> bool:
    """
    Whether a figure of a column is that of a broken budget or limit.
    """
    if column == BUDGET_OF_OPTION:
        return False
    return value > (1.0 if column == BUDGET_USED else 0.0)

"""
Whether the last run of a test broke the budget that it had then.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from paceline.analysis.budget_columns import BEYOND_LIMIT, BUDGET_OF_OPTION, BUDGET_USED, budget_columns, is_broken
from paceline.analysis.past import OUTCOME, Needed, Past
from paceline.model import Case, Verdict
from paceline.quantity import Unit
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey

_NEW_BUDGET = "the budget is new: the last run of the test was over it as well"


def needed_for_budgets(cases: Iterable[Case]) -> Needed:
    """
    The columns of the past for the broken budgets of some cases.
    """
    broken = {case.id: [column for column, value in budget_columns(case) if is_broken(column, value)] for case in cases}
    columns = dict.fromkeys(column for found in broken.values() for column in found)
    if BUDGET_USED in columns:
        columns[BUDGET_OF_OPTION] = None
    return Needed(tuple(columns), tuple(case_id for case_id, found in broken.items() if found))


def compared_with_last_run(verdict: Verdict, case: Case, past: Past, *, was_over: bool) -> Verdict:
    """
    The verdict on a broken budget as standing or new.

    Args:
        verdict: on a broken budget.
        case: the test in this run.
        past: its earlier runs.
        was_over: whether the last run of the test was over the budget of this run.
    """
    was_broken = _was_broken(verdict, case, past)
    if was_over and was_broken is False:
        return replace(verdict, reason=f"{verdict.reason}; {_NEW_BUDGET}")
    return replace(verdict, standing=was_over if was_broken is None else was_broken)


def _was_broken(verdict: Verdict, case: Case, past: Past) -> bool | None:
    """
    Whether the last run of the test broke its budget; None where the past does not say.

    A budget that an option gave may have been for that run only, so it does not count for the budget of a setting.
    """
    ran = past.series(OUTCOME, case.id).runs
    series = {column: past.series(column, case.id) for column in _columns_of(verdict, case)}
    # Each series has positions of a type of its own, which are equal as numbers alone.
    found = [
        is_broken(column, one.values[-1]) for column, one in series.items() if one.runs and one.runs[-1] == ran[-1]
    ]
    if BUDGET_USED in series and case.budget_source is not BudgetSource.OPTION:
        of_option = past.series(BUDGET_OF_OPTION, case.id).runs
        if of_option and of_option[-1] == ran[-1]:
            return False
    return any(found) if found else None


def _columns_of(verdict: Verdict, case: Case) -> tuple[str, ...]:
    """
    The columns of the budgets that a verdict may be about.
    """
    if verdict.measure:
        return (BEYOND_LIMIT + verdict.measure,)
    if verdict.unit in {"", Unit.SECONDS}:
        return (BUDGET_USED,)
    limits = [limit for limit in case.limits if UsageKey(limit.measure).quantity.unit == verdict.unit]
    return tuple(BEYOND_LIMIT + limit.measure for limit in limits if limit.most == verdict.limit)

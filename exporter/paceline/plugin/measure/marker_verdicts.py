"""
Whether a test kept the limits of its marker: as its call ends, and when it is measured again.
"""

from collections.abc import Iterable, Mapping

from paceline.analysis.verdicts.budget import budget_reason, judge_budget
from paceline.analysis.verdicts.limits import limit_reason, over_limits
from paceline.analysis.verdicts.measures import judge_limit
from paceline.analysis.verdicts.measures import limit_reason as measure_reason
from paceline.measure import Measure
from paceline.model import Case, Verdict
from paceline.plugin.collect.plan import CasePlan
from paceline.translated_names import BudgetSource

_USED = "used more than it may"


def failure_of_call(
    plan: CasePlan, seconds: float | None, usage: Mapping[str, float], measures: Mapping[str, Measure]
) -> str:
    """
    The failure of a test whose call has ended; "" where the call kept the limits of the marker.

    Args:
        plan: of the test, with the limits.
        seconds: of the call by the clock; None where its limits of time are judged by repeats.
        usage: of the call.
        measures: of the call, with the response times of the endpoint that the marker names.
    """
    if seconds is not None and plan.is_hard and plan.budget is not None:
        reason = budget_reason(seconds, usage, plan.budget)
        if reason:
            return f"The test {reason}."
    own = (limit for limit in plan.limits if limit.source is BudgetSource.MARKER)
    over = [limit_reason(usage[limit.measure], limit) for limit in over_limits(own, usage)]
    if seconds is not None:
        of_endpoint = ((name, measures[name]) for name in _of_endpoint(plan, measures))
        over += [measure_reason(name, measure) for name, measure in of_endpoint if measure.breaks_limit]
    return f"The test {_USED}: {'; '.join(over)}." if over else ""


def marker_verdicts(plan: CasePlan, case: Case) -> list[Verdict]:
    """
    A verdict for each limit of time that a test did not keep: its budget, and that of the endpoint of its marker.
    """
    found = [judge_budget(case)] if plan.is_hard else []
    found += [judge_limit(case.id, name, case.measures[name]) for name in _of_endpoint(plan, case.measures)]
    return [verdict for verdict in found if verdict is not None]


def failure_of(verdicts: Iterable[Verdict]) -> str:
    """
    The failure of a test whose repeats broke its limits of time as well.
    """
    reasons = (f"{_USED}: {verdict.reason}" if verdict.measure else verdict.reason for verdict in verdicts)
    return f"The test {'; '.join(reasons)}."


def _of_endpoint(plan: CasePlan, measures: Mapping[str, Measure]) -> list[str]:
    return [name for name in measures if plan.endpoint.fits(name)] if plan.endpoint is not None else []

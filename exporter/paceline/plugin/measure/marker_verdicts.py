"""
Verdicts on the limits of time that a marker gives a test.
"""

from paceline.analysis.verdicts.budget import judge_budget
from paceline.analysis.verdicts.measures import judge_limit
from paceline.model import Case, Verdict
from paceline.plugin.collect.plan import CasePlan


def marker_verdicts(plan: CasePlan, case: Case) -> list[Verdict]:
    """
    A verdict for each of them that a test did not keep: on its budget, and on the endpoint that its marker names.
    """
    found = [judge_budget(case)] if plan.is_hard else []
    if plan.endpoint is not None:
        own = (name for name in case.measures if plan.endpoint.fits(name))
        found += [judge_limit(case.id, name, case.measures[name]) for name in own]
    return [verdict for verdict in found if verdict is not None]

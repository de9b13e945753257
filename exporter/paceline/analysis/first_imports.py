"""
Imports that a test makes for all tests after it: in another order they are another test's.
"""

from msgspec.structs import replace

from paceline.analysis.past import NORMALIZED
from paceline.model import Case, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind


def imported_modules(verdict: Verdict) -> int:
    """
    The number of modules that the test of a regression was the first to import; 0 if the test usually imports as many.
    """
    if verdict.kind is not VerdictKind.REGRESSION:
        return 0
    return next((round(cause.after) for cause in verdict.causes if cause.measure == UsageKey.IMPORTED_MODULES), 0)


def without_time(case: Case) -> Case:
    """
    The case without a time that is compared with other runs.
    """
    return replace(case, normalized_duration_seconds=None, lacking=(*case.lacking, NORMALIZED))

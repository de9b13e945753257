"""
The kinds of verdicts.
"""

from paceline.values import OpenEnum


class VerdictKind(OpenEnum):
    """
    What judgement can find.
    """

    BUDGET = "budget"
    REGRESSION = "regression"
    SUITE_REGRESSION = "suite_regression"
    COUNT = "count"
    CHANGE_POINT = "change_point"
    TREND = "trend"
    LEAK = "leak"
    FLAKY = "flaky"
    DURATION_FLAKY = "duration_flaky"
    BROKEN = "broken"
    UNCONFIRMED = "unconfirmed"

    @property
    def can_fail(self) -> bool:
        """
        Whether a run may be made to fail on it: what was not confirmed is no finding, and what is unknown is none here.
        """
        return self.is_known and self is not VerdictKind.UNCONFIRMED


FAILING_KINDS = tuple(kind for kind in VerdictKind if kind.can_fail)

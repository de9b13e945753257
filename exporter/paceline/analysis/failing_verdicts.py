"""
Which verdicts fail a run?
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from paceline.analysis.past import Past
from paceline.model import Run, Verdict
from paceline.verdict_kinds import VerdictKind


class GateVerdicts(NamedTuple):
    """
    The verdicts of the kinds that the user wants to fail on: `failing` fail the run. `inherited` do not: the last run
    of the branch that the run's branch is compared with had the same.
    """

    failing: Sequence[Verdict]
    inherited: Sequence[Verdict]


def failing_verdicts(run: Run, past: Past, kinds: Collection[VerdictKind]) -> GateVerdicts:
    """
    Part the verdicts of these kinds: a change does not fail for what was there before it.

    Args:
        run: the run, judged.
        past: the runs that it was compared with.
        kinds: those that the user wants to fail on.
    """
    asked = [verdict for verdict in run.verdicts if verdict.kind in kinds]
    if not past.runs or past.runs[-1].branch == run.branch:
        return GateVerdicts(asked, ())
    return GateVerdicts([one for one in asked if not one.standing], [one for one in asked if one.standing])

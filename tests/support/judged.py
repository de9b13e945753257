"""
Runs judged in order of time.
"""

from collections.abc import Callable, Iterable

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past, PastRun, Series, append_figures, past_run
from paceline.model import Run
from paceline.usage import UsageKey


def judged_in_turn(runs: Iterable[Run], is_past: Callable[[Run], bool] = lambda _: True) -> list[Run]:
    """
    Judge each run against all runs before it that are part of the past.

    The series of the past grow, as making them anew for each run takes most of the time of such a test.
    """
    judged: list[Run] = []
    before: list[PastRun] = []
    columns: dict[str, dict[str, Series]] = {key: {} for key in UsageKey}
    for run in runs:
        judged.append(judge(run, Past(runs=tuple(before), columns=columns), Rules()))
        if is_past(judged[-1]):
            append_figures(columns, len(before), judged[-1])
            before.append(past_run(judged[-1]))
    return judged

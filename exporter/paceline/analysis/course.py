"""
What the times of a test tell over the window, where this run alone tells nothing: two speeds, a step, or a creep.
"""

from collections.abc import Sequence

from paceline.analysis.change_point import Step, distance, find_step, judge_step, since_run
from paceline.analysis.modes import judge_modes
from paceline.analysis.past import NORMALIZED, Past, Series
from paceline.analysis.rules import Rules
from paceline.analysis.trend import WEEK, distance_from_line, judge_trend, may_rise
from paceline.model import Case, Verdict


def judge_course(case: Case, ended: float, past: Past, rules: Rules) -> Verdict | None:
    """
    Whether a test has two modes, stepped up, or creeps up; the first of these that is so.

    Args:
        case: the test in this run, normalised.
        ended: when this run ended.
        past: its earlier runs.
        rules: the thresholds.
    """
    seconds = case.normalized_duration_seconds
    if seconds is None:
        return None
    series = past.series(NORMALIZED, case.id)
    if len(series.values) + 1 < min(rules.trend.min_runs, rules.modes.min_runs):
        return None
    values = [*series.values, seconds]
    return judge_modes(case.id, values, rules.modes) or _rise(case.id, values, ended, (series, past), rules)


def _rise(
    case_id: str, values: Sequence[float], ended: float, earlier: tuple[Series, Past], rules: Rules
) -> Verdict | None:
    if len(values) < rules.trend.min_runs or not may_rise(values, rules.trend):
        return None
    series, past = earlier
    step = find_step(values)
    if step is not None and _is_step(values, step):
        since = since_run(series, step.position, past.runs)
        return judge_step(case_id, values, step, since, rules.trend) if since else None
    weeks = (ended - past.runs[series.runs[0]].ended) / WEEK
    return judge_trend(case_id, values, weeks, rules.trend)


def _is_step(values: Sequence[float], step: Step) -> bool:
    """
    A single step is no creep, though every line through it rises: the shape that is nearer to the values is told.
    """
    stepped = distance(values[: step.position]) + distance(values[step.position :])
    return stepped < distance_from_line(values)

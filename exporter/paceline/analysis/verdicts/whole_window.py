"""
Findings in the times of a test over the window, which this run alone does not show: two speeds, a step, or a creep.
"""

from collections.abc import Sequence

from paceline.analysis.judgement_rules import Rules, TrendRule
from paceline.analysis.past import NORMALIZED, Past, PastRun
from paceline.analysis.verdicts.change_point import Step, distance, find_step, judge_step, since_run
from paceline.analysis.verdicts.trend import WEEK, distance_from_line, judge_trend, may_rise
from paceline.analysis.verdicts.two_speeds import judge_modes
from paceline.model import Case, Verdict


def judge_window(case: Case, now: PastRun, past: Past, rules: Rules) -> Verdict | None:
    """
    Whether a test has two modes, stepped up, or creeps up; the first of these that is so.

    Args:
        case: the test in this run, normalised.
        now: this run.
        past: its earlier runs.
        rules: the thresholds.
    """
    seconds = case.normalized_duration_seconds
    series = past.series(NORMALIZED, case.id)
    if seconds is None or len(series.values) + 1 < min(rules.trend.min_runs, rules.modes.min_runs):
        return None
    values = [*series.values, seconds]
    two_speeds = judge_modes(case.id, values, rules.modes)
    if two_speeds or len(values) < rules.trend.min_runs or not may_rise(values, rules.trend):
        return two_speeds
    runs = [*(past.runs[position] for position in series.runs), now]
    step = find_step(values)
    if step is not None and _is_nearer_than_line(values, step):
        return judge_step(case.id, values, step, since_run(runs[:-1], step.position), rules.trend)
    return _creep(case.id, values, runs, rules.trend)


def _is_nearer_than_line(values: Sequence[float], step: Step) -> bool:
    """
    A single step is no creep, though every line through it rises: the shape that is nearer to the values is told.
    """
    return distance(values[: step.position]) + distance(values[step.position :]) < distance_from_line(values)


def _creep(case_id: str, values: Sequence[float], runs: Sequence[PastRun], rule: TrendRule) -> Verdict | None:
    weeks = (runs[-1].ended - runs[0].ended) / WEEK
    return judge_trend(case_id, values, weeks, rule)

"""
The bounded summary of the past: per suite and per test, however many runs there were.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from paceline.analysis.estimators import Interval, quantile, slope
from paceline.analysis.past import NORMALIZED, OUTCOME, Past, Series, columns_of, past_run
from paceline.analysis.verdicts.trend import WEEK, slope_of, weekly_share
from paceline.model import Run

_DIGITS = 9
# An interval takes quadratic time: it is there for what grew or shrank by more than a tenth in eight runs or more.
_TELLING_GROWTH = 0.1
_FEWEST_RUNS = 8


class Summary(Struct, frozen=True, kw_only=True):
    """
    A series in a few figures, in seconds but for `runs` and `weekly`.

    `slope` is per run; `slope_low` and `slope_high` are its 95% interval, where the series grew or shrank by more than
    a tenth. `weekly` is what a week adds, as a share of the median.
    """

    runs: int
    latest: float
    p50: float
    p95: float
    p99: float
    slope: float
    slope_low: float | None = None
    slope_high: float | None = None
    weekly: float | None = None


class SuiteSummary(Struct, frozen=True, kw_only=True):
    """
    A suite: its latest run, its whole runs by the clock (None where there are none), and each test since the latest
    whole run, by the normalised times of the runs in which it passed.
    """

    test_count: int
    run_id: str
    ended: float
    branch: str
    duration_seconds: Summary | None
    tests: Mapping[str, Summary]


class Trends(Struct, frozen=True, kw_only=True):
    """
    `trends.json`.
    """

    schema: int = 1
    suites: Mapping[str, SuiteSummary]


def summarize(run: Run, past: Past) -> SuiteSummary:
    """
    Sum up the past and this run.
    """
    whole = [one for one in (*past.runs, past_run(run)) if not one.is_partial]
    suite = [one.duration_seconds for one in whole]
    ended = [*(one.ended for one in past.runs), run.ended]
    figures = {case.id: columns_of(case) for case in run.cases}
    tests = {}
    for case_id in _present(figures, run, past):
        now = figures.get(case_id, {})
        steady = _with(past.series(NORMALIZED, case_id), now.get(NORMALIZED), len(past.runs))
        if steady.runs:
            weeks = (ended[steady.runs[-1]] - ended[steady.runs[0]]) / WEEK
            tests[case_id] = _summary(steady.values, weeks)
    return SuiteSummary(
        test_count=whole[-1].cases if whole else len(run.cases),
        run_id=run.run_id,
        ended=run.ended,
        branch=run.branch,
        duration_seconds=_summary(suite, (whole[-1].ended - whole[0].ended) / WEEK) if whole else None,
        tests=tests,
    )


def _present(now: Collection[str], run: Run, past: Past) -> Iterable[str]:
    """
    The tests of the latest whole run and of those since; what it had no more is gone.
    """
    if not run.is_partial:
        return now
    since = max((position for position, one in enumerate(past.runs) if not one.is_partial), default=0)
    known = past.column(OUTCOME)
    latest = (case_id for case_id in known if (series := known.get(case_id)) and series.runs[-1] >= since)
    return {**dict.fromkeys(latest), **dict.fromkeys(now)}


def _with(before: Series, value: float | None, position: int) -> Series:
    if value is None:
        return before
    return Series([*before.runs, position], [*before.values, value])


def _summary(values: Sequence[float], weeks: float) -> Summary:
    ordered = sorted(values)
    p50 = quantile(ordered, 0.5)
    per_run, interval = _slope(values, p50)
    growth = per_run * (len(values) - 1)
    weekly = weekly_share(growth, p50, weeks)
    return Summary(
        runs=len(values),
        latest=round(values[-1], _DIGITS),
        p50=round(p50, _DIGITS),
        p95=round(quantile(ordered, 0.95), _DIGITS),
        p99=round(quantile(ordered, 0.99), _DIGITS),
        slope=round(per_run, _DIGITS),
        slope_low=round(interval.low, _DIGITS) if interval else None,
        slope_high=round(interval.high, _DIGITS) if interval else None,
        weekly=round(weekly, _DIGITS) if weekly is not None else None,
    )


def _slope(values: Sequence[float], p50: float) -> tuple[float, Interval | None]:
    quick = slope(values)
    if len(values) < _FEWEST_RUNS or abs(quick) * (len(values) - 1) <= _TELLING_GROWTH * p50:
        return quick, None
    interval = slope_of(values)
    return interval.estimate, interval

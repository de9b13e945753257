"""
The bounded summary of the past: per suite and per test, however many runs there were.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from paceline.analysis.estimators import quantile, slope
from paceline.analysis.past import DURATION, NORMALIZED, Past
from paceline.model import Run

_DIGITS = 9


class Summary(Struct, frozen=True, kw_only=True):
    """
    A series in six figures, all but `runs` in seconds. `slope` is per run, of normalised durations for a test.
    """

    runs: int
    latest: float
    p50: float
    p95: float
    p99: float
    slope: float


class SuiteSummary(Struct, frozen=True, kw_only=True):
    """
    A suite: its latest run, its whole runs by the clock, and each test of its latest run.
    """

    test_count: int
    run_id: str
    ended: float
    branch: str
    duration_seconds: Summary
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
    earlier = [one.duration_seconds for one in past.runs if not one.is_partial]
    clock, normal = past.columns.get(DURATION, {}), past.columns.get(NORMALIZED, {})
    tests = {}
    for case in run.cases:
        if case.duration_seconds is None or case.normalized_duration_seconds is None:
            continue
        before, before_normal = clock.get(case.id), normal.get(case.id)
        tests[case.id] = _summary(
            [*(before.values if before else ()), case.duration_seconds],
            [*(before_normal.values if before_normal else ()), case.normalized_duration_seconds],
        )
    return SuiteSummary(
        test_count=len(run.cases),
        run_id=run.run_id,
        ended=run.ended,
        branch=run.branch,
        duration_seconds=_summary([*earlier, run.duration_seconds]),
        tests=tests,
    )


def _summary(values: Sequence[float], steady: Sequence[float] | None = None) -> Summary:
    ordered = sorted(values)
    return Summary(
        runs=len(values),
        latest=round(values[-1], _DIGITS),
        p50=round(quantile(ordered, 0.5), _DIGITS),
        p95=round(quantile(ordered, 0.95), _DIGITS),
        p99=round(quantile(ordered, 0.99), _DIGITS),
        slope=round(slope(values if steady is None else steady), _DIGITS),
    )

"""
The last earlier run of a test, as a case with a past of its own.
"""

from bisect import bisect_left
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.past import ATTEMPTS, DURATION, MEASURES, NORMALIZED, OUTCOME, Past, PastRun, Series
from paceline.model import Case, Outcome
from paceline.usage import UsageKey


class Earlier(NamedTuple):
    """
    A case of an earlier run, that run, and the past of the test until then.
    """

    case: Case
    run: PastRun
    past: Past


def earlier_case(case: Case, past: Past) -> Earlier | None:
    """
    The test in the last run that it passed or failed in, with the figures that were read; None where it is new.

    Args:
        case: the test in this run.
        past: its earlier runs.
    """
    runs = past.series(OUTCOME, case.id).runs
    if not runs:
        return None
    last = runs[-1]
    columns = {measure: past.series(measure, case.id) for measure in past.columns}
    figures = {measure: value for measure, series in columns.items() if (value := _at(last, series)) is not None}
    before = replace(
        case,
        outcome=Outcome.PASSED if figures[OUTCOME] else Outcome.FAILED,
        attempts=max(int(figures.get(ATTEMPTS, 1)), 1),
        duration_seconds=figures.get(DURATION),
        normalized_duration_seconds=figures.get(NORMALIZED),
        usage={key: figures[key] for key in UsageKey if key in figures},
        measures={
            name: replace(measure, value=figures[MEASURES + name])
            for name, measure in case.measures.items()
            if MEASURES + name in figures
        },
    )
    until = {measure: {case.id: _until(last, series)} for measure, series in columns.items()}
    return Earlier(before, past.runs[last], replace(past, runs=past.runs[:last], columns=until))


def _at(run: int, series: Series) -> float | None:
    place = bisect_left(series.runs, run)
    return series.values[place] if place < len(series.runs) and series.runs[place] == run else None


def _until(run: int, series: Series) -> Series:
    place = bisect_left(series.runs, run)
    return Series(series.runs[:place], series.values[:place])

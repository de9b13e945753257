"""
What else moved between two sides: CPU, waiting, memory, and what the tests themselves counted.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from msgspec.structs import replace

from paceline.analysis.cause import causes_of
from paceline.analysis.past import MEASURES, Past
from paceline.analysis.sides import Side
from paceline.model import Case, Cause, Measure, Run, UsageKey

# Was taken out of the time before it was compared.
_TAKEN_OUT = UsageKey.CPU_WAIT_SECONDS


class Companions:
    """
    Looks for the causes of a slowdown both ways: what fell is what would have grown from head to base.
    """

    def __init__(self, base: Side, head: Side) -> None:
        self._base: Final = base.cases
        self._head: Final = head.cases
        self._before: Final = Past.from_runs([_as_needed(run) for run in base.runs])
        self._after: Final = Past.from_runs([_as_needed(run) for run in head.runs])

    def of(self, case_id: str, *, is_time_changed: bool) -> tuple[Cause, ...]:
        """
        The figures of a test that moved from base to head, the most telling first.
        """
        grown = causes_of(_typical(self._head[case_id]), self._before)
        fallen = causes_of(_typical(self._base[case_id]), self._after)
        moved = [*grown, *(replace(cause, before=cause.after, after=cause.before) for cause in fallen)]
        told = [cause for cause in moved if cause.measure != _TAKEN_OUT]
        return tuple(cause for cause in told if is_time_changed or not _is_part_of_time(cause.measure))


def _is_part_of_time(measure: str) -> bool:
    return measure.endswith("_seconds") and not measure.startswith(MEASURES)


def _as_needed(run: Run) -> Run:
    # What was taken out for the machine by each run's own past is of no use beside another run's.
    return replace(run, cases=tuple(replace(case, normalized_duration_seconds=None) for case in run.cases))


def _typical(cases: Sequence[Case]) -> Case:
    passed = [case for case in cases if case.outcome.is_pass]
    durations = [case.duration_seconds for case in passed if case.duration_seconds is not None]
    return replace(
        passed[-1],
        duration_seconds=median(durations) if durations else None,
        normalized_duration_seconds=None,
        usage={UsageKey(key): value for key, value in _medians([case.usage for case in passed]).items()},
        measures=_measures(passed),
    )


def _medians(figures: Sequence[Mapping[UsageKey, float] | Mapping[str, float]]) -> dict[str, float]:
    columns: dict[str, list[float]] = {}
    for one in figures:
        for name, value in one.items():
            columns.setdefault(name, []).append(value)
    return {name: median(values) for name, values in columns.items()}


def _measures(cases: Sequence[Case]) -> dict[str, Measure]:
    values = _medians([{name: measure.value for name, measure in case.measures.items()} for case in cases])
    units = {name: measure.unit for case in cases for name, measure in case.measures.items()}
    return {name: Measure(value=value, unit=units[name]) for name, value in values.items()}

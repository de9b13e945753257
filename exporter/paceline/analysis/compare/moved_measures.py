"""
What else moved between two sides: CPU, waiting, memory, and what the tests themselves counted.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from msgspec.structs import replace

from paceline.analysis.absent_counts import with_absent_counts
from paceline.analysis.cause import PARTS_OF_TIME, TAKEN_OUT, causes_of
from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.machine_speed import need_of
from paceline.analysis.past import Past
from paceline.measure import Measure
from paceline.model import Case, Cause


class Companions:
    """
    Looks for the causes of a slowdown both ways: what fell is what would have grown from head to base.
    """

    def __init__(self, base: Side, head: Side) -> None:
        base, head = _as_needed(base), _as_needed(head)
        self._base: Final = base.cases
        self._head: Final = head.cases
        self._before: Final = with_absent_counts(Past.from_runs(base.runs))
        self._after: Final = with_absent_counts(Past.from_runs(head.runs))

    def of(self, case_id: str, *, is_time_changed: bool) -> tuple[Cause, ...]:
        """
        The figures of a test that moved from base to head, the most telling first.
        """
        grown = causes_of(_typical(self._head[case_id]), self._before)
        fallen = causes_of(_typical(self._base[case_id]), self._after)
        moved = [*grown, *(replace(cause, before=cause.after, after=cause.before) for cause in fallen)]
        return tuple(cause for cause in moved if is_time_changed or cause.measure not in PARTS_OF_TIME)


def _as_needed(side: Side) -> Side:
    return replace(side, runs=tuple(replace(run, cases=tuple(map(_needed, run.cases))) for run in side.runs))


def _needed(case: Case) -> Case:
    """
    The case with the times that are compared: without the wait for a CPU, and as long as on this machine.

    What was taken out for the machine by each run's own past is of no use beside another run's.
    """
    need = need_of(case)
    return replace(
        case,
        duration_seconds=need.seconds if need else None,
        normalized_duration_seconds=None,
        usage={key: value for key, value in case.usage.items() if key not in TAKEN_OUT},
    )


def _typical(cases: Sequence[Case]) -> Case:
    passed = [case for case in cases if case.outcome.is_pass]
    durations = [case.duration_seconds for case in passed if case.duration_seconds is not None]
    return replace(
        passed[-1],
        duration_seconds=median(durations) if durations else None,
        usage=_medians([case.usage for case in passed]),
        measures=_measures(passed),
    )


def _medians(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    columns: dict[str, list[float]] = {}
    for one in figures:
        for name, value in one.items():
            columns.setdefault(name, []).append(value)
    return {name: median(values) for name, values in columns.items()}


def _measures(cases: Sequence[Case]) -> dict[str, Measure]:
    values = _medians([{name: measure.value for name, measure in case.measures.items()} for case in cases])
    units = {name: measure.unit for case in cases for name, measure in case.measures.items()}
    return {name: Measure(value=value, unit=units[name]) for name, value in values.items()}

"""
Cause: what else moved when a test got slower?
"""

from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

from paceline.analysis.past import DURATION, MEASURES, Past, Series
from paceline.model import Case, Cause, UsageKey

# Time in which the test neither ran nor was ready to run: sleep, IO, locks, other processes.
IDLE = "idle_seconds"
# A part of the time that explains less than this share of the growth is not named.
_TELLING_SHARE = 0.3
_TELLING_RATIO = 1.2


class _Part(NamedTuple):
    growth: float
    cause: Cause


# What is too small a change to explain anything.
_FLOORS: Mapping[str, float] = {
    UsageKey.MEMORY_PEAK_BYTES: 1 << 20,
    UsageKey.READ_BYTES: 64 << 10,
    UsageKey.WRITTEN_BYTES: 64 << 10,
    UsageKey.VOLUNTARY_CONTEXT_SWITCHES: 20,
    UsageKey.GC_COLLECTIONS: 5,
    UsageKey.PROCESSES_LEFT: 0.5,
    UsageKey.THREADS_LEFT: 0.5,
}


def causes_of(case: Case, past: Past) -> tuple[Cause, ...]:
    """
    The figures that moved with a regression, the most telling first: what the added time was spent on, then
    what the test did more of.
    """
    return (*_shares_of_time(case, past), *_counts(case, past))


def _shares_of_time(case: Case, past: Past) -> list[Cause]:
    now = {DURATION: case.duration_seconds or 0.0, **_times(case.usage)}
    before = {measure: _usual(past.series(measure, case.id)) for measure in (DURATION, *_TIMES)}
    if before[DURATION] is None or before[UsageKey.CPU_SECONDS] is None or UsageKey.CPU_SECONDS not in now:
        return []
    was = {measure: value or 0.0 for measure, value in before.items()}
    growth = now[DURATION] - was[DURATION]
    was[IDLE], now[IDLE] = _idle(was), _idle(now)
    parts = (
        _Part(
            now.get(measure, 0.0) - was[measure],
            Cause(measure=measure, before=was[measure], after=now[measure]),
        )
        for measure in (*_TIMES, IDLE)
        if measure in now
    )
    telling = [part for part in parts if growth > 0 and part.growth >= _TELLING_SHARE * growth]
    return [part.cause for part in sorted(telling, key=lambda part: -part.growth)]


_TIMES = (UsageKey.CPU_SECONDS, UsageKey.CPU_WAIT_SECONDS)


def _times(usage: Mapping[UsageKey, float]) -> dict[str, float]:
    return {key: usage[key] for key in _TIMES if key in usage}


def _idle(times: Mapping[str, float]) -> float:
    return max(times[DURATION] - sum(times.get(key, 0.0) for key in _TIMES), 0.0)


def _counts(case: Case, past: Past) -> list[Cause]:
    figures = {str(key): value for key, value in case.usage.items() if key in _FLOORS}
    figures.update({MEASURES + name: measure.value for name, measure in case.measures.items()})
    moved = []
    for measure, after in figures.items():
        before = _usual(past.series(measure, case.id))
        if before is None or after - before <= _FLOORS.get(measure, 0.0) or after < _TELLING_RATIO * before:
            continue
        moved.append(_Part(after / max(before, 1e-9), Cause(measure=measure, before=before, after=after)))
    return [part.cause for part in sorted(moved, key=lambda part: -part.growth)]


def _usual(series: Series) -> float | None:
    return median(series.values) if series.values else None

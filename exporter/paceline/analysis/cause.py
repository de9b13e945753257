"""
Cause: what else moved when a test got slower?
"""

from collections.abc import Mapping
from statistics import median

from paceline.analysis.past import DURATION, MEASURES, Past
from paceline.analysis.speed import need_of
from paceline.model import Case, Cause, UsageKey

# Time in which the test neither ran nor was ready to run: sleep, IO, locks, other processes.
IDLE = "idle_seconds"
# A part of the time that explains less than this share of the growth is not named.
_TELLING_SHARE = 0.3
_TELLING_RATIO = 1.2
# Something that grew from nothing grew endlessly.
_SMALLEST = 1e-9

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
    The figures that moved with a regression, the most telling first: what the test itself counted, then what
    the added time was spent on, then what the system counted.
    """
    measures = {MEASURES + name: measure.value for name, measure in case.measures.items()}
    counts = {str(key): value for key, value in case.usage.items() if key in _FLOORS}
    return (*_grown(measures, case.id, past), *_shares_of_time(case, past), *_grown(counts, case.id, past))


def _shares_of_time(case: Case, past: Past) -> list[Cause]:
    need, before = need_of(case), _usual_parts(past, case.id)
    if need is None or before is None or UsageKey.CPU_SECONDS not in case.usage:
        return []
    now = {str(UsageKey.CPU_SECONDS): need.cpu_seconds, IDLE: need.seconds - need.cpu_seconds}
    growth = sum(now.values()) - sum(before.values())
    grown = {measure: after - before[measure] for measure, after in now.items()}
    telling = [measure for measure in now if growth > 0 and grown[measure] >= _TELLING_SHARE * growth]
    telling.sort(key=lambda measure: -grown[measure])
    return [Cause(measure=measure, before=before[measure], after=now[measure]) for measure in telling]


def _usual_parts(past: Past, case_id: str) -> dict[str, float] | None:
    columns = (DURATION, UsageKey.CPU_SECONDS, UsageKey.CPU_WAIT_SECONDS)
    seconds, cpu, wait = (dict(zip(*past.series(column, case_id), strict=True)) for column in columns)
    idle = [max(seconds[run] - cpu[run] - wait.get(run, 0.0), 0.0) for run in cpu if run in seconds]
    return {str(UsageKey.CPU_SECONDS): median(cpu.values()), IDLE: median(idle)} if idle else None


def _grown(figures: Mapping[str, float], case_id: str, past: Past) -> list[Cause]:
    causes = []
    for measure, after in figures.items():
        values = past.series(measure, case_id).values
        before = median(values) if values else after
        if after - before > _FLOORS.get(measure, 0.0) and after >= _TELLING_RATIO * before:
            causes.append(Cause(measure=measure, before=before, after=after))
    return sorted(causes, key=lambda cause: -cause.after / max(cause.before, _SMALLEST))

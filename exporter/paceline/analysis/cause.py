"""
Cause: what else moved when a test got slower?
"""

from bisect import bisect_left
from collections.abc import Mapping
from math import log
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.machine_speed import Need, need_of
from paceline.analysis.origin_of_count import origin_of
from paceline.analysis.past import DURATION, MEASURES, NORMALIZED, Past
from paceline.analysis.verdicts.count import WORK
from paceline.kit_results import BenchmarkResult, LoadResult
from paceline.model import Case, Cause
from paceline.quantity import CauseRole
from paceline.usage import UsageKey

# Time in which the test neither ran nor was ready to run: sleep, IO, locks, other processes.
IDLE = "idle_seconds"
CHILDREN_CPU = "children_cpu_seconds"
MACHINE = "machine_slowdown_ratio"
_CHILDREN = (UsageKey.CHILDREN_CPU_USER_SECONDS, UsageKey.CHILDREN_CPU_SYSTEM_SECONDS)
# Time that other threads spend too, and that is part of the CPU time or of the idle time.
_TOUCHED = tuple(key for key in UsageKey if key.quantity.cause is CauseRole.PART_OF_TIME and key.quantity.probe)
_SPENT = tuple(key for key in UsageKey if key.quantity.cause is CauseRole.PART_OF_TIME)
PARTS_OF_TIME = frozenset({IDLE, CHILDREN_CPU, *_SPENT})
# What a normalised time is without, though the test spent it.
TAKEN_OUT = (UsageKey.CPU_WAIT_SECONDS, UsageKey.SHARED_GC_SECONDS)
# A part of the time that explains less than this share of the growth is not named.
_TELLING_SHARE = 0.3
_TELLING_RATIO = 1.2
# Something that grew from nothing grew endlessly.
_SMALLEST = 1e-9
# What grew by the square root of the factor of the time, or more, grew with it.
_WITH_THE_TIME = 0.5

# What the system counted, and the growth up to which it explains nothing.
_FLOORS: Mapping[str, float] = {key: key.quantity.floor for key in UsageKey if key.quantity.cause is CauseRole.SYSTEM}


class Before(NamedTuple):
    """
    The runs of one test before it got slower: those of `past` that come before the position `until`.
    """

    past: Past
    case_id: str
    until: int

    def values(self, measure: str) -> dict[int, float]:
        series = self.past.series(measure, self.case_id)
        count = bisect_left(series.runs, self.until)
        return dict(zip(series.runs[:count], series.values[:count], strict=True))


class TimeShares(NamedTuple):
    """
    The normalised seconds of a test by what they were spent on; `children` is the CPU time of its child processes.
    """

    cpu: float
    children: float
    idle: float

    @property
    def seconds(self) -> float:
        return sum(self)


def compared_measures(case: Case) -> list[str]:
    """
    The measures of the past that `causes_of` compares with a case.
    """
    counts = (key for key in case.usage if key in _FLOORS or key in WORK)
    return [*map(str, (DURATION, NORMALIZED, *_SPENT, *counts)), *(MEASURES + name for name in case.measures)]


def causes_of(case: Case, past: Past, until: int | None = None) -> tuple[Cause, ...]:
    """
    The figures that moved with a regression, the most telling first: what the test counted and what grew with the
    time, then what the added time was spent on, then what grew less and what the system counted, last the machine.

    Args:
        case: the test in this run.
        past: its earlier runs.
        until: the position of the first of them that was slow already; None where none was.
    """
    before = Before(past, case.id, len(past.runs) if until is None else until)
    measures = {
        MEASURES + name: measure.value
        for name, measure in case.measures.items()
        if not (case.benchmark_seconds and (BenchmarkResult.has_figure(name) or LoadResult.has_figure(name)))
    }
    work = {str(key): value for key, value in case.usage.items() if key in WORK}
    counts = {str(key): value for key, value in case.usage.items() if key in _FLOORS}
    grown = [_with_origin(cause, case) for cause in _grown({**measures, **work}, before)]
    if case.benchmark_seconds is not None:
        # The other figures are of all rounds, and there are fewer rounds where each takes longer.
        return tuple(grown)
    needed = _needed_growth(case, before)
    telling = [cause for cause in grown if log(_growth(cause)) >= needed]
    others = [cause for cause in grown if cause not in telling]
    return (*telling, *_shares_of_time(case, before), *others, *_grown(counts, before), *_machine(case, before))


def _normalized(case: Case) -> float:
    """
    The time as it was judged; without a ruler that is the time without the wait for a CPU.
    """
    need = need_of(case)
    seconds = case.normalized_duration_seconds
    return seconds if seconds is not None else need.seconds if need else 0.0


def _needed_growth(case: Case, before: Before) -> float:
    usual, seconds = _median(before.values(NORMALIZED)) or 0.0, _normalized(case)
    return _WITH_THE_TIME * log(seconds / usual) if 0 < usual < seconds else 0.0


def _shares_of_time(case: Case, before: Before) -> list[Cause]:
    now, usual = _parts_now(case), _usual_parts(before)
    if now is None or usual is None or now.seconds <= usual.seconds:
        return []
    growth = now.seconds - usual.seconds
    named = zip((UsageKey.CPU_SECONDS, CHILDREN_CPU, IDLE), usual, now, strict=True)
    causes = [
        Cause(measure=str(measure), before=old, after=new, share=min((new - old) / growth, 1.0))
        for measure, old, new in named
        if new - old >= _TELLING_SHARE * growth
    ]
    return [*_shares_touched(case, before, growth), *sorted(causes, key=lambda cause: cause.before - cause.after)]


def _shares_touched(case: Case, before: Before, growth: float) -> list[Cause]:
    """
    The time in databases and the like, which is named beside the parts of the time that it is in, and normalised as the
    time of the test is.
    """
    times, normalized = before.values(DURATION), before.values(NORMALIZED)
    scale = _scale(case.duration_seconds or 0.0, _normalized(case))
    scales = {run: _scale(seconds, normalized.get(run, seconds)) for run, seconds in times.items()}
    causes = []
    for key in (key for key in _TOUCHED if key in case.usage):
        usual = _median({run: value * scales.get(run, 1.0) for run, value in before.values(key).items()})
        now = case.usage[key] * scale
        if usual is not None and now - usual >= _TELLING_SHARE * growth:
            share = min((now - usual) / growth, 1.0)
            causes.append(Cause(measure=str(key), before=usual, after=now, share=share))
    return sorted(causes, key=lambda cause: cause.before - cause.after)


def _scale(seconds: float, normalized: float) -> float:
    return min(normalized / seconds, 1.0) if seconds > 0 else 1.0


def _parts_now(case: Case) -> TimeShares | None:
    need = need_of(case)
    if need is None or UsageKey.CPU_SECONDS not in case.usage:
        return None
    return _parts(need, _normalized(case), sum(case.usage.get(key, 0.0) for key in _CHILDREN))


def _parts(need: Need, normalized: float, children: float) -> TimeShares:
    """
    What is divided for a slow machine is the time on its CPUs, and so the rest of the normalised time is that.
    """
    idle = min(need.seconds - need.cpu_seconds, normalized)
    on_cpu = normalized - idle
    of_children = on_cpu * min(children / need.cpu_seconds, 1.0) if need.cpu_seconds > 0 else 0.0
    return TimeShares(on_cpu - of_children, of_children, idle)


def _usual_parts(before: Before) -> TimeShares | None:
    """
    The median of each part, over the runs that know all of them: others do not turn into time without CPU.
    """
    seconds, cpu = before.values(DURATION), before.values(UsageKey.CPU_SECONDS)
    wait, normalized = before.values(UsageKey.CPU_WAIT_SECONDS), before.values(NORMALIZED)
    children, shared = [before.values(key) for key in _CHILDREN], before.values(UsageKey.SHARED_GC_SECONDS)
    parts = []
    for run in cpu.keys() & seconds.keys():
        collecting = shared.get(run, 0.0)
        on_cpu = max(min(cpu[run], seconds[run]) - collecting, 0.0)
        needed = max(seconds[run] - wait.get(run, 0.0) - collecting, on_cpu)
        of_children = sum(column.get(run, 0.0) for column in children)
        parts.append(_parts(Need(needed, on_cpu), normalized.get(run, needed), of_children))
    return TimeShares(*map(median, zip(*parts, strict=True))) if parts else None


def _with_origin(cause: Cause, case: Case) -> Cause:
    return replace(cause, origin=origin_of(case, cause.measure, cause.after))


def _grown(figures: Mapping[str, float], before: Before) -> list[Cause]:
    causes = []
    for measure, after in figures.items():
        usual = _median(before.values(measure))
        if usual is not None and after - usual > _FLOORS.get(measure, 0.0) and after >= _TELLING_RATIO * usual:
            causes.append(Cause(measure=measure, before=usual, after=after))
    return sorted(causes, key=lambda cause: -_growth(cause))


def _growth(cause: Cause) -> float:
    return max(cause.after, _SMALLEST) / max(cause.before, _SMALLEST)


def _machine(case: Case, before: Before) -> list[Cause]:
    """
    The machine, where more was taken out for it than was added to the time: then what is left may be the rest of it.

    A test that takes longer waits longer for a CPU too, and so much is no fault of the machine.
    """
    need, normalized, usual = need_of(case), _normalized(case), _median(before.values(NORMALIZED))
    if need is None or usual is None or normalized <= usual:
        return []
    growth, slowed = normalized - usual, need.seconds - normalized
    causes = []
    for key in TAKEN_OUT:
        known, now = _median(before.values(key)) or 0.0, case.usage.get(key, 0.0)
        if now - known * normalized / max(usual, _SMALLEST) >= growth:
            causes.append(Cause(measure=str(key), before=known, after=now))
    if slowed >= growth:
        ratio = need.cpu_seconds / max(need.cpu_seconds - slowed, _SMALLEST)
        causes.append(Cause(measure=MACHINE, before=1.0, after=ratio))
    return causes


def _median(values: Mapping[int, float]) -> float | None:
    return median(values.values()) if values else None

"""
The search for leaks: call, look, and call on only where something grew.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Final, NamedTuple

from paceline.analysis.estimators import Interval
from paceline.formatting import counted
from paceline.kit_results.leak import Growth, LeakResult
from paceline.testkit.calling import Steps
from paceline.testkit.leak.bystanders import BoundedCaches, name_of_cache
from paceline.testkit.leak.level_trend import Stage, growth
from paceline.testkit.leak.levels import (
    CAN_READ_HEAP,
    Samples,
    fill_cache_of_malloc,
    frozen_objects,
    most_descriptors,
    read_levels,
)
from paceline.testkit.leak.naming import Allocations, allocations, snapshot, tracing
from paceline.unpatched import UNPATCHED

_WARM_UP_CALLS, _WARM_UP_SECONDS = 20, 0.3
# Seconds that the search may take beyond the calls that were asked for.
_EXTRA_SECONDS = 1.8
# The lengths of the stages after the first, in times of the calls that were asked for. The last two are for suspects.
_STAGES = (2, 4, 8)
_SAMPLES, _FEWEST_SAMPLES = 20, 3
# Later stages of a test with fewer iterations are as long as those of one with so many.
_FEWEST_CALLS = 10
_TRACED_CALLS, _TRACED_SHARE = 50, 0.25
# A cache is the reason where emptying it gives back this share of what memory grew by.
_EXPLAINS = 0.7
# Growth per call up to these is no growth.
_FLOORS: Mapping[str, float] = {
    "blocks": 0.05,
    "heap_bytes": 8.0,
    "descriptors": 0.02,
    "threads": 0.02,
    "tasks": 0.02,
}
_MOST_THREADS = 500
_OF_MEMORY = ("blocks", "heap_bytes")


class _Found(NamedTuple):
    """
    The growth per call by level, and why growth of memory is no leak; "" where it is one.
    """

    growths: Mapping[str, Interval]
    note: str = ""
    traced: Allocations | None = None


class LeakSearch:
    """
    One search.

    Args:
        iterations: calls that were asked for.
        name: of the result.
    """

    def __init__(self, iterations: int, name: str) -> None:
        self._iterations: Final = iterations
        self._name: Final = name
        self._stages: Final[list[Samples]] = []
        self._calls = 0
        self._seconds_of_calls = 0.0
        self._seconds_left = _EXTRA_SECONDS
        self._caches: Final = BoundedCaches()
        self._found = _Found({})

    def steps(self) -> Steps:
        """
        The calls of the search; after the last, `result` is there.
        """
        with frozen_objects():
            fill_cache_of_malloc()
            yield from self._paid(self._warm_up())
            yield from self._stage(self._iterations)
            base = max(self._iterations, _FEWEST_CALLS)
            for times in _STAGES:
                if times != _STAGES[0] and not self._has_to_go_on(times * base):
                    break
                calls = self._affordable(times * base)
                if calls < _FEWEST_SAMPLES:
                    break
                yield from self._paid(self._stage(calls))
            self._found = yield from self._explained(self._suspects())

    def _warm_up(self) -> Iterator[int]:
        started = UNPATCHED.monotonic()
        for _ in range(min(_WARM_UP_CALLS, self._iterations)):
            yield 1
            if UNPATCHED.monotonic() - started > _WARM_UP_SECONDS:
                break

    def _stage(self, calls: int) -> Iterator[int]:
        batches = min(_SAMPLES, calls)
        samples = Samples(batches + 1, calls / batches)
        samples.add()
        done, started = 0, UNPATCHED.monotonic()
        for number in range(1, batches + 1):
            batch = round(calls * number / batches) - done
            yield batch
            done += batch
            samples.add()
        self._calls += calls
        self._seconds_of_calls += UNPATCHED.monotonic() - started
        self._stages.append(samples)

    def _paid(self, steps: Iterator[int]) -> Iterator[int]:
        started = UNPATCHED.monotonic()
        yield from steps
        self._seconds_left -= UNPATCHED.monotonic() - started

    def _affordable(self, calls: int, share: float = 1.0) -> int:
        seconds_of_call = self._seconds_of_calls / self._calls
        return int(min(calls, share * self._seconds_left / max(seconds_of_call, 1e-9)))

    def _has_to_go_on(self, calls: int) -> bool:
        """
        Whether memory grew, which may be a cache that fills, and as many calls more do not exhaust the process.
        """
        suspects = self._suspects()
        return any(level in suspects for level in _OF_MEMORY) and not any(
            level in suspects and self._stages[-1].of(level)[-1] + calls * suspects[level].estimate > most
            for level, most in {"descriptors": most_descriptors(), "threads": _MOST_THREADS}.items()
        )

    def _suspects(self) -> dict[str, Interval]:
        found = {level: growth(self._stages_of(level), floor) for level, floor in _FLOORS.items()}
        return {level: one for level, one in found.items() if one is not None}

    def _stages_of(self, level: str) -> list[Stage]:
        # The first stage still warms up what fills within it.
        later = self._stages[1:] or self._stages
        stages = [Stage(samples.of(level), samples.calls_per_sample) for samples in later]
        # A single stage has no stage before it to be compared with, but two halves.
        return [*stages[0].halves(), *stages[1:]]

    def _explained(self, growths: dict[str, Interval]) -> Generator[int, None, _Found]:
        if not any(level in growths for level in _OF_MEMORY):
            return _Found(growths)
        others = {level: one for level, one in growths.items() if level not in _OF_MEMORY}
        if why := self._filling_cache():
            return _Found(others, why)
        calls = self._affordable(_TRACED_CALLS, _TRACED_SHARE)
        if calls < 1:
            return _Found(growths)
        with tracing():
            yield 1
            snapshot()  # compiles the patterns of its filters the first time
            before = snapshot()
            yield calls
            traced = allocations(before, snapshot(), calls)
        if traced.is_of_mock:
            return _Found(others, "the Mock keeps all its calls: use reset_mock() or a plain function", traced)
        return _Found(growths, "", traced)

    def _filling_cache(self) -> str:
        grown = self._caches.grown()
        if not grown:
            return ""
        full = read_levels().memory_bytes
        for cache in grown:
            cache.cache_clear()
        given_back = full - read_levels().memory_bytes
        if given_back < _EXPLAINS * (full - self._stages[0].memory_bytes[0]):
            return ""
        return f"a bounded cache fills: {', '.join(map(name_of_cache, grown))}"

    def _stages_needed(self, growths: Mapping[str, Interval]) -> int:
        # Memory may be a cache that fills, which as many calls more show.
        is_of_memory = any(level in growths for level in _OF_MEMORY) and not growths.keys() - set(_OF_MEMORY)
        return len(_STAGES) if is_of_memory else 1

    @property
    def result(self) -> LeakResult:
        """
        The result of the steps.
        """
        found = self._found
        samples = [level for stage in self._stages for level in stage.memory_bytes]
        memory = Stage(self._stages[-1].memory_bytes, self._stages[-1].calls_per_sample).slope()
        traced = found.traced.bytes_per_call if found.traced is not None else None
        is_certain = not found.growths or len(self._stages) > self._stages_needed(found.growths)
        notes = [
            found.note,
            "" if is_certain else f"only {counted(self._calls, 'call')} in the available time",
            "" if CAN_READ_HEAP else "memory of C code and large objects needs psutil 7.2",
        ]
        return LeakResult(
            name=self._name,
            iterations=self._iterations,
            initial_bytes=samples[0],
            final_bytes=samples[-1],
            samples=tuple(samples),
            bytes_per_call=memory.estimate if traced is None else max(traced, 0.0),
            low_bytes_per_call=memory.low,
            high_bytes_per_call=memory.high,
            growths=tuple(_growths(found.growths, memory, traced)),
            sites=found.traced.sites if found.traced is not None and found.growths else (),
            note="; ".join(filter(None, notes)),
            is_certain=is_certain,
        )


def _growths(found: Mapping[str, Interval], memory: Interval, traced: float | None) -> list[Growth]:
    grown = []
    if any(level in found for level in _OF_MEMORY):
        # Python's own allocations are traced, and C code's are not.
        is_native = traced is not None and traced < memory.estimate / 2
        per_call = memory.estimate if traced is None or is_native else traced
        resource = "native memory" if is_native else "memory"
        grown.append(Growth(resource=resource, per_call=per_call, low=memory.low, high=memory.high))
    return grown + [
        Growth(resource=level, per_call=one.estimate, low=one.low, high=one.high)
        for level, one in found.items()
        if level not in _OF_MEMORY
    ]

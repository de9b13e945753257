"""
Makes one result of what all workers counted.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from hdrh.histogram import HdrHistogram

from paceline.kit_results.load import GeneratorUse, Latency, LoadEndpoint, LoadErrors, LoadInterval
from paceline.testkit.load.load_plan import ErrorCount, LoadPlan, WorkerDone, WorkerInterval

_MICROSECONDS = 1e6
# An hour; what took longer counts as an hour.
_LONGEST = 3_600_000_000
_DIGITS = 3
# Seconds, three in each power of ten.
_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
# A result has at most so many intervals, each of so many whole seconds.
_MOST_INTERVALS = 300


class Gathering:
    """
    Adds up the intervals of all workers.
    """

    def __init__(self, plan: LoadPlan, names: Sequence[str]) -> None:
        self.requests = self.failures = self.warm_up = self.received_bytes = 0
        self.elapsed_seconds = 0.0
        self.interval_seconds: Final = max(1, ceil(plan.whole_seconds / _MOST_INTERVALS))
        self._names: Final = names
        self._last: Final = max(ceil(plan.whole_seconds) - 1, 0) // self.interval_seconds
        self._all: Final = _histogram()
        self._by_target: Final = [self._all] if len(names) == 1 else [_histogram() for _ in names]
        self._failures: Final = [0] * len(names)
        self._lags: Final = _histogram()
        self._errors: Final[dict[str, ErrorCount]] = {}
        self._intervals: Final[dict[int, _Gathered]] = {}
        self._cpu: Final[list[WorkerDone]] = []

    def add(self, interval: WorkerInterval) -> None:
        """
        Add what a worker counted.
        """
        place = min(interval.second // self.interval_seconds, self._last)
        gathered = self._intervals.setdefault(place, _Gathered())
        gathered.users[interval.second] = gathered.users.get(interval.second, 0) + interval.users
        for target, counts in interval.latencies.items():
            self.requests += self._add_latencies(target, counts, gathered)
        for target, count in interval.failures.items():
            self._failures[target] += count
            gathered.failures += count
            self.failures += count
            self.requests += count
        for kind, error in interval.errors.items():
            before = self._errors.get(kind, ErrorCount(count=0, example=error.example))
            self._errors[kind] = ErrorCount(count=before.count + error.count, example=before.example)
        for lag, count in interval.lags.items():
            self._lags.record_value(min(lag, _LONGEST), count)
        self.received_bytes += interval.received_bytes
        self.warm_up += interval.warm_up

    def end(self, done: WorkerDone) -> None:
        """
        Add the last message of a worker.
        """
        self._cpu.append(done)
        self.elapsed_seconds = max(self.elapsed_seconds, done.elapsed_seconds)

    def latest_interval(self) -> LoadInterval | None:
        """
        The interval that began last; None before the first.
        """
        place = max(self._intervals, default=None)
        return self._intervals[place].result(place * self.interval_seconds) if place is not None else None

    def latency(self) -> Latency:
        """
        The latency of all requests that succeeded.
        """
        if not self._all.get_total_count():
            return Latency()
        p50, p90, p95, p99, p999 = (_percentile(self._all, share) for share in (50, 90, 95, 99, 99.9))
        return Latency(
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
            p999=p999,
            mean=self._all.get_mean_value() / _MICROSECONDS,
            max=self._all.get_max_value() / _MICROSECONDS,
            histogram=self._all.encode().decode(),
            within=dict(zip(_BOUNDS, _within(self._all, _BOUNDS), strict=True)),
        )

    def errors(self) -> tuple[LoadErrors, ...]:
        """
        The failures by kind, the most frequent first.
        """
        ordered = sorted(self._errors.items(), key=lambda item: -item[1].count)
        return tuple(LoadErrors(kind=kind, count=error.count, example=error.example) for kind, error in ordered)

    def intervals(self) -> tuple[LoadInterval, ...]:
        """
        The intervals in their order.
        """
        return tuple(
            gathered.result(place * self.interval_seconds) for place, gathered in sorted(self._intervals.items())
        )

    def endpoints(self) -> tuple[LoadEndpoint, ...]:
        """
        The endpoints in their order.
        """
        return tuple(
            LoadEndpoint(
                name=name,
                requests=histogram.get_total_count() + failures,
                failures=failures,
                p50_seconds=_percentile(histogram, 50) if histogram.get_total_count() else None,
                p95_seconds=_percentile(histogram, 95) if histogram.get_total_count() else None,
            )
            for name, histogram, failures in zip(self._names, self._by_target, self._failures, strict=True)
        )

    def generator(self) -> GeneratorUse:
        """
        Lag and CPU of all workers.
        """
        waits = [done.cpu_wait_seconds for done in self._cpu if done.cpu_wait_seconds is not None]
        return GeneratorUse(
            lag_p50_seconds=_percentile(self._lags, 50),
            lag_p99_seconds=_percentile(self._lags, 99),
            cpu_seconds=sum(done.cpu_seconds for done in self._cpu) if self._cpu else None,
            cpu_wait_seconds=sum(waits) if waits else None,
        )

    def _add_latencies(self, target: int, counts: Mapping[int, int], gathered: "_Gathered") -> int:
        histogram, total = self._by_target[target], 0
        for microseconds, count in counts.items():
            value = min(microseconds, _LONGEST)
            self._all.record_value(value, count)
            if histogram is not self._all:
                histogram.record_value(value, count)
            gathered.latencies[value] = gathered.latencies.get(value, 0) + count
            total += count
        return total


class _Gathered:
    """
    An interval while it is gathered; `users` are by second.
    """

    def __init__(self) -> None:
        self.latencies: dict[int, int] = {}
        self.users: dict[int, int] = {}
        self.failures = 0

    def result(self, second: int) -> LoadInterval:
        successes = sum(self.latencies.values())
        p50, p95, p99 = (_quantile(self.latencies, successes, share) for share in (0.5, 0.95, 0.99))
        return LoadInterval(
            second=second,
            requests=successes + self.failures,
            failures=self.failures,
            users=max(self.users.values(), default=0),
            p50_seconds=p50,
            p95_seconds=p95,
            p99_seconds=p99,
        )


def _histogram() -> HdrHistogram:
    return HdrHistogram(1, _LONGEST, _DIGITS)


def _percentile(histogram: HdrHistogram, percent: float) -> float:
    return float(histogram.get_value_at_percentile(percent)) / _MICROSECONDS


def _within(histogram: HdrHistogram, bounds: Sequence[float]) -> list[int]:
    """
    How many values are up to each bound, in seconds, ascending.
    """
    counts, total, left = list[int](), 0, list(bounds)
    for item in histogram.get_recorded_iterator():
        while left and item.value_iterated_to > left[0] * _MICROSECONDS:
            counts.append(total)
            left.pop(0)
        total += item.count_at_value_iterated_to
    return counts + [total] * len(left)


def _quantile(counts: Mapping[int, int], total: int, share: float) -> float | None:
    left = ceil(share * total)
    for microseconds in sorted(counts):
        left -= counts[microseconds]
        if left <= 0:
            return microseconds / _MICROSECONDS
    return None

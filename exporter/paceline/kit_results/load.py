"""
The result of a load test.
"""

from collections.abc import Mapping

from paceline.formatting import counted, duration
from paceline.kit_results.kit_result import KitResult
from paceline.measure import LOAD_P50, Better, Measure
from paceline.values import Count, DocumentValue, NotNegative

# The generator was late where its 99% lag is above both: a share of the 99% latency, and seconds.
_LATE_SHARE, _LATE_SECONDS = 0.2, 0.005


class Latency(DocumentValue, frozen=True, kw_only=True):
    """
    The seconds from the due time of a request to the end of its answer, of all successful requests.

    `histogram` is their HDR histogram, in microseconds and in its encoded form. `within` has some times in seconds, and
    the number of requests that took no longer than each.
    """

    p50: NotNegative = 0.0
    p90: NotNegative = 0.0
    p95: NotNegative = 0.0
    p99: NotNegative = 0.0
    p999: NotNegative = 0.0
    mean: NotNegative = 0.0
    max: NotNegative = 0.0
    histogram: str = ""
    within: Mapping[float, Count] = {}


class LoadErrors(DocumentValue, frozen=True, kw_only=True):
    """
    The failures of one kind, with the text of an example.
    """

    kind: str
    count: Count
    example: str = ""


class LoadInterval(DocumentValue, frozen=True, kw_only=True):
    """
    An interval of a load test, `second` seconds after its start. Latencies are absent if no request
    succeeded.
    """

    second: Count
    requests: Count = 0
    failures: Count = 0
    users: Count = 0
    p50_seconds: NotNegative | None = None
    p95_seconds: NotNegative | None = None
    p99_seconds: NotNegative | None = None


class LoadEndpoint(DocumentValue, frozen=True, kw_only=True):
    """
    The part of one endpoint in a load test.
    """

    name: str
    requests: Count = 0
    failures: Count = 0
    p50_seconds: NotNegative | None = None
    p95_seconds: NotNegative | None = None


class GeneratorUse(DocumentValue, frozen=True, kw_only=True):
    """
    The generator of a load test: its delay behind the due times in seconds, its CPU, and its wait for a CPU.
    """

    lag_p50_seconds: NotNegative = 0.0
    lag_p99_seconds: NotNegative = 0.0
    cpu_seconds: NotNegative | None = None
    cpu_wait_seconds: NotNegative | None = None


class ServerUse(DocumentValue, frozen=True, kw_only=True):
    """
    The usage of a server during the load, if `load_server` started the server; `cpu_share` is a share of one CPU.
    """

    cpu_seconds: NotNegative | None = None
    cpu_share: NotNegative | None = None
    memory_max_bytes: NotNegative | None = None


class LoadResult(KitResult, frozen=True, kw_only=True, tag="load"):
    """
    The result of a load test. `requests` are all requests, `failures` the requests without a correct answer, also those
    without an answer when the test ended. Requests of the warm-up are only in `warm_up_requests`.

    `workers` took part in the test from its start to its end, of `expected_workers`. `requests_per_second` are the
    given rates of the open model. The thresholds are those of the test. `interrupted` says that the test was stopped
    early.
    """

    target: str = ""
    engine: str = ""
    users: Count = 0
    requests_per_second: tuple[float, ...] = ()
    duration_seconds: NotNegative
    elapsed_seconds: NotNegative
    requests: Count = 0
    failures: Count = 0
    warm_up_requests: Count = 0
    latency: Latency = Latency()
    errors: tuple[LoadErrors, ...] = ()
    received_bytes: Count = 0
    interval_seconds: Count = 1
    intervals: tuple[LoadInterval, ...] = ()
    endpoints: tuple[LoadEndpoint, ...] = ()
    generator: GeneratorUse = GeneratorUse()
    server: ServerUse | None = None
    expected_workers: Count = 1
    workers: Count = 1
    problem: str = ""
    interrupted: bool = False
    p95_ms: NotNegative | None = None
    max_error_ratio: NotNegative | None = None
    min_requests_per_second: NotNegative | None = None

    @property
    def success_rate(self) -> float:
        """
        The share of successful requests, 0 to 1; 0 if no request was sent.
        """
        return (self.requests - self.failures) / self.requests if self.requests else 0.0

    @property
    def error_ratio(self) -> float:
        """
        The share of failed requests, 0 to 1; 1 if no request was sent.
        """
        return 1.0 - self.success_rate

    @property
    def throughput(self) -> float:
        """
        Successful requests per second of elapsed time.
        """
        return (self.requests - self.failures) / self.elapsed_seconds if self.elapsed_seconds else 0.0

    @property
    def is_generator_late(self) -> bool:
        """
        Whether requests were sent so late that the latencies are partly those of the generator.
        """
        lag = self.generator.lag_p99_seconds
        return lag > max(_LATE_SECONDS, _LATE_SHARE * self.latency.p99)

    @property
    def problems(self) -> tuple[str, ...]:
        """
        Why the performance is not acceptable: lost workers, no success, and each threshold that is broken.
        """
        found = []
        if self.workers < self.expected_workers:
            reason = f" ({self.problem})" if self.problem else ""
            found.append(f"{self.workers} of {counted(self.expected_workers, 'worker')} took part to the end{reason}")
        if self.requests == self.failures:
            found.append("no request succeeded")
        if self.p95_ms is not None and self.latency.p95 > self.p95_ms / 1e3:
            found.append(f"p95 {duration(self.latency.p95)}, limit {duration(self.p95_ms / 1e3)}")
        if self.max_error_ratio is not None and self.error_ratio > self.max_error_ratio:
            found.append(f"error ratio {self.error_ratio:.2%}, limit {self.max_error_ratio:.2%}")
        if self.min_requests_per_second is not None and self.throughput < self.min_requests_per_second:
            found.append(f"{self.throughput:,.1f} requests/s, limit at least {self.min_requests_per_second:,.1f}")
        return tuple(found)

    @property
    def performance_acceptable(self) -> bool:
        """
        Whether requests succeeded, all workers took part, and all thresholds hold.
        """
        return not self.problems

    def measures(self) -> Mapping[str, Measure]:
        """
        The figures of the load test. The median latency of a load test without a name is judged as the time of its
        test. A test that lost workers or was interrupted says nothing of latency and throughput.
        """
        found = {
            "error_ratio": Measure(value=self.error_ratio, limit=self.max_error_ratio, better=Better.LOWER),
            "lag_p99_seconds": Measure(value=self.generator.lag_p99_seconds, unit="seconds"),
            "workers_lost": Measure(value=float(self.expected_workers - self.workers), unit="workers", limit=0.0),
        }
        if self.interrupted or self.workers < self.expected_workers:
            return {self.named(figure): measure for figure, measure in found.items()}
        found["throughput"] = Measure(
            value=self.throughput, unit="requests/s", limit=self.min_requests_per_second, better=Better.HIGHER
        )
        if self.requests > self.failures:
            found |= self._latencies()
        return {self.named(figure): measure for figure, measure in found.items()}

    def summary(self) -> str:
        """
        The result in one line.
        """
        latency = self.latency
        times = f"p50 {duration(latency.p50)}, p95 {duration(latency.p95)}, p99 {duration(latency.p99)}, "
        late = f"; the generator was late by {duration(self.generator.lag_p99_seconds)} (p99)"
        errors = f" ({self.errors[0].kind}: {self.errors[0].example})" if self.errors else ""
        return (
            f"{counted(self.requests, 'request')} in {duration(self.elapsed_seconds)}, {self.throughput:,.1f} a "
            f"second succeeded, {times if self.requests > self.failures else ''}errors {self.error_ratio:.2%}{errors}"
            f"{late if self.is_generator_late else ''}{'; interrupted' if self.interrupted else ''}"
        )

    def _latencies(self) -> Mapping[str, Measure]:
        judged_as_time = self.named("p50_seconds") == LOAD_P50
        limit = None if self.p95_ms is None else self.p95_ms / 1e3
        return {
            "p50_seconds": Measure(
                value=self.latency.p50, unit="seconds", better=None if judged_as_time else Better.LOWER
            ),
            "p95_seconds": Measure(value=self.latency.p95, unit="seconds", limit=limit, better=Better.LOWER),
            "p99_seconds": Measure(value=self.latency.p99, unit="seconds", better=Better.LOWER),
        }

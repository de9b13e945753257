"""
Stress tests: raise the load until a step fails.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Unpack

from msgspec.structs import replace

from paceline.kit_results.load import LoadResult
from paceline.kit_results.stress import StressResult, StressStep
from paceline.testkit.arguments import arguments_of, check_name, number, whole_number
from paceline.testkit.kept_results import keep
from paceline.testkit.load.load_arguments import (
    MOST_USERS,
    USERS,
    Loaded,
    SendingOptions,
    check_installed,
    check_thresholds,
    plan_of,
)
from paceline.testkit.load.load_plan import LoadPlan
from paceline.testkit.load.session_settings import interrupt
from paceline.testkit.scalability import knee_of

# Of the CPU time that a process may use, from this share on it is what broke.
_BUSY = 0.9
Check = Callable[[LoadResult], str | bool]


def stress_test(  # noqa: PLR0913 - each describes the load
    target: Loaded,
    initial_load: int = 1,
    max_load: int = 50,
    step_size: int = 5,
    step_duration_seconds: float = 10.0,
    *,
    p95_ms: float | None = None,
    max_error_ratio: float = 0.05,
    failure: Check | None = None,
    refine: bool = False,
    as_rate: bool = False,
    name: str = "",
    **sending: Unpack[SendingOptions],
) -> StressResult:
    """
    Raise the load step by step, until a step fails.

    Args:
        target: the same as the endpoint of `load_test`.
        initial_load: users of the first step.
        max_load: users of the last step.
        step_size: users that each step adds.
        step_duration_seconds: how long each load is held.
        p95_ms: a step with a higher 95% latency has failed, in milliseconds.
        max_error_ratio: a step with a higher share of failed requests has failed.
        failure: a function of the `LoadResult` of a step, which returns the reason of its failure, True, or a false
            value.
        refine: whether a bisection tries loads between the last successful and the first failed load.
        as_rate: whether loads are requests per second instead of users.
        name: distinguishes several stress tests in one test.
        sending: how requests are sent, as in `SendingOptions`.

    Raises:
        ValueError: an argument is invalid, or the host is not allowed.
        ConfigError: the packages of paceline[load] are not installed.
    """
    __tracebackhide__ = True
    with arguments_of("stress_test"):
        _check_loads(initial_load, max_load, step_size)
        number("step_duration_seconds", step_duration_seconds)
        check_thresholds(p95_ms=p95_ms, max_error_ratio=max_error_ratio)
        check_name(name)
        plan = plan_of(target, 1, (), (step_duration_seconds, 0.0), sending)
        check_installed(plan, sending)
    from paceline.testkit.load.send_load import send_load  # noqa: PLC0415 - needs the packages of the extra

    asked = LoadResult(
        duration_seconds=step_duration_seconds, elapsed_seconds=0.0, p95_ms=p95_ms, max_error_ratio=max_error_ratio
    )
    function = target if callable(target) else None
    ladder = _Ladder(lambda load: send_load(_step(plan, load, as_rate=as_rate), function, sending, asked), failure)
    ladder.climb(_loads(initial_load, max_load, step_size))
    if refine:
        ladder.bisect()
    unit = "requests/s" if as_rate else "users"
    found = StressResult(name=name, step_seconds=step_duration_seconds, max_load=max_load, unit=unit)
    return _kept(ladder.result(found))


def _check_loads(initial: int, most: int, step: int) -> None:
    """
    Check the loads of the steps.

    Raises:
        ValueError: a load is no whole number from 1 on, or the last step is below the first.
    """
    for label, value in (("initial_load", initial), ("max_load", most), ("step_size", step)):
        whole_number(label, value)
    if most < initial:
        raise ValueError(f"max_load is {most}, expected at least initial_load, which is {initial}")


def _kept(result: StressResult) -> StressResult:
    keep(result)
    if result.interrupted:
        interrupt(f"The stress test was interrupted: {result.summary()}.")
    return result


class _Ladder:
    """
    The steps that were measured, and how the next is.
    """

    def __init__(self, measure: Callable[[int], LoadResult], failure: Check | None) -> None:
        self.steps: Final[list[StressStep]] = []
        self._measure: Final = measure
        self._failure: Final = failure

    def climb(self, loads: Iterable[int]) -> None:
        """
        Measure one load after the other, until one is not carried.
        """
        for load in loads:
            if not self.carries(load):
                break

    def carries(self, load: int) -> bool:
        """
        Measure a load: whether it was carried.
        """
        result = self._measure(load)
        self.steps.append(StressStep(load=load, result=result, reason=self._reason(result)))
        return self.steps[-1].is_carried and not result.interrupted

    def bisect(self) -> None:
        """
        Narrow the breaking point down to one, if a load was carried.
        """
        if not self._carried:
            return
        while self._broken is not None and self._broken.load - self._carried > 1 and not self._is_interrupted:
            self.carries((self._broken.load + self._carried) // 2)

    def result(self, asked: StressResult) -> StressResult:
        """
        What the steps say together.

        Args:
            asked: what the test was asked for.
        """
        broken = self._broken
        return replace(
            asked,
            target=self.steps[0].result.target,
            results=tuple(self.steps),
            max_successful_load=self._carried,
            breaking_point=broken.load if broken is not None else None,
            broke_by=_broke_by(broken) if broken is not None else "",
            knee=knee_of([(step.load, step.result.throughput) for step in self.steps]),
            interrupted=self._is_interrupted,
        )

    @property
    def _broken(self) -> StressStep | None:
        broken = [step for step in self.steps if not step.is_carried and not step.result.interrupted]
        return min(broken, key=lambda step: step.load, default=None)

    @property
    def _carried(self) -> int:
        limit = self._broken.load if self._broken is not None else None
        carried = [step.load for step in self.steps if step.is_carried and not step.result.interrupted]
        return max((load for load in carried if limit is None or load < limit), default=0)

    @property
    def _is_interrupted(self) -> bool:
        return self.steps[-1].result.interrupted

    def _reason(self, result: LoadResult) -> str:
        if result.problems:
            return "; ".join(result.problems)
        found = self._failure(result) if self._failure is not None else ""
        return found if isinstance(found, str) else "its check failed" if found else ""


def _step(plan: LoadPlan, load: int, *, as_rate: bool) -> LoadPlan:
    if not as_rate:
        return replace(plan, users=load)
    return replace(plan, rates=(float(load),), users=min(max(load, USERS), MOST_USERS))


def _loads(initial: int, most: int, step: int) -> Iterator[int]:
    yield from range(initial, most, step)
    yield most


def _broke_by(step: StressStep) -> str:
    result = step.result
    if result.workers < result.expected_workers:
        return "workers"
    if result.error_ratio > (result.max_error_ratio or 0.0):
        first = "errors"
    elif result.p95_ms is not None and result.latency.p95 > result.p95_ms / 1e3:
        first = "latency"
    else:
        first = step.reason
    return f"{first} ({busy})" if (busy := _busy(result)) else first


def _busy(result: LoadResult) -> str:
    if result.server is not None and result.server.cpu_share is not None and result.server.cpu_share >= _BUSY:
        return f"server at {result.server.cpu_share:.0%} of a CPU"
    used = (result.generator.cpu_seconds or 0.0) / max(result.elapsed_seconds * result.expected_workers, 1e-9)
    return f"generator at {used:.0%} of its CPU" if used >= _BUSY else ""

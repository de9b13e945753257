"""
The result of a stress test.
"""

from collections.abc import Mapping
from typing import NamedTuple

from paceline.formatting import counted, duration
from paceline.kit_results.kit_result import KitResult
from paceline.kit_results.load import LoadResult
from paceline.measure import Better, Measure
from paceline.values import Count, DocumentValue, NotNegative


class StressStep(DocumentValue, frozen=True, kw_only=True):
    """
    One load and its result. `reason` says why the step failed; "" if it did not fail.
    """

    load: Count
    result: LoadResult
    reason: str = ""

    @property
    def is_carried(self) -> bool:
        return not self.reason


class Knee(DocumentValue, frozen=True, kw_only=True):
    """
    The universal scalability law, fitted to throughput against load: a hint.

    `load` has the highest throughput by the law, absent where it has none. `contention` and `coherency` are its
    coefficients, `error_ratio` is the mean distance of the measured throughputs from it.
    """

    load: NotNegative | None = None
    contention: NotNegative
    coherency: NotNegative
    error_ratio: NotNegative


class PerformanceSummary(NamedTuple):
    """
    Whether no load failed, the highest load that did not fail, and the first limit that broke.
    """

    can_handle_load: bool
    max_successful_load: int
    broke_by: str


class StressResult(KitResult, frozen=True, kw_only=True, tag="stress"):
    """
    The result of a stress test. `results` are the steps in the order of their measurement. `breaking_point` is the
    lowest load that failed; None if no load failed. `broke_by` names the first limit that broke: `errors`, `latency`,
    `throughput`, `workers`, `server CPU`, `generator CPU`, or the reason of the user's own check.
    """

    target: str = ""
    unit: str = "users"
    step_seconds: NotNegative
    max_load: Count
    results: tuple[StressStep, ...] = ()
    max_successful_load: Count = 0
    breaking_point: Count | None = None
    broke_by: str = ""
    knee: Knee | None = None
    interrupted: bool = False

    @property
    def performance_summary(self) -> PerformanceSummary:
        """
        The result in three figures.
        """
        carried = self.breaking_point is None and bool(self.results)
        return PerformanceSummary(carried, self.max_successful_load, self.broke_by)

    def measures(self) -> Mapping[str, Measure]:
        """
        The highest load that did not fail, which is compared with earlier runs; absent for an interrupted test.
        """
        if self.interrupted:
            return {}
        found = {"max_load": Measure(value=float(self.max_successful_load), unit=self.unit, better=Better.HIGHER)}
        best = max((step.result.throughput for step in self.results if step.is_carried), default=0.0)
        found["max_throughput"] = Measure(value=best, unit="requests/s")
        return {self.named(figure): measure for figure, measure in found.items()}

    def summary(self) -> str:
        """
        The result in one line.
        """
        steps = f"in {counted(len(self.results), 'step')} of {duration(self.step_seconds)}"
        if self.breaking_point is None:
            return f"succeeds with {self.max_successful_load:,} {self.unit} {steps}, the highest load that was tried"
        return (
            f"succeeds with {self.max_successful_load:,} {self.unit}, fails with {self.breaking_point:,} "
            f"({self.broke_by}) {steps}"
        )

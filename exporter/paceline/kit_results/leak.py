"""
The result of a leak test.
"""

from collections.abc import Mapping

from paceline.formatting import counted, size
from paceline.kit_results.kit_result import KitResult
from paceline.measure import Measure
from paceline.values import DocumentValue, NotNegative, PositiveCount


class Growth(DocumentValue, frozen=True, kw_only=True):
    """
    A resource that grew with the calls of a function: its growth per call, with the 95% interval of the slope.

    `resource` is `memory`, `native memory`, `descriptors`, `threads` or `tasks`; memory is in bytes.
    """

    resource: str
    per_call: float
    low: float
    high: float

    def __str__(self) -> str:
        amount = size(self.per_call) if "memory" in self.resource else f"{self.per_call:.3g}"
        return f"{self.resource} +{amount} a call"


class AllocationSite(DocumentValue, frozen=True, kw_only=True):
    """
    A line of code, and the bytes that it allocated in one call and that were kept.
    """

    place: str
    bytes_per_call: float


class LeakResult(KitResult, frozen=True, kw_only=True, tag="leak"):
    """
    The memory and resources that a function kept over its calls. Memory is in bytes: `initial_bytes` after the
    warm-up, `final_bytes` after the last call, `samples` in between, `bytes_per_call` is the slope with its 95%
    interval.

    `growths` are the leaking resources. `sites` are the lines that allocated the kept memory. `note` says why growth is
    not a leak, or why the result is not certain.
    """

    iterations: PositiveCount
    initial_bytes: NotNegative
    final_bytes: NotNegative
    samples: tuple[float, ...] = ()
    bytes_per_call: float = 0.0
    low_bytes_per_call: float = 0.0
    high_bytes_per_call: float = 0.0
    growths: tuple[Growth, ...] = ()
    sites: tuple[AllocationSite, ...] = ()
    note: str = ""
    is_certain: bool = True

    @property
    def growth_bytes(self) -> float:
        """
        The bytes that memory grew by.
        """
        return self.final_bytes - self.initial_bytes

    @property
    def leak_detected(self) -> bool:
        """
        Whether a resource grew with every call.
        """
        return bool(self.growths)

    @property
    def leaked_bytes_per_call(self) -> float:
        """
        The bytes that a call keeps; 0 if memory does not leak.
        """
        return self.bytes_per_call if any("memory" in growth.resource for growth in self.growths) else 0.0

    def measures(self) -> Mapping[str, Measure]:
        """
        Bytes that a call keeps, and the number of resources that leak.
        """
        return {
            self.named("bytes_per_iteration"): Measure(value=self.leaked_bytes_per_call, unit="bytes"),
            self.named("resources"): Measure(value=float(len(self.growths)), unit="resources"),
        }

    def summary(self) -> str:
        """
        The result in one line.
        """
        calls = counted(self.iterations, "call")
        note = f" ({self.note})" if self.note else ""
        if not self.growths:
            return f"no leak in {calls}{note}"
        where = f", most at {self.sites[0].place}" if self.sites else ""
        return f"leak in {calls}: {', '.join(map(str, self.growths))}{where}{note}"

"""
The figures that tests report of themselves.
"""

from paceline.values import DocumentValue, OpenEnum

# The measure of a benchmark that is judged instead of its call phase, which lasts as long as the calibration wants.
BENCHMARK_MEDIAN = "benchmark_median_seconds"
# The same of a load test, which lasts as long as the user asks.
LOAD_P50 = "load_p50_seconds"


class Better(OpenEnum):
    """
    The direction in which a measure gets better.
    """

    LOWER = "lower"
    HIGHER = "higher"


class Measure(DocumentValue, frozen=True, kw_only=True):
    """
    A figure that the test itself reported.

    `limit` is the worst value that is accepted: the highest, or the lowest where `better` is `higher`. A measure whose
    `better` is given is compared with earlier runs.
    """

    value: float
    unit: str = ""
    limit: float | None = None
    better: Better | None = None

    @property
    def is_more_better(self) -> bool:
        return self.better is Better.HIGHER

    def is_worse_than(self, limit: float) -> bool:
        """
        Whether the value is on the wrong side of a limit.
        """
        return self.value < limit if self.is_more_better else self.value > limit

    @property
    def breaks_limit(self) -> bool:
        return self.limit is not None and self.is_worse_than(self.limit)

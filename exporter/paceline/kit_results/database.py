"""
The result of a database test.
"""

from collections.abc import Callable, Mapping

from paceline.formatting import counted, duration
from paceline.kit_results.kit_result import KitResult
from paceline.measure import Better, Measure
from paceline.query_group import QueryGroup
from paceline.values import Count, DocumentValue, NotNegative, PositiveCount


class Scaling(DocumentValue, frozen=True, kw_only=True):
    """
    Queries of one call with few rows and with many.
    """

    few_rows: int
    many_rows: int
    queries_of_few: int
    queries_of_many: int

    @property
    def queries_per_row(self) -> float:
        """
        Additional queries for each row; 0 if their number does not depend on the rows.
        """
        added = max(self.queries_of_many - self.queries_of_few, 0)
        return added / (self.many_rows - self.few_rows)


class DatabaseResult(KitResult, frozen=True, kw_only=True, tag="database"):
    """
    The seconds of one call of a function that uses a database, over `iterations` calls, and the queries of a call.

    `queries` is the highest number of queries of a call, absent if queries were not counted. `slowest` are the slowest
    queries of the first call. `repeated` are queries sent for each row of another query, and
    `scaling` has the queries with more rows, if the test can scale its data. `hints` are full scans of tables. The
    `max_` fields are the limits.
    """

    iterations: PositiveCount
    mean_seconds: NotNegative
    median_seconds: NotNegative
    max_seconds: NotNegative
    queries: Count | None = None
    slowest: tuple[QueryGroup, ...] = ()
    repeated: tuple[QueryGroup, ...] = ()
    scaling: Scaling | None = None
    hints: tuple[str, ...] = ()
    max_avg_seconds: NotNegative | None = None
    max_queries: NotNegative | None = None

    @property
    def n_plus_one_detected(self) -> bool:
        """
        Whether the number of queries grows with the rows.
        """
        return bool(self.repeated) or (self.scaling is not None and self.scaling.queries_per_row > 0)

    @property
    def performance_ok(self) -> bool:
        """
        Whether all limits were kept and no query is repeated for each row.
        """
        return not self.broken_limits and not self.n_plus_one_detected

    @property
    def n_plus_one_reason(self) -> str:
        """
        Which query is repeated, or how the queries grow with the rows; "" without an N+1.
        """
        if self.repeated:
            worst = self.repeated[0]
            source = f" for each row of {worst.fed_by}" if worst.fed_by else ""
            return f"{counted(worst.count, 'time')} {worst.statement} at {worst.place}{source}"
        if self.scaling is None or not self.scaling.queries_per_row:
            return ""
        few, many = self.scaling.few_rows, self.scaling.many_rows
        return (
            f"{counted(self.scaling.queries_of_few, 'query', 'queries')} with {counted(few, 'row')}, "
            f"{self.scaling.queries_of_many:,} with {many:,}"
        )

    def measures(self) -> Mapping[str, Measure]:
        """
        The mean and the median time of a call, and its queries.
        """
        found = {
            "mean_seconds": Measure(value=self.mean_seconds, unit="seconds", limit=self.max_avg_seconds),
            "median_seconds": Measure(value=self.median_seconds, unit="seconds", better=Better.LOWER),
        }
        found["n_plus_one"] = Measure(value=float(self.n_plus_one_detected))
        if self.queries is not None:
            found["queries"] = Measure(value=float(self.queries), unit="queries", limit=self.max_queries)
        return {self.named(figure): measure for figure, measure in found.items()}

    def summary(self) -> str:
        """
        The result in one line, with what to do.
        """
        asked = "queries not counted" if self.queries is None else f"{counted(self.queries, 'query', 'queries')} a call"
        text = f"mean {duration(self.mean_seconds)}{self._over('mean_seconds', duration)}"
        advice = [f"{text} in {counted(self.iterations, 'call')}, {asked}{self._over('queries', '{:,.0f}'.format)}"]
        if self.n_plus_one_detected:
            advice.append(f"N+1: {self.n_plus_one_reason}; load the rows together (a join, IN, select_related)")
        if self.slowest and self._over("mean_seconds", duration):
            worst = self.slowest[0]
            advice.append(f"slowest query: {worst.statement} at {worst.place}, {duration(worst.seconds)}")
        return "; ".join((*advice, *self.hints))

    def _over(self, figure: str, shown: Callable[[float], str]) -> str:
        broken = self.broken_limits.get(self.named(figure))
        return f" (over {shown(broken.limit)})" if broken is not None and broken.limit is not None else ""

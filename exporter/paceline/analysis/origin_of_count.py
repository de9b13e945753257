"""
Where most of a count that rose came from: a line of the code, or the host that was asked.
"""

from collections import Counter

from paceline.model import Case
from paceline.usage import UsageKey


def origin_of(case: Case, measure: str, count: float) -> str:
    """
    The place that most of a count came from, as `at shop/orders.py:17`; "" where none has half of it.

    Args:
        case: the test in this run.
        measure: the count.
        count: its value in this run.
    """
    counts: Counter[str] = Counter()
    if measure == UsageKey.DB_QUERIES:
        for group in case.queries:
            counts[f"at {group.place}" if group.place else ""] += group.count
    if measure == UsageKey.NETWORK_REQUESTS:
        for one in case.hosts:
            counts[f"to {one.host}"] += one.requests
    origin, most = max(counts.items(), key=lambda item: item[1], default=("", 0))
    return origin if 2 * most >= count > 0 else ""

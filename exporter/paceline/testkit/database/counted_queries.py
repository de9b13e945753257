"""
The queries that are sent in a block.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from paceline.probes.touch.database.query_groups import query_groups
from paceline.probes.touch.hooks import ACTIVE
from paceline.query_group import QueryGroup


class CountedQueries(NamedTuple):
    """
    Queries that were sent: their number, and their groups.
    """

    queries: int
    groups: tuple[QueryGroup, ...]


@contextmanager
def counted_queries() -> Iterator[Callable[[], CountedQueries | None]]:
    """
    While queries are counted apart from those of the test.

    Yields:
        A function that returns the queries so far; None where no session of Paceline watches queries.
    """
    if not ACTIVE:
        yield lambda: None
        return
    hooks = ACTIVE[-1]
    with hooks.attribution.apart() as bucket:

        def sent() -> CountedQueries | None:
            queries = list(bucket.queries.values())
            if hooks.has_failed:
                return None
            return CountedQueries(sum(one.count for one in queries), query_groups(queries, hooks.sites))

        yield sent

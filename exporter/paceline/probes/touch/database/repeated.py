"""
RepeatedQueries queries (N+1): one query that reads rows, and then one more for each of them.

A group of queries is repeated where all of this holds:

1. It was sent three times or more with three different parameters, by one way through the code, in one operation.
2. It reads one thing at a time: it has no list of values, and is no page of a longer result.
3. The innermost loop around it is not that of a test which calls the code of the project again and again.
4. Another query was sent before it, at most half as often, that returned about as many rows.
5. It changes data only from the code of the project: tests fill their tables in loops.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from paceline.probes.touch.call_sites import CallSites, Owner, Site
from paceline.probes.touch.database.queries import Sent
from paceline.probes.touch.database.statements import Statement

FEWEST = 3
"""
Queries that are called repeated are so many or more.
"""
# Repeats for each row of the query that fed them: objects that are loaded already are not asked for again.
_FEWEST_PER_ROW, _MOST_PER_ROW = 0.34, 1.25


class RepeatedQueries(NamedTuple):
    """
    Queries that were sent once for each row of another one.
    """

    sent: Sent
    fed_by: Sent


def repeated_among(queries: Collection[Sent], sites: CallSites) -> Iterator[RepeatedQueries]:
    """
    The repeated groups among the queries of a call phase.
    """
    for sent in queries:
        if _is_candidate(sent, sites):
            source = _source_of(sent, queries)
            if source is not None:
                yield RepeatedQueries(sent, source)


def loop_of(sent: Sent) -> Site | None:
    """
    The innermost place on the way to a query that is in a loop.
    """
    return next((site for site in sent.stack if site.is_in_loop), None)


def _is_candidate(sent: Sent, sites: CallSites) -> bool:
    return (
        sent.count >= FEWEST
        and len(sent.parameters) >= FEWEST
        and not sent.statement.asks_for_many
        and not _is_page(sent)
        and not _is_looped_by_test(sent, sites)
        and (sent.statement.is_read or _sender(sent, sites) is Owner.PROJECT)
    )


def _sender(sent: Sent, sites: CallSites) -> Owner:
    return sites.owner_of(sent.stack[0].code.co_filename) if sent.stack else Owner.LIBRARY


def _is_looped_by_test(sent: Sent, sites: CallSites) -> bool:
    loop = loop_of(sent)
    is_of_test = loop is not None and sites.owner_of(loop.code.co_filename) is Owner.TEST
    return is_of_test and _sender(sent, sites) is not Owner.TEST


def _is_page(sent: Sent) -> bool:
    # Some libraries write OFFSET for the first row as well.
    return sent.statement.is_page or (sent.statement.has_offset and not 0 <= sent.rows <= sent.count)


def _source_of(sent: Sent, queries: Collection[Sent]) -> Sent | None:
    """
    The last query that may have fed the repeats.
    """
    together = [one for one in queries if one.operation == sent.operation]
    rows = Counter[Statement]()
    for one in together:
        rows[one.statement] += one.rows
    before = (one for one in reversed(together) if one.order < sent.order)
    return next((one for one in before if _feeds(one, sent, rows[one.statement])), None)


def _feeds(source: Sent, sent: Sent, rows: int) -> bool:
    if source.statement == sent.statement or not source.statement.is_read or 2 * source.count > sent.count:
        return False
    # Repeats from one line are those of one loop; the rows of all queries before it are its rows. After many repeats,
    # those of another call of the same code are counted with them, but the query that fed these is not.
    return source.rows < 0 or _are_rows_of(source.rows, sent) or _are_rows_of(rows, sent)


def _are_rows_of(rows: int, sent: Sent) -> bool:
    return _FEWEST_PER_ROW * rows <= sent.count <= _MOST_PER_ROW * rows + 1

"""
From the queries as they were sent to those that are kept with a test.
"""

from collections.abc import Collection

from paceline.model import QueryGroup
from paceline.probes.touch.call_sites import CallSites
from paceline.probes.touch.database.queries import Sent
from paceline.probes.touch.database.repeated import repeated_among

_KEPT = 5


def query_groups(queries: Collection[Sent], sites: CallSites) -> tuple[QueryGroup, ...]:
    """
    The groups that matter most: the repeated ones, then those that took longest.

    Args:
        queries: of the call phase, in the order of their first.
        sites: for the places.
    """
    sources = {repeated.sent: repeated.fed_by for repeated in repeated_among(queries)}
    most = sorted(queries, key=lambda sent: (sent not in sources, -sent.count if sent in sources else -sent.seconds))
    return tuple(_group(sent, sources.get(sent), sites) for sent in most[:_KEPT])


def _group(sent: Sent, source: Sent | None, sites: CallSites) -> QueryGroup:
    return QueryGroup(
        statement=sent.statement.fingerprint,
        count=sent.count,
        seconds=sent.seconds,
        library=sent.library,
        place=_place(sent, sites),
        rows=sent.rows if sent.rows >= 0 else None,
        fed_by=source.statement.fingerprint if source is not None else "",
        fed_from=_place(source, sites) if source is not None else "",
    )


def _place(sent: Sent, sites: CallSites) -> str:
    return f"{sites.relative(sent.code.co_filename)}:{sent.line}" if sent.code is not None else ""

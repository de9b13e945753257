"""
From the queries as they were sent to those that are kept with a test.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from paceline.probes.touch.call_sites import CallSites
from paceline.probes.touch.database.queries import Sent
from paceline.probes.touch.database.repeated import loop_of, repeated_among
from paceline.query_group import QueryGroup


def query_groups(queries: Collection[Sent], sites: CallSites) -> tuple[QueryGroup, ...]:
    """
    The groups in the order in which they matter: the repeated ones, then those that took longest.

    Args:
        queries: of the call phase, in the order of their first.
        sites: for the places.
    """
    return _groups(queries, queries, sites)


def repeated_groups(some: Collection[Sent], queries: Collection[Sent], sites: CallSites) -> tuple[QueryGroup, ...]:
    """
    The repeated ones of some queries; others may have fed them.

    Args:
        some: of the queries.
        queries: as above.
        sites: for the places.
    """
    return tuple(group for group in _groups(some, queries, sites) if group.is_repeated)


def _groups(some: Collection[Sent], queries: Collection[Sent], sites: CallSites) -> tuple[QueryGroup, ...]:
    sources = {repeated.sent: repeated.fed_by for repeated in repeated_among(queries, sites)}
    places = _Places(queries, sites)
    merged: dict[tuple[str, str, str], QueryGroup] = {}
    for sent in some:
        group = _group(sent, sources.get(sent), places)
        key = group.statement, group.place, group.fed_by
        merged[key] = _together(merged[key], group) if key in merged else group
    return tuple(
        sorted(merged.values(), key=lambda one: (not one.is_repeated, -one.count * one.is_repeated, -one.seconds))
    )


def _together(one: QueryGroup, other: QueryGroup) -> QueryGroup:
    """
    The same queries in two operations, for example in two requests that the test sent.
    """
    rows = None if one.rows is None or other.rows is None else one.rows + other.rows
    return replace(one, count=one.count + other.count, seconds=one.seconds + other.seconds, rows=rows)


class _Places:
    """
    Finds the line of the user's code that tells most about a query: the loop around repeated ones, else the innermost
    line that sends one statement only. A line that sends several is that of a helper which sends whatever it is given.
    """

    def __init__(self, queries: Collection[Sent], sites: CallSites) -> None:
        self._sites: Final = sites
        statements = {(sent.stack[0], sent.statement.fingerprint) for sent in queries if sent.stack}
        self._senders: Final = Counter(site for site, _ in statements)

    def of(self, sent: Sent) -> str:
        senders = (site for site in sent.stack if self._senders[site] <= 1)
        site = next(senders, sent.stack[0] if sent.stack else None)
        return self._sites.place(site) if site is not None else ""

    def of_loop(self, sent: Sent) -> str:
        loop = loop_of(sent)
        return self._sites.place(loop) if loop is not None else self.of(sent)


def _group(sent: Sent, source: Sent | None, places: _Places) -> QueryGroup:
    return QueryGroup(
        statement=sent.statement.fingerprint,
        count=sent.count,
        seconds=sent.seconds,
        library=sent.library,
        place=places.of(sent) if source is None else places.of_loop(sent),
        rows=sent.rows if sent.rows >= 0 else None,
        fed_by=source.statement.fingerprint if source is not None else "",
        fed_from=places.of(source) if source is not None else "",
    )

"""
The queries that a call sends.
"""

from collections.abc import Callable
from typing import NamedTuple

from paceline.probes.touch.database.query_groups import query_groups
from paceline.probes.touch.hooks import ACTIVE
from paceline.query_group import QueryGroup


class Sent(NamedTuple):
    """
    The queries of one call: their number, and their groups.
    """

    queries: int
    groups: tuple[QueryGroup, ...]


def sent_queries(call: Callable[[], None]) -> Sent | None:
    """
    Call a function and count its queries.

    Returns:
        None where no session of Paceline watches queries.
    """
    if not ACTIVE:
        call()
        return None
    hooks = ACTIVE[-1]
    with hooks.attribution.apart() as bucket:
        call()
    sent = list(bucket.queries.values())
    return None if hooks.has_failed else Sent(sum(one.count for one in sent), query_groups(sent, hooks.sites))

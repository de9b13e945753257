"""
An assertion on repeated queries.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from paceline.analysis.ignored_queries import with_ignored
from paceline.analysis.verdicts.repeated_queries import repeated_reason
from paceline.probes.touch.database.query_groups import repeated_groups
from paceline.probes.touch.database.repeated import FEWEST
from paceline.probes.touch.hooks import ACTIVE, Hooks
from paceline.query_group import QueryGroup


@contextmanager
def assert_no_repeated_queries() -> Iterator[None]:
    """
    Fail where a query is sent once for each row of another query (N+1) in the block.

    The other query may come before the block. Queries that the settings or the baselines ignore are no failure. Queries
    are counted where `--paceline` is on; without it, nothing is checked.

    Raises:
        AssertionError: a query is repeated; the message has the line, the query that fed it, and the way out.
    """
    __tracebackhide__ = True
    if not ACTIVE:
        yield
        return
    hooks = ACTIVE[-1]
    before = {key: sent.count for key, sent in list(hooks.attribution.bucket.queries.items())}
    yield
    repeated = [group for group in _repeated_since(before, hooks) if group.is_repeated]
    if repeated and not hooks.has_failed:
        raise AssertionError("repeated queries (N+1): " + "; ".join(map(repeated_reason, repeated)))


def _repeated_since(before: dict[object, int], hooks: Hooks) -> list[QueryGroup]:
    queries = dict(hooks.attribution.bucket.queries)
    some = [sent for key, sent in queries.items() if sent.count - before.get(key, 0) >= FEWEST]
    return with_ignored(repeated_groups(some, list(queries.values()), hooks.sites), hooks.ignored)

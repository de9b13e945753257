"""
Queries that a test sent.
"""

from paceline.values import Count, DocumentValue, NotNegative, PositiveCount

_LONGEST_STATEMENT = 160


class QueryGroup(DocumentValue, frozen=True, kw_only=True):
    """
    Queries of a test that differ in their parameters only, sent from one place.

    `statement` has `?` for each literal and parameter. `place` is the line of the user's code, as `shop/orders.py:17`.
    `library` sent them. `rows` were read; absent where that is not known. Where the queries were repeated for each row
    of another query, `fed_by` is that one, and `fed_from` its line; `ignored` is the reason of a setting that ignores
    them.
    """

    statement: str
    count: PositiveCount
    seconds: NotNegative = 0.0
    library: str = ""
    place: str = ""
    rows: Count | None = None
    fed_by: str = ""
    fed_from: str = ""
    ignored: str = ""

    @property
    def is_repeated(self) -> bool:
        return bool(self.fed_by) and not self.ignored


def short_statement(statement: str) -> str:
    """
    A statement as reports show it.
    """
    return statement if len(statement) <= _LONGEST_STATEMENT else f"{statement[: _LONGEST_STATEMENT - 1]}…"

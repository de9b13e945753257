"""
Repeated queries that a project wants to hear no more of, each with its reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from paceline.model import Case
from paceline.query_group import QueryGroup

Reason = Annotated[str, Meta(min_length=1, description="the reason, a text that is not empty")]


class IgnoredQueries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Repeated queries by the line that sends them and by their statement; `*` and `?` are those of a shell.
    """

    place: str = "*"
    statement: str = "*"
    reason: Reason

    def fits(self, group: QueryGroup) -> bool:
        return _fits(self.place, group.place) and _fits(self.statement, group.statement)


class QuerySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What is not said of queries.
    """

    ignore: tuple[IgnoredQueries, ...] = ()


def with_ignored(groups: Iterable[QueryGroup], ignored: Sequence[IgnoredQueries]) -> list[QueryGroup]:
    """
    The groups of queries; the repeated ones that are ignored have the reason.
    """
    return [replace(group, ignored=_reason(group, ignored)) if group.is_repeated else group for group in groups]


def unused(ignored: Iterable[IgnoredQueries], cases: Sequence[Case]) -> Iterator[str]:
    """
    A line for each setting that ignored no query of a run.
    """
    found = {(group.place, group.statement): group for case in cases for group in case.queries if group.ignored}
    for one in ignored:
        if not any(one.fits(group) for group in found.values()):
            yield f"queries.ignore has place {one.place!r} and statement {one.statement!r}, which ignored no query"


def _reason(group: QueryGroup, ignored: Sequence[IgnoredQueries]) -> str:
    return next((one.reason for one in ignored if one.fits(group)), "")


def _fits(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))

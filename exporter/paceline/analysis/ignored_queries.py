"""
Repeated queries that a project wants to hear no more of, each with its reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct, json
from msgspec.structs import replace

from paceline.model import Case
from paceline.query_group import QueryGroup

# So much of a statement tells it from the others of its file.
_LONGEST_STATEMENT = 60

Reason = Annotated[str, Meta(min_length=1, description="the reason, a text that is not empty")]


class IgnoredQueries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Repeated queries by the line that sends them and by their statement; `*` and `?` are those of a shell.
    """

    place: str = "*"
    statement: str = "*"
    reason: Reason

    @property
    def file(self) -> str:
        """
        The file of the place.
        """
        return _file_of(self.place) or self.place

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


def tolerated(cases: Sequence[Case], reason: str) -> tuple[IgnoredQueries, ...]:
    """
    What ignores the repeated queries of tests: each statement in the file that sends it, as lines move.
    """
    groups = (group for case in cases for group in case.queries if group.is_repeated)
    found = {(_file_of(group.place), group.statement) for group in groups}
    return tuple(
        IgnoredQueries(place=f"{file}:*" if file else "*", statement=statement, reason=reason)
        for file, statement in sorted(found)
    )


def setting_for(group: QueryGroup) -> str:
    """
    The line of TOML that ignores repeated queries: by file and statement, as lines move.
    """
    file, statement = _file_of(group.place), group.statement
    is_long = len(statement) > _LONGEST_STATEMENT
    named = {
        "place": f"{file}:*" if file else "*",
        "statement": f"{statement[:_LONGEST_STATEMENT]}*" if is_long else statement,
        "reason": "…",
    }
    pairs = (f"{key} = {json.encode(text).decode()}" for key, text in named.items() if text != "*")
    return f"ignore = [{{{', '.join(pairs)}}}]"


def unused(ignored: Iterable[IgnoredQueries], cases: Sequence[Case], where: str) -> Iterator[str]:
    """
    A line for each entry that ignored no query of a run.

    Args:
        ignored: the entries.
        cases: of the run.
        where: the entries are.
    """
    found = {(group.place, group.statement): group for case in cases for group in case.queries if group.ignored}
    for one in ignored:
        if not any(one.fits(group) for group in found.values()):
            yield f"{where} has place {one.place!r} and statement {one.statement!r}, which ignored no query"


def _reason(group: QueryGroup, ignored: Sequence[IgnoredQueries]) -> str:
    return next((one.reason for one in ignored if one.fits(group)), "")


def _file_of(place: str) -> str:
    return place.rpartition(":")[0]


def _fits(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))

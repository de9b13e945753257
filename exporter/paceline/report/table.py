"""
A table that fits a terminal.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tabulate import tabulate

from paceline.report.words import shortened

_SHORTEST = 20


class Column(NamedTuple):
    """
    A column. In a narrow terminal those of the highest `rank` go first, and 0 stays; a name is shortened.
    """

    header: str
    rank: int = 0
    is_figure: bool = False
    is_name: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """
    One line for the headers, one below, and one for each row.

    Args:
        columns: at most one of them has names.
        rows: a text for each column.
        width: columns of the terminal; None for as wide as it gets.
    """
    kept = list(range(len(columns)))
    while True:
        excess = _width(columns, rows, kept) - width if width is not None else 0
        name = next((place for place in kept if columns[place].is_name), None)
        longest = max((len(row[name]) for row in rows), default=0) if name is not None else 0
        least = max(kept, key=lambda place: columns[place].rank)
        if excess <= 0 or longest - excess >= _SHORTEST or columns[least].rank == 0:
            break
        kept.remove(least)
    room = longest - max(excess, 0)
    return _rendered(columns, [_with_room(row, name, room) for row in rows], kept)


def _width(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: Sequence[int]) -> int:
    return max(map(len, _rendered(columns, rows, kept).splitlines()))


def _with_room(row: Sequence[str], name: int | None, room: int) -> Sequence[str]:
    if name is None:
        return row
    return [*row[:name], shortened(row[name], max(room, _SHORTEST)), *row[name + 1 :]]


def _rendered(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: Sequence[int]) -> str:
    return tabulate(
        [[row[place] for place in kept] for row in rows],
        headers=[columns[place].header for place in kept],
        colalign=["right" if columns[place].is_figure else "left" for place in kept] if rows else None,
        disable_numparse=True,
    )

"""
The functions whose work changed, for a terminal and for a pull request.
"""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from paceline.analysis.compare.work_changes import ChangedFunction, WorkChanges
from paceline.formatting import counted
from paceline.report.markdown import code
from paceline.report.table import Column, table

_COLUMNS = (
    Column("calls"),
    Column("base", is_figure=True),
    Column("head", is_figure=True),
    Column("times", is_figure=True),
    Column("tests", is_figure=True),
    Column("function", is_name=True),
    Column("place", 1),
    Column("most in", 2),
)
_LOOP_COLUMNS = (
    Column("base rounds", is_figure=True),
    Column("head rounds", is_figure=True),
    Column("most in", is_name=True),
    Column("place", 1),
    Column("test", is_name=True),
)
_UNKNOWN = "(functions not known)"


def work_text(changes: WorkChanges, *, limit: int, width: int | None = None) -> str:
    """
    A heading and a table, for a terminal.

    Args:
        changes: what to say.
        limit: number of functions to show.
        width: columns of the terminal; None for as wide as it gets.
    """
    shown = changes.functions[:limit]
    parts = [*_facts(changes)]
    if shown:
        parts += ["", table(_COLUMNS, [_row(one) for one in shown], width)]
    if loops := _grown_loops(changes, limit):
        parts += ["", table(_LOOP_COLUMNS, loops, width)]
    return "\n".join([*parts, *_rest(changes, limit)]) + "\n"


def work_markdown(changes: WorkChanges, *, limit: int) -> str:
    """
    The same for a pull request.
    """
    shown = changes.functions[:limit]
    first, *others = _facts(changes)
    parts = [f"### {'⚠️' if changes.grown else '✅'} Paceline: {first}", *(f"- {fact}" for fact in others)]
    if shown:
        parts += ["", markdown_table(_COLUMNS, [_row(one) for one in shown])]
    if loops := _grown_loops(changes, limit):
        parts += ["", markdown_table(_LOOP_COLUMNS, loops)]
    return "\n".join([*parts, *_rest(changes, limit)]) + "\n"


def markdown_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """
    A table for a pull request, with names as code.
    """
    cells = [
        [code(cell) if column.is_name else cell for column, cell in zip(columns, row, strict=True)] for row in rows
    ]
    headers = [column.header.capitalize() for column in columns]
    return tabulate(cells, headers=headers, tablefmt="github", disable_numparse=True)


def _facts(changes: WorkChanges) -> Iterator[str]:
    fewer = len(changes.functions) - len(changes.grown)
    if not changes.compared:
        yield "no test compared"
    elif not changes.functions:
        yield f"no {'test calls clearly' if changes.small_changes else 'function runs'} more or less often"
    else:
        more = counted(len(changes.grown), "function runs", "functions run")
        yield f"{more} more often, {fewer:,} less often"
    totals = f"{changes.base_calls:,} → {changes.head_calls:,} calls"
    varying = f"; {changes.varying:,} vary from run to run and are left out" if changes.varying else ""
    yield f"{counted(changes.compared, 'test')} counted on both sides: {totals}{varying}"
    if changes.small_changes:
        most = changes.small_changes[0]
        functions = counted(len(changes.small_changes), "function changes", "functions change")
        calls = f"{most.base_calls:,} → {most.head_calls:,} calls"
        yield f"{functions} by less than the margin, most {most.function}: {calls}"
    if changes.loops:
        grown = sum(bool(one.function) for one in changes.loops)
        slower = counted(len(changes.loops), "slower test calls", "slower tests call")
        yield f"{slower} as often as before; loops go round more often in {grown:,} of them"


def _row(one: ChangedFunction) -> Sequence[str]:
    calls = (one.base_calls, one.head_calls) if one.function else (one.base_total, one.head_total)
    return (
        "more" if one.is_more else "fewer",
        *(f"{count:,}" for count in calls),
        f"{calls[1] / calls[0]:.2f}" if calls[0] else "new",
        f"{len(one.tests):,}",
        one.function or _UNKNOWN,
        f"{one.file}:{one.line}" if one.file else "",
        one.tests[0] if one.tests else "",
    )


def _grown_loops(changes: WorkChanges, limit: int) -> Sequence[Sequence[str]]:
    return [
        (f"{one.base_rounds:,}", f"{one.head_rounds:,}", one.function, f"{one.file}:{one.line}", one.test)
        for one in changes.loops[:limit]
        if one.function
    ]


def _rest(changes: WorkChanges, limit: int) -> Iterator[str]:
    left = len(changes.functions) - limit
    if left > 0:
        yield f"\n… and {counted(left, 'more function')}; --limit shows more"

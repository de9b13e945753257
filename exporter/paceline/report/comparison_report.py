"""
A comparison, for a terminal and for a pull request.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import log
from textwrap import wrap

from tabulate import tabulate

from paceline.analysis.compare.comparison import Comparison
from paceline.analysis.compare.outcome import Change, Compared, ComparisonRule, is_clear
from paceline.analysis.compare.shift import Shift
from paceline.formatting import counted, duration, listed
from paceline.report import words
from paceline.report.markdown import code, escaped
from paceline.report.table import Column, table

_MARKS = {Change.SLOWER: "🔴", Change.FASTER: "🟢", Change.FAILED: "⚠️", Change.UNKNOWN: "❔", Change.UNCHANGED: ""}
_ORDER = {change: place for place, change in enumerate(Change)}
# With their ranks where there is no room for all.
_FIGURES = {"ratio": 0, "95% interval": 1, "base": 0, "head": 0, "effect": 3, "runs": 2}
_INDENT = "    "
_NONE = "-"
# A machine whose calibration is as much slower as the suite, give or take, explains it.
_EXPLAINED = 1.1

SORTED: Mapping[str, Callable[[Compared], tuple[float | str, ...]]] = {
    "change": lambda test: (_ORDER[test.change], -abs(test.added_seconds), test.id),
    "ratio": lambda test: (-abs(log(test.ratio)), test.id),
    "time": lambda test: (-abs(test.added_seconds), test.id),
    "name": lambda test: (test.id,),
}


def text(comparison: Comparison, rule: ComparisonRule, *, sort: str, limit: int, width: int | None = None) -> str:
    """
    A heading and a table, for a terminal.

    Args:
        comparison: what to say.
        rule: by which thresholds it was judged.
        sort: a key of `SORTED`.
        limit: number of tests to show.
        width: columns of the terminal; None for as wide as it gets.
    """
    shown = _ordered(comparison, sort)[:limit]
    parts = ["\n".join(_wrapped([headline(comparison), *_facts(comparison, rule)], width))]
    if shown:
        parts.append("\n".join(_text_table(shown, width)))
    parts.append("\n".join(_wrapped(_rest(comparison, len(shown), limit), width)))
    return "\n\n".join(filter(None, parts)) + "\n"


def markdown(comparison: Comparison, rule: ComparisonRule, *, sort: str, limit: int) -> str:
    """
    The same for a pull request.
    """
    shown = _ordered(comparison, sort)[:limit]
    mark = "⚠️" if comparison.counts[Change.SLOWER] or comparison.counts[Change.FAILED] else "✅"
    parts = [f"### {mark} Paceline: {headline(comparison)}"]
    parts.append("\n".join(f"- {escaped(fact)}" for fact in _facts(comparison, rule)))
    if shown:
        headers = ["", "Change", "Test", *(name.capitalize() for name in _FIGURES), "What moved"]
        rows = map(_markdown_row, shown)
        parts.append(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))
    parts.append("\n\n".join(escaped(line) for line in _rest(comparison, len(shown), limit)))
    return "\n\n".join(filter(None, parts)) + "\n"


def headline(comparison: Comparison) -> str:
    """
    How many tests became what.
    """
    counts = comparison.counts
    always = {Change.SLOWER, Change.FASTER, Change.UNCHANGED}
    return ", ".join(f"{counts[change]:,} {change}" for change in Change if counts[change] or change in always)


def times_as_long(shift: Shift) -> str:
    """
    A shift with its interval, where there is one.
    """
    return f"{shift.ratio:.2f} times" + (f" (95%: {_interval(shift)})" if shift.low is not None else "")


_COLUMNS = (
    Column(""),
    *(Column(name, rank, is_figure=True) for name, rank in _FIGURES.items()),
    Column("test", is_name=True),
)


def _ordered(comparison: Comparison, sort: str) -> list[Compared]:
    return sorted(comparison.tests, key=SORTED[sort])


def _facts(comparison: Comparison, rule: ComparisonRule) -> Iterator[str]:
    yield f"base: {comparison.base}, {counted(comparison.base_runs, 'run')}"
    in_turn = ", in turn with base on this machine" if comparison.is_paired else ""
    yield f"head: {comparison.head}, {counted(comparison.head_runs, 'run')}{in_turn}"
    total = comparison.total
    if total is not None:
        change = f"{duration(total.base_seconds)} → {duration(total.head_seconds)}, {times_as_long(total.shift)}"
        yield f"total: {change} as long, {counted(total.tests, 'test')}, without the wait for a CPU"
    yield f"most tests: {_most_tests(comparison, rule)}"
    if comparison.base_runs == comparison.head_runs == 1:
        yield "one run on each side: the ratios have no interval and no p-value; compare more runs"


def _most_tests(comparison: Comparison, rule: ComparisonRule) -> str:
    suite = comparison.suite
    if suite is None and comparison.is_paired:
        return "too few for a figure; both sides ran in turn on one machine, so its speed is the same"
    if suite is None:
        return "too few to separate machine and code (fewer than 8 tests that compute for at least 1 ms)"
    whole = f"{times_as_long(suite)} as long"
    if not comparison.is_divided:
        return f"{whole}; both sides ran in turn on one machine, so the code is the cause"
    if comparison.is_paired or not is_clear(suite, rule.ratio):
        return f"{whole}, taken out of each test"
    return f"{whole}, taken out of each test; {_explanation(suite, comparison.calibration_ratio)}"


def _explanation(suite: Shift, calibration: float | None) -> str:
    if calibration is None:
        return "the cause may be the machine or the code"
    fixed = f"a fixed piece of work takes {calibration:.2f} times as long"
    rest = abs(log(suite.ratio / calibration))
    cause = "the machine" if rest <= log(_EXPLAINED) else "more than the machine explains, so look at the code"
    return f"{fixed}: {cause}"


def _figures(test: Compared) -> list[str]:
    seconds = [_NONE if value is None else duration(value) for value in (test.base_seconds, test.head_seconds)]
    return [
        f"{test.shift.ratio:.2f}" if test.shift else _NONE,
        _interval(test.shift) if test.shift else _NONE,
        *seconds,
        _NONE if test.effect is None else f"{test.effect:+.2f}",
        f"{test.base_runs}/{test.head_runs}",
    ]


def _interval(shift: Shift) -> str:
    return _NONE if shift.low is None or shift.high is None else f"{shift.low:.2f} to {shift.high:.2f}"


def _notes(test: Compared) -> list[str]:
    failures = test.base_failures, test.head_failures
    failed = [
        f"failed {counted(count, 'time')} on {side}"
        for side, count in zip(("base", "head"), failures, strict=True)
        if count
    ]
    return [*failed, *map(words.cause, test.moved)]


def _text_table(tests: Sequence[Compared], width: int | None) -> Iterator[str]:
    """
    The table, and below each test what is to be said of it.
    """
    rows = [[test.change.value, *_figures(test), test.id] for test in tests]
    lines = table(_COLUMNS, rows, width).splitlines()
    yield from lines[: -len(tests)]
    for line, test in zip(lines[-len(tests) :], tests, strict=True):
        yield line
        yield from _wrapped((f"{_INDENT}{note}" for note in ["; ".join(_notes(test))] if note), width)


def _wrapped(lines: Iterable[str], width: int | None) -> Iterator[str]:
    for line in lines:
        if width is None:
            yield line
        else:
            yield from wrap(line, width, subsequent_indent=_INDENT, break_long_words=False, break_on_hyphens=False)


def _markdown_row(test: Compared) -> list[str]:
    notes = "<br>".join(map(escaped, _notes(test)))
    return [_MARKS[test.change], test.change.value, code(test.id), *_figures(test), notes]


def _rest(comparison: Comparison, shown: int, limit: int) -> Iterator[str]:
    left = len(comparison.tests) - shown
    if left:
        yield f"… and {counted(left, 'more test')}; --limit shows more"
    for side, only in (("base", comparison.only_base), ("head", comparison.only_head)):
        if only:
            yield f"only on {side}: {listed(only, limit)}"

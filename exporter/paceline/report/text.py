"""
The report for a terminal.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from paceline import formatting
from paceline.model import Severity
from paceline.report import words
from paceline.report.content import Content
from paceline.report.findings import Finding

LABEL_WIDTH = 12
_TIME = 10
_NARROWEST = 40
_ASCII = str.maketrans({"·": "-", "…": "...", "→": "->", "µ": "u"})
_FIRST_OF_A_KIND = 10


class Style(StrEnum):
    """
    What a piece of text means; the edge gives it a colour.
    """

    PLAIN = "plain"
    STRONG = "strong"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    FAINT = "faint"


class StyledText(NamedTuple):
    """
    A piece of a line.
    """

    text: str
    style: Style = Style.PLAIN


Line = Sequence[StyledText]
_STYLES = {Severity.CRITICAL: Style.BAD, Severity.WARNING: Style.WARNING, Severity.INFO: Style.FAINT}


def lines(content: Content, *, width: int, verbosity: int = 0, ascii_only: bool = False) -> Iterator[Line]:
    """
    Lines of the report.

    Args:
        content: what to say.
        width: columns of the terminal.
        verbosity: pytest's: below 0 only what broke, above 0 everything.
        ascii_only: the terminal cannot show more.
    """
    told = _all_lines(content, width, verbosity, ascii_only=ascii_only)
    if not ascii_only:
        yield from told
        return
    for line in told:
        yield [StyledText(span.text.translate(_ASCII), span.style) for span in line]


def _all_lines(content: Content, width: int, verbosity: int, *, ascii_only: bool) -> Iterator[Line]:
    for part in wrap(content.headline, max(width, _NARROWEST), break_long_words=False, break_on_hyphens=False):
        yield [StyledText(part, Style.GOOD if content.is_well else Style.STRONG)]
    if verbosity > 0:
        for finding in content.findings:
            yield from _finding_lines(finding, width, ascii_only)
    else:
        yield from _short_lines(content, width, ascii_only)
    if verbosity >= 0 or content.findings:
        yield from _health_lines(content, width, verbosity, ascii_only=ascii_only)
    for trouble in content.troubles:
        yield _labelled("paceline", trouble, Style.WARNING)


def _short_lines(content: Content, width: int, ascii_only: bool) -> Iterator[Line]:
    """
    The first new findings of each kind, then those that stand, a paragraph a kind.
    """
    for _, group in groupby(content.news, key=lambda finding: finding.kind):
        findings = list(group)
        for finding in findings[:_FIRST_OF_A_KIND]:
            yield from _finding_lines(finding, width, ascii_only)
        if len(findings) > _FIRST_OF_A_KIND:
            yield _labelled("", f"… and {len(findings) - _FIRST_OF_A_KIND} more; -v shows them", Style.FAINT)
    for number, text in enumerate(content.standing):
        yield from _paragraph(text, width, label="" if number else "still")


def _finding_lines(finding: Finding, width: int, ascii_only: bool) -> Iterator[Line]:
    spark = words.sparkline(list(finding.values), ascii_only=ascii_only)
    label = f"{(finding.kind.facts.heading or finding.kind).upper():<{LABEL_WIDTH}}"
    room = width - len(label) - len(spark) - 2
    yield [
        StyledText(label, _STYLES.get(finding.severity, Style.PLAIN)),
        StyledText(words.shortened(finding.case, max(room, LABEL_WIDTH), "..." if ascii_only else "…"), Style.STRONG),
        StyledText(f"  {spark}" if spark else "", Style.FAINT),
    ]
    if finding.more:
        yield _labelled("", f"and {formatting.counted(finding.more, 'other parameter')} of this test", Style.FAINT)
    yield from _paragraph(finding.reason, width)
    yield from _paragraph(finding.since, width)
    yield from _paragraph(f"why: {finding.why}" if finding.why else "", width)
    yield from _paragraph(f"next: {finding.advice}", width, Style.FAINT)


def _health_lines(content: Content, width: int, verbosity: int, *, ascii_only: bool) -> Iterator[Line]:
    if verbosity > 0 or (verbosity == 0 and not content.is_well):
        for number, (time, case) in enumerate(content.slowest):
            name = words.shortened(case.id, max(width - LABEL_WIDTH - _TIME, LABEL_WIDTH), "..." if ascii_only else "…")
            yield _labelled("" if number else "slowest", f"{time:>{_TIME - 2}}  {name}")
    if content.fixtures and verbosity >= 0:
        yield from _paragraph(content.fixtures, width, label="fixtures")
    if content.work and verbosity >= 0:
        yield from _paragraph(content.work, width, label="work")
    yield from _paragraph(content.machine, width, label="machine")
    yield from _paragraph(content.history, width, label="history")
    yield _labelled("run", content.run_id)


def _paragraph(text: str, width: int, style: Style = Style.PLAIN, label: str = "") -> Iterator[Line]:
    room = max(width - LABEL_WIDTH, _NARROWEST)
    for number, part in enumerate(wrap(text, room, break_long_words=False, break_on_hyphens=False)):
        yield _labelled("" if number else label, part, style)


def _labelled(label: str, text: str, style: Style = Style.PLAIN) -> Line:
    return [StyledText(f"{label:<{LABEL_WIDTH}}", Style.FAINT), StyledText(text, style)]

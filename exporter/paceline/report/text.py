"""
The report for a terminal.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from math import ceil
from shlex import quote
from textwrap import wrap
from typing import NamedTuple

from paceline import formatting
from paceline.model import Severity
from paceline.report import words
from paceline.report.by_subject import Subject, by_subject
from paceline.report.content import Content
from paceline.report.findings import Finding
from paceline.report.headline import counted_kinds

LABEL_WIDTH = 12
_TIME = 10
_NARROWEST = 40
_ASCII = str.maketrans({"·": "-", "…": "...", "→": "->", "µ": "u"})
# More is no summary. What is left of it for findings is never less than this, however much else there is to say.
MOST_LINES, _FEWEST_LINES = 40, 10
_FIRST_OF_A_SUBJECT = 2
_FIRST_OF_THE_SLOWEST = 3
_MOST_STANDING = 4
_MOST_RESULTS = 3


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
        verbosity: pytest's: below 0 only what broke, above 0 everything, else at most 40 lines.
        ascii_only: the terminal cannot show more.
    """
    told = _all_lines(content, width, verbosity, ascii_only=ascii_only)
    if not ascii_only:
        yield from told
        return
    for line in told:
        yield [StyledText(span.text.translate(_ASCII), span.style) for span in line]


def _all_lines(content: Content, width: int, verbosity: int, *, ascii_only: bool) -> Iterator[Line]:
    heading = [
        [StyledText(part, Style.GOOD if content.is_well else Style.STRONG)]
        for part in wrap(content.headline, max(width, _NARROWEST), break_long_words=False, break_on_hyphens=False)
    ]
    tail = list(_tail_lines(content, width, verbosity))
    yield from heading
    if verbosity > 0:
        for subject in by_subject(content.findings):
            yield from _subject_lines(subject, width, None, ascii_only=ascii_only)
    else:
        room = max(MOST_LINES - _height([*heading, *tail], width), _FEWEST_LINES)
        yield from _short_lines(by_subject(content.new_findings), width, room, ascii_only=ascii_only)
    yield from tail


def _short_lines(subjects: Sequence[Subject], width: int, room: int, *, ascii_only: bool) -> Iterator[Line]:
    """
    As many subjects as there is room for, the most costly first, and the count of the others.
    """
    for number, subject in enumerate(subjects):
        shown = list(_subject_lines(subject, width, _FIRST_OF_A_SUBJECT, ascii_only=ascii_only))
        if _height(shown, width) >= room:
            shown = list(_subject_lines(subject, width, 1, ascii_only=ascii_only))
        room -= _height(shown, width)
        is_last = number + 1 == len(subjects)
        if room < (0 if is_last else 1) and number:
            yield _rest(subjects[number:])
            return
        yield from shown


def _rest(subjects: Sequence[Subject]) -> Line:
    findings = formatting.counted(sum(len(subject.findings) for subject in subjects), "more finding")
    text = f"… and {findings} about {formatting.counted(len(subjects), 'test')}; `paceline report -v` shows all"
    return _labelled("", text, Style.FAINT)


def _height(shown: Sequence[Line], width: int) -> int:
    """
    The lines of the terminal that these take: a long id goes over the edge of a narrow one.
    """
    return sum(max(ceil(sum(len(span.text) for span in line) / max(width, _NARROWEST)), 1) for line in shown)


def _subject_lines(subject: Subject, width: int, most: int | None, *, ascii_only: bool) -> Iterator[Line]:
    """
    The id alone on a line, ready for `pytest` in a shell, and its findings: at most so many and the advice of the
    first, or all with the advice of each.
    """
    name = quote(subject.name) if subject.findings[0].is_test else subject.name
    yield [StyledText(name, Style.STRONG)]
    for finding in subject.findings[:most]:
        yield from _finding_lines(finding, width, ascii_only=ascii_only)
        if most is None:
            yield from _advice_lines(finding, width)
    if most is not None:
        others = counted_kinds([finding.kind for finding in subject.findings[most:]])
        yield from _paragraph(f"also {', '.join(others)}" if others else "", width)
        yield from _advice_lines(subject.findings[0], width)


def _advice_lines(finding: Finding, width: int) -> Iterator[Line]:
    yield from _paragraph(f"next: {finding.advice}", width, Style.FAINT)
    if finding.example:
        # Not wrapped, because TOML allows no line break there.
        yield _labelled("", finding.example, Style.FAINT)


def _finding_lines(finding: Finding, width: int, *, ascii_only: bool) -> Iterator[Line]:
    more = f"{formatting.counted(finding.more, 'other parameter')} of this test too" if finding.more else ""
    spark = words.sparkline(list(finding.values), ascii_only=ascii_only)
    said = " ".join(filter(None, ("; ".join(filter(None, (finding.reason, more, finding.since))), spark)))
    label = (finding.kind.facts.heading or finding.kind).upper()
    first, *others = _paragraph(said or finding.kind, width, label=label)
    yield [StyledText(first[0].text, _STYLES.get(finding.severity, Style.PLAIN)), *first[1:]]
    yield from others
    yield from _paragraph(f"why: {finding.why}" if finding.why else "", width)


def _tail_lines(content: Content, width: int, verbosity: int) -> Iterator[Line]:
    """
    What stands, a paragraph a kind; the slowest tests, the machine, the history; what went wrong inside Paceline.
    """
    if verbosity <= 0:
        yield from _standing_lines(content, width)
    if verbosity >= 0 or content.findings:
        yield from _health_lines(content, width, verbosity)
    for trouble in content.troubles:
        yield _labelled("paceline", trouble, Style.WARNING)


def _standing_lines(content: Content, width: int) -> Iterator[Line]:
    for number, text in enumerate(content.standing[:_MOST_STANDING]):
        yield from _paragraph(text, width, label="" if number else "still")
    if content.standing:
        left = len(content.standing) - _MOST_STANDING
        more = f"… and {formatting.counted(left, 'more kind')}; " if left > 0 else ""
        yield _labelled("", f"{more}`paceline report -v` shows all in full", Style.FAINT)


def _health_lines(content: Content, width: int, verbosity: int) -> Iterator[Line]:
    if verbosity > 0 or (verbosity == 0 and not content.is_well):
        for number, (time, case) in enumerate(content.slowest[: None if verbosity > 0 else _FIRST_OF_THE_SLOWEST]):
            yield _labelled("" if number else "slowest", f"{time:>{_TIME - 2}}  {quote(case.id)}")
    if verbosity >= 0:
        yield from _result_lines(content, width, None if verbosity > 0 else _MOST_RESULTS)
    if content.fixtures and verbosity >= 0:
        yield from _paragraph(content.fixtures, width, label="fixtures")
    if content.work and verbosity >= 0:
        yield from _paragraph(content.work, width, label="work")
    yield from _paragraph(content.machine, width, label="machine")
    yield from _paragraph(content.history, width, label="history")
    yield _labelled("run", content.run_id)


def _result_lines(content: Content, width: int, most: int | None) -> Iterator[Line]:
    for kind, text in content.results[:most]:
        yield from _paragraph(text, width, label=kind)
    if most is not None and content.results[most:]:
        results = formatting.counted(len(content.results) - most, "more result")
        yield _labelled("", f"… and {results}; `paceline report -v` shows all", Style.FAINT)


def _paragraph(text: str, width: int, style: Style = Style.PLAIN, label: str = "") -> Iterator[Line]:
    room = max(width - LABEL_WIDTH, _NARROWEST)
    for number, part in enumerate(wrap(text, room, break_long_words=False, break_on_hyphens=False)):
        yield _labelled("" if number else label, part, style)


def _labelled(label: str, text: str, style: Style = Style.PLAIN) -> Line:
    return [StyledText(f"{label:<{LABEL_WIDTH}}", Style.FAINT), StyledText(text, style)]

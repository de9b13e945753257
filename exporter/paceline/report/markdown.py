"""
The report for a pull request.
"""

from collections.abc import Sequence

from tabulate import tabulate

from paceline.formatting import counted
from paceline.model import Severity
from paceline.report import words
from paceline.report.content import Content
from paceline.report.findings import Finding

_MARKS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
_UNKNOWN_MARK = "⚪"
_MOST_ROWS, _MOST_RESULTS = 50, 20
# A comment on GitHub has at most 65,536 characters, and the details need some of them.
_MOST_OF_NEWS, _MOST_OF_STANDING = 30_000, 20_000
_LONGEST_CELL = 300
_HEADERS = ("", "Verdict", "Test", "What", "Why", "Last runs")


def markdown(content: Content) -> str:
    """
    A heading, which says first if the run fails, a table of what is new, and the rest folded away: what stood in the
    last run already, and the details. The whole fits a comment on a pull request.
    """
    parts = _heading(content)
    if content.new_findings:
        parts.append(_table(content.new_findings, _MOST_OF_NEWS))
    if content.standing:
        old = [finding for finding in content.findings if finding.standing]
        counts = ", ".join(text.partition(":")[0] for text in content.standing)
        parts.append(f"<details><summary>Still: {counts}</summary>\n\n{_table(old, _MOST_OF_STANDING)}\n\n</details>")
    parts.append(_details(content))
    return "\n\n".join(parts) + "\n"


def _heading(content: Content) -> list[str]:
    if not content.failed_by:
        return [f"### {'✅' if content.is_well else '⚠️'} Paceline: {content.headline}"]
    reasons = "; ".join(escaped(_short(reason)) for reason in content.failed_by)
    return [f"### ❌ Paceline: {reasons}", f"{content.headline}."]


def _table(findings: Sequence[Finding], room: int) -> str:
    """
    The first rows, of at most so many characters, and the count of the others.
    """
    # tabulate pads all cells to the longest one, which would fill a comment with spaces.
    lines = [_line(_HEADERS), _line(["---"] * len(_HEADERS))]
    for finding in findings[:_MOST_ROWS]:
        line = _line(_row(finding))
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    left = len(findings) - (len(lines) - 2)
    table = "\n".join(lines)
    return f"{table}\n\n… and {counted(left, 'more finding')}; `paceline report -v` shows all." if left else table


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(finding: Finding) -> list[str]:
    why = "<br>".join(escaped(_short(text)) for text in (finding.why, finding.since) if text)
    return [
        _MARKS.get(finding.severity, _UNKNOWN_MARK),
        finding.kind.value,
        code(finding.case) + (f" and {counted(finding.more, 'more parameter')}" if finding.more else ""),
        escaped(_short(finding.reason)),
        why,
        words.sparkline(list(finding.values)),
    ]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _details(content: Content) -> str:
    slowest = tabulate(
        [[code(case.id), time, case.test_type] for time, case in content.slowest],
        headers=["Slowest", "Time", "Type"],
        tablefmt="github",
        disable_numparse=True,
    )
    results = "\n".join(f"- {kind}: {escaped(_short(text))}" for kind, text in content.results[:_MOST_RESULTS])
    fixtures = f"Fixtures: {escaped(content.fixtures)}. " if content.fixtures else ""
    work = f"Work: {escaped(content.work)}. " if content.work else ""
    facts = f"{fixtures}{work}Machine: {content.machine}. History: {content.history}. Run: {content.run_id}."
    heading = "<details><summary>Slowest tests and machine</summary>"
    folded = "\n\n".join(filter(None, (heading, slowest, results, facts)))
    return f"{folded}\n\n</details>"


def code(text: str) -> str:
    """
    A name as code in a cell of a table.
    """
    # A backtick inside would end the code span; a bar would end the cell, in code too.
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def escaped(text: str) -> str:
    """
    A text that is to be read as it is.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")

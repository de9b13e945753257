"""
The report under pytest's own summary.
"""

from collections.abc import Sequence

import pytest

from paceline.analysis.comparability import missing_history
from paceline.analysis.failing_verdicts import failing_verdicts
from paceline.analysis.past import Past
from paceline.config import Config
from paceline.formatting import counted, duration, size
from paceline.model import Case, Run
from paceline.plugin.guard import Guard
from paceline.report.content import Content, compose
from paceline.report.gate import named
from paceline.report.text import LABEL_WIDTH, Style, lines
from paceline.usage import UsageKey

_MARKUP: dict[Style, dict[str, bool]] = {
    Style.PLAIN: {},
    Style.STRONG: {"bold": True},
    Style.GOOD: {"green": True},
    Style.WARNING: {"yellow": True},
    Style.BAD: {"red": True, "bold": True},
    Style.FAINT: {"light": True},
}

_QUIETEST = -1


def write_report(terminal: "pytest.TerminalReporter", run: Run, past: Past, settings: Config) -> None:
    """
    Write the report of a judged run.
    """
    verbosity = terminal.verbosity
    if verbosity < _QUIETEST:
        return
    content = compose(run, past, settings.rules)
    terminal.section("paceline", "=", **_MARKUP[_style_of(run, content)])
    writer = terminal._tw  # noqa: SLF001 - pytest has no public way to write a part of a line
    encoding = getattr(writer._file, "encoding", None) or "ascii"  # noqa: SLF001
    ascii_only = "utf" not in encoding.lower()
    for line in lines(content, width=writer.fullwidth, verbosity=verbosity, ascii_only=ascii_only):
        for span in line:
            writer.write(span.text, **_MARKUP[span.style])
        writer.line()
    _write_gate(terminal, run, past, settings)


def _style_of(run: Run, content: Content) -> Style:
    """
    The colour of the section's title, as pytest's: red where the run fails, yellow where something was found.
    """
    if run.failed_by:
        return Style.BAD
    return Style.GOOD if content.is_well else Style.WARNING


def _write_gate(terminal: "pytest.TerminalReporter", run: Run, past: Past, settings: Config) -> None:
    """
    Write whether the run fails by a verdict, and which verdicts the past is too short for.
    """
    for line in run.failed_by:
        terminal.write_line(line, red=True, bold=True)
    inherited = failing_verdicts(run, past, settings.fail_on).inherited
    if inherited:
        do = counted(len(inherited), "verdict does", "verdicts do")
        where = f"the last run on {past.runs[-1].branch} had the same"
        terminal.write_line(f"{do} not fail this run, as {where}: {named(inherited)}")
    missing = missing_history(settings.fail_on, run, past, settings.rules) if settings.fail_on else ""
    if missing and not settings.require_history:
        terminal.write_line(f"{missing}; --paceline-require-history makes this an error", yellow=True)


def write_sent(terminal: "pytest.TerminalReporter", sent: Sequence[str]) -> None:
    """
    Write what was sent where.
    """
    if terminal.verbosity >= _QUIETEST:
        for line in sent:
            terminal.write_line(f"{'sent':<{LABEL_WIDTH}}{line}")


def write_messages(terminal: "pytest.TerminalReporter", guard: Guard) -> None:
    """
    Write what went wrong inside Paceline, however quiet the session is.
    """
    for message in guard.messages:
        terminal.write_line(f"paceline: {message}", yellow=True)


def say(config: pytest.Config, message: str) -> None:
    """
    Say something while the session goes on.
    """
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and terminal.verbosity >= _QUIETEST:
        _write_on_own_line(terminal, f"paceline: {message}")


def verbose_line(config: pytest.Config, case: Case) -> None:
    """
    One line for a test that has ended.
    """
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    figures = [case.test_type, case.outcome.value]
    if case.duration_seconds is not None:
        figures.append(duration(case.duration_seconds))
    if UsageKey.CPU_SECONDS in case.usage:
        figures.append(f"CPU {duration(case.usage[UsageKey.CPU_SECONDS])}")
    if UsageKey.MEMORY_PEAK_BYTES in case.usage:
        figures.append(f"memory +{size(case.usage[UsageKey.MEMORY_PEAK_BYTES])}")
    _write_on_own_line(terminal, f"{case.id}  {', '.join(figures)}")


def _write_on_own_line(terminal: "pytest.TerminalReporter", line: str) -> None:
    terminal.ensure_newline()
    # That knows of lines that begin with a file, and not of the dots of -q.
    if terminal._tw.width_of_current_line:  # noqa: SLF001 - as in write_report
        terminal._tw.line()  # noqa: SLF001
    terminal.write_line(line)

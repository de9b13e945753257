"""
The report under pytest's own summary.
"""

import pytest

from paceline.analysis.past import Past
from paceline.config import Config
from paceline.model import Case, Run, UsageKey
from paceline.plugin.guard import Guard
from paceline.report import words
from paceline.report.content import compose
from paceline.report.text import Style, lines

_MARKUP: dict[Style, dict[str, bool]] = {
    Style.PLAIN: {},
    Style.STRONG: {"bold": True},
    Style.GOOD: {"green": True},
    Style.WARNING: {"yellow": True},
    Style.BAD: {"red": True, "bold": True},
    Style.FAINT: {"light": True},
}


class Summary:
    """
    Writes the report of a finished run.
    """

    def __init__(self, run: Run, past: Past, settings: Config, guard: Guard) -> None:
        self._run = run
        self._past = past
        self._settings = settings
        self._guard = guard

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        verbosity = terminalreporter.verbosity
        if verbosity < -1:
            return
        terminalreporter.section("paceline")
        writer = terminalreporter._tw  # noqa: SLF001 - pytest has no public way to write a part of a line
        content = compose(self._run, self._past)
        encoding = getattr(writer._file, "encoding", None) or "ascii"  # noqa: SLF001
        for line in lines(
            content, width=writer.fullwidth, verbosity=verbosity, ascii_only="utf" not in encoding.lower()
        ):
            for span in line:
                writer.write(span.text, **_MARKUP[span.style])
            writer.line()
        for message in self._guard.messages:
            writer.line(f"paceline: {message}", yellow=True)
        failing = sum(verdict.kind in self._settings.fail_on for verdict in self._run.verdicts)
        if failing:
            kinds = ", ".join(self._settings.fail_on)
            writer.line(f"{words.counted(failing, 'verdict')} of {kinds}: this run fails", red=True, bold=True)


def verbose_line(config: pytest.Config, case: Case) -> None:
    """
    One line for a test that has ended.
    """
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    figures = [case.test_type, case.outcome.value]
    if case.duration_seconds is not None:
        figures.append(words.duration(case.duration_seconds))
    if UsageKey.CPU_SECONDS in case.usage:
        figures.append(f"CPU {words.duration(case.usage[UsageKey.CPU_SECONDS])}")
    if UsageKey.MEMORY_PEAK_BYTES in case.usage:
        figures.append(f"memory +{words.size(case.usage[UsageKey.MEMORY_PEAK_BYTES])}")
    terminal.ensure_newline()
    terminal.write_line(f"{case.id}  {', '.join(figures)}")

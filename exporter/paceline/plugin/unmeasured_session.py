"""
A session in which nothing is measured, as Paceline cannot start there.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest


class UnmeasuredSession:
    """
    Says why, in one line.
    """

    def __init__(self, reason: str) -> None:
        self._reason: Final = reason

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        terminalreporter.write_line(f"paceline: nothing is measured: {self._reason}", yellow=True)

"""
Room for one line a test: what pytest itself writes of each would break it.
"""

from collections.abc import Generator

import pytest

_Status = tuple[str, str, str | tuple[str, dict[str, bool]]]


class VerboseTests:
    """
    Leaves out pytest's file names and letters while tests run, unless more was asked for.
    """

    def __init__(self) -> None:
        self._is_running = False

    @pytest.hookimpl(tryfirst=True)  # the loop of xdist's controller asks nobody after it
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and terminal.verbosity <= 0:
            self._is_running = True
            terminal.showfspath = False

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, _Status, _Status]:
        category, letter, word = yield
        # The summary at the end asks for the same words, and has to get them.
        return (category, "", "") if self._is_running else (category, letter, word)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._is_running = False

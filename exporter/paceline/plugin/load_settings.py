"""
What the command line says of load tests, for the functions of the test kit.
"""

from collections.abc import Callable
from typing import NoReturn

import pytest

from paceline.testkit.load.session_settings import SETTINGS, SessionSettings


def apply_load_settings(config: pytest.Config) -> None:
    """
    Let the settings hold until pytest is done with this configuration.
    """
    settings = SessionSettings(
        tuple(config.getoption("paceline_load_allow")), _line_shower(config), _interrupter(config)
    )
    SETTINGS.append(settings)
    config.add_cleanup(lambda: SETTINGS.remove(settings))


def _line_shower(config: pytest.Config) -> Callable[[str], None] | None:
    """
    What shows a line below those of pytest, where it writes to a terminal; None in a worker of xdist.
    """
    if hasattr(config, "workerinput"):
        return None

    def show(line: str) -> None:
        # The reporter is registered after this plugin is configured.
        reporter = config.pluginmanager.getplugin("terminalreporter")
        capture = config.pluginmanager.getplugin("capturemanager")
        if reporter is None or capture is None or not reporter.isatty:
            return
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.rewrite(line, erase=True)

    return show


def _interrupter(config: pytest.Config) -> Callable[[str], NoReturn]:
    """
    What fails the test that runs and ends the session: a test that raises KeyboardInterrupt has no report, and its
    result would be lost.
    """

    def interrupt(reason: str) -> NoReturn:
        session = config.pluginmanager.getplugin("session")
        if session is None:
            raise KeyboardInterrupt
        session.shouldstop = "Ctrl-C in a load test"
        pytest.fail(reason, pytrace=False)

    return interrupt

"""
What the command line says of load tests, for the functions of the test kit.
"""

from collections.abc import Callable
from typing import NoReturn

import pytest

from paceline.live_report import LoadMoment
from paceline.testkit.load.session_settings import SETTINGS, SessionSettings


def apply_load_settings(config: pytest.Config) -> None:
    """
    Let the settings hold until pytest is done with this configuration.
    """
    settings = SessionSettings(
        allowed_hosts=tuple(config.getoption("paceline_load_allow") or ()),
        workers=_workers(config),
        master=_master(config),
        show=_line_shower(config),
        tell=_teller(config),
        interrupt=_interrupter(config),
    )
    SETTINGS.append(settings)
    config.add_cleanup(lambda: SETTINGS.remove(settings))


def _workers(config: pytest.Config) -> int:
    workers = config.getoption("paceline_load_workers")
    if workers is not None and workers < 1:
        raise pytest.UsageError(f"paceline: --paceline-load-workers is {workers}, expected a number from 1 on")
    return workers or 0


def _master(config: pytest.Config) -> str:
    address = config.getoption("paceline_load_master")
    if not address:
        return ""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise pytest.UsageError(f"paceline: --paceline-load-master is {address!r}, expected HOST:PORT")
    if config.getoption("paceline_load_workers") is None:
        raise pytest.UsageError("paceline: --paceline-load-master needs --paceline-load-workers, the number of workers")
    return str(address)


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


def _teller(config: pytest.Config) -> Callable[[LoadMoment], None]:
    """
    What tells the companion of the test that sends load, where one is measured.
    """

    def tell(moment: LoadMoment) -> None:
        tests = config.pluginmanager.getplugin("paceline-tests")
        if tests is not None:
            tests.tell_load(moment)

    return tell


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

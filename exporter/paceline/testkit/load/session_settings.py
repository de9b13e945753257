"""
What the command line of pytest says of load tests.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

from paceline.live_report import LoadMoment


class SessionSettings(NamedTuple):
    """
    Hosts that load may be sent to. `workers` of Locust send load; 0 where Locust does not. They connect to `master`, as
    HOST:PORT, and are processes of this machine where it is "". `show` shows the progress of a load test: it takes the
    line that replaces the one before. `tell` takes each second of a load test, for those who watch the run. `interrupt`
    ends the test and the session after Ctrl-C; it takes the reason.
    """

    allowed_hosts: tuple[str, ...] = ()
    workers: int = 0
    master: str = ""
    show: Callable[[str], None] | None = None
    tell: Callable[[LoadMoment], None] | None = None
    interrupt: Callable[[str], NoReturn] | None = None


SETTINGS: Final[list[SessionSettings]] = []
"""
The settings of the sessions of this process; a session inside a test is the last.
"""


def session_settings() -> SessionSettings:
    """
    The settings of the session that runs; those of a script are the default ones.
    """
    return SETTINGS[-1] if SETTINGS else SessionSettings()


def interrupt(reason: str) -> NoReturn:
    """
    End what runs, after Ctrl-C and with what was measured kept.

    Raises:
        KeyboardInterrupt: nobody else ends it.
    """
    end = session_settings().interrupt
    if end is not None:
        end(reason)
    raise KeyboardInterrupt

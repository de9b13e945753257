"""
The line that shows how a load test does.
"""

import sys
import time
from collections.abc import Callable
from typing import Final

from paceline.formatting import duration
from paceline.testkit.load.gathering import Gathering
from paceline.testkit.load.plan import LoadPlan
from paceline.testkit.load.session_settings import session_settings


class Progress:
    """
    Shows a line each second on a terminal, and nothing elsewhere.
    """

    def __init__(self, plan: LoadPlan) -> None:
        self._plan: Final = plan
        self._started: Final = time.monotonic()
        self._show: Final = session_settings().show or _to_terminal()

    def show(self, gathering: Gathering) -> None:
        """
        Show what is counted so far.
        """
        if self._show is not None:
            self._show(line_of(gathering, time.monotonic() - self._started, self._plan.whole_seconds))

    def end(self) -> None:
        """
        Clear the line.
        """
        if self._show is not None:
            self._show("")


def line_of(gathering: Gathering, seconds: float, whole_seconds: float) -> str:
    """
    The latest interval in one line.
    """
    latest = gathering.latest_interval()
    if latest is None:
        return f"load test {seconds:.0f} of {whole_seconds:.0f} s"
    rate = latest.requests / gathering.interval_seconds
    p95 = f", p95 {duration(latest.p95_seconds)}" if latest.p95_seconds is not None else ""
    return (
        f"load test {seconds:.0f} of {whole_seconds:.0f} s: {rate:,.0f} requests/s{p95}, "
        f"{gathering.failures:,} failed, {latest.users:,} users"
    )


def _to_terminal() -> Callable[[str], None] | None:
    stream = sys.__stderr__
    if stream is None or not stream.isatty() or sys.stderr is not stream:
        return None

    def show(line: str) -> None:
        stream.write(f"\r\x1b[K{line}")
        stream.flush()

    return show

"""
Shows how a load test does.
"""

import sys
import time
from collections.abc import Callable
from typing import Final

from paceline.formatting import duration
from paceline.live_report import LoadMoment
from paceline.testkit.load.gathering import Gathering
from paceline.testkit.load.load_plan import LoadPlan
from paceline.testkit.load.session_settings import session_settings


class Progress:
    """
    Shows a line each second on a terminal, and reports it to the live state of the run.

    Args:
        plan: the load.
        name: of the load test.
    """

    def __init__(self, plan: LoadPlan, name: str) -> None:
        self._plan: Final = plan
        self._name: Final = name
        self._started: Final = time.monotonic()
        self._show: Final = session_settings().show or _to_terminal()
        self._tell: Final = session_settings().tell

    def show(self, gathering: Gathering) -> None:
        """
        Show what is counted so far.
        """
        if self._show is not None:
            self._show(line_of(gathering, time.monotonic() - self._started, self._plan.whole_seconds))
        latest = gathering.latest_interval()
        if self._tell is not None and latest is not None:
            self._tell(
                LoadMoment(
                    name=self._name,
                    users=latest.users,
                    requests_per_second=latest.requests / gathering.interval_seconds,
                    failures=gathering.failures,
                    p95_seconds=latest.p95_seconds,
                )
            )

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

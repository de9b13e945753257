"""
The time that Paceline may add to a session when something goes wrong, and Ctrl-C at the end of a session.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final, TypeVar

from paceline.formatting import duration
from paceline.plugin.guard import Guard
from paceline.plugin.measure.time_limit import OutOfTimeError, can_limit, time_limit
from paceline.unpatched import UNPATCHED

_T = TypeVar("_T")
# What is left for a step that has to be tried in any case.
_SHORT_SECONDS = 1.0
_SETTING = "longest_seconds"


class AddedTime:
    """
    Runs the steps of a session that are not tests, all of them within `seconds`.

    `is_interrupted` says that the user pressed Ctrl-C during a step: that step is left, and the steps that follow are
    skipped. Those that have to be tried have a second for it. pytest goes on to its summary and its files.
    """

    def __init__(self, seconds: float, guard: Guard) -> None:
        self.is_interrupted = False
        self._seconds: Final = seconds
        self._spent = 0.0
        self._guard: Final = guard

    @property
    def left(self) -> float:
        """
        Seconds that may still be added.
        """
        return 0.0 if self.is_interrupted else max(self._seconds - self._spent, 0.0)

    def tried(self, step: Callable[[], _T], doing: str, *, in_any_case: bool = False) -> _T | None:
        """
        What a step returns; None where it failed, took too long or was interrupted, which is noted.
        """
        seconds = max(self.left, _SHORT_SECONDS if in_any_case else 0.0)
        if not seconds:
            self._guard.warn(f"{doing} was skipped: {self._why()}")
            return None
        try:
            with self._limited(seconds), self._ctrl_c_noted() if in_any_case else nullcontext():
                return self._guard.tried(step, doing)
        except OutOfTimeError:
            self._guard.warn(f"{doing} was given up: {self._why()}")
        except KeyboardInterrupt:
            self.is_interrupted = True
            self._guard.warn(f"{doing} was interrupted")
        return None

    @contextmanager
    def _ctrl_c_noted(self) -> Iterator[None]:
        if not can_limit() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def note(*_: object) -> None:
            if self.is_interrupted:
                raise KeyboardInterrupt
            self.is_interrupted = True
            signal.setitimer(signal.ITIMER_REAL, _SHORT_SECONDS)

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _why(self) -> str:
        if self.is_interrupted:
            return "the session was interrupted"
        return f"Paceline adds at most {duration(self._seconds)} to a session ({_SETTING})"

    @contextmanager
    def _limited(self, seconds: float) -> Iterator[None]:
        started = UNPATCHED.monotonic()
        try:
            if can_limit():
                with time_limit(seconds):
                    yield
            else:
                yield
        finally:
            self._spent += UNPATCHED.monotonic() - started

"""
Keep a test that is repeated from stopping the timer which ends its repeat.
"""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any, Final

from paceline.unpatched import UNPATCHED

_SHORTEST: Final = 0.001
_REPLACED: Final = ("signal", "setitimer", "alarm", "pthread_sigmask")


@contextmanager
def kept_timer(seconds: float) -> Iterator[None]:
    """
    Let tests in the block use SIGALRM and its timer, which ring after so many seconds all the same: a timer that a test
    stops is set for the time that is left, and SIGALRM is neither ignored nor blocked.

    Args:
        seconds: the time limit, whose handler is installed.
    """
    real = {name: getattr(signal, name) for name in _REPLACED}
    timer = _Timer(UNPATCHED.monotonic() + seconds, signal.getsignal(signal.SIGALRM), real)
    ours = {"signal": timer.handle, "setitimer": timer.set, "alarm": timer.alarm, "pthread_sigmask": timer.mask}
    for name, function in ours.items():
        setattr(signal, name, function)
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(signal, name, function)


class _Timer:
    """
    The functions that stand in place of those of the module `signal`.
    """

    def __init__(self, end: float, handler: object, real: dict[str, Callable[..., Any]]) -> None:
        self._end: Final = end
        self._handler: Final = handler
        self._real: Final = real

    @property
    def _left(self) -> float:
        return max(self._end - UNPATCHED.monotonic(), _SHORTEST)

    def handle(self, number: int, handler: object) -> object:
        is_dropped = number == signal.SIGALRM and handler in (signal.SIG_IGN, signal.SIG_DFL)
        return self._real["signal"](number, self._handler if is_dropped else handler)

    def set(self, which: int, seconds: float, interval: float = 0.0) -> object:
        if which == signal.ITIMER_REAL:
            seconds = min(seconds or self._left, self._left)
            interval = interval or self._left
        return self._real["setitimer"](which, seconds, interval)

    def alarm(self, seconds: int) -> int:
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        self.set(signal.ITIMER_REAL, float(seconds))
        return ceil(left)

    def mask(self, how: int, signals: Iterable[int]) -> object:
        blocked = set(signals) if how == signal.SIG_UNBLOCK else set(signals) - {signal.SIGALRM}
        return self._real["pthread_sigmask"](how, blocked)

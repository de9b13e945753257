"""
A time limit for each call of a function under test.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import length_hint
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from paceline.testkit.arguments import arguments_of, number

if TYPE_CHECKING:
    from asyncio import Task

_T = TypeVar("_T")
CALL_SECONDS = 60.0
"""
The default time limit of a call.
"""


class _BlockedError(BaseException):
    """
    A call did not end. It is no Exception, so that a function that catches all of those does not catch it.
    """


class CallTimeLimit:
    """
    Ends a call of a function that takes longer than the limit, by SIGALRM in the main thread of a POSIX process.

    A timer ticks once in the time of the limit, and a call that lasted from one tick to the next is ended. So the limit
    costs a call no time, and a call is ended before twice the limit. The work between calls has no limit. Where a timer
    runs already, as that of pytest-timeout, that timer ends the test; in other threads and on Windows no call is ended.

    Args:
        test: the function of the test kit.
        fn: the function that is called.
        seconds: the longest time of a call.

    Raises:
        ValueError: the function cannot be called, or the limit is no number above 0.
    """

    def __init__(self, test: str, fn: Callable[..., Any], seconds: float) -> None:
        self._message: Final = f"{test}: a call of {fn!r} took longer than timeout_seconds, which is {seconds!r}"
        __tracebackhide__ = True
        with arguments_of(test):
            if not callable(fn):
                raise ValueError(f"the function is {fn!r}, expected a function without arguments")  # noqa: TRY004 - as other invalid arguments
            self._seconds: Final = number("timeout_seconds", seconds)
        self._batches = 0
        self._left = iter(range(0))
        self._is_in_call = False
        self._at_last_tick = (0, 0)
        self._cancel: Callable[[], object] | None = None

    def calls(self, number: int) -> Iterator[int]:
        """
        An iterator over so many calls; how far it is says whether a call has ended. `between` follows the last call.
        """
        self._batches += 1
        self._left = iter(range(number))
        self._is_in_call = True
        return self._left

    def between(self) -> None:
        """
        No call is under way until the next ones.
        """
        self._is_in_call = False

    def call(self, fn: Callable[..., _T], *arguments: object) -> _T:
        """
        What one call of a function returns.
        """
        self.calls(1)
        try:
            return fn(*arguments)
        finally:
            self.between()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """
        While calls are ended that take too long.

        Raises:
            TimeoutError: a call took too long.
        """
        if not _can_watch():
            yield
            return
        self._at_last_tick = self._progress()
        handler = signal.signal(signal.SIGALRM, self._tick)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, self._seconds)
        try:
            yield
        except _BlockedError as error:
            raise TimeoutError(self._message) from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)

    @contextmanager
    def watched_in_task(self) -> Iterator[None]:
        """
        The same in a coroutine: a task of asyncio is cancelled first, which its loop survives.
        """
        task = _task_of_asyncio()
        if task is None:
            with self.watched():
                yield
            return
        from asyncio import CancelledError  # noqa: PLC0415 - as below

        loop = task.get_loop()
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        with self.watched():
            try:
                yield
            except CancelledError as error:
                if self._cancel is not None:  # by somebody else
                    raise
                task.uncancel()
                raise TimeoutError(self._message) from error
            finally:
                self._cancel = None

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        before, self._at_last_tick = self._at_last_tick, self._progress()
        if before != self._at_last_tick or not self._is_in_call:
            return
        cancel, self._cancel = self._cancel, None
        if cancel is None:
            raise _BlockedError
        cancel()

    def _progress(self) -> tuple[int, int]:
        return self._batches, length_hint(self._left)


def _task_of_asyncio() -> "Task[Any] | None":
    # Importing asyncio takes as long as a tenth of an empty session, and no task of it is in a process without it.
    if "asyncio" not in sys.modules:
        return None
    from asyncio import current_task  # noqa: PLC0415

    try:
        return current_task()
    except RuntimeError:  # another library, such as Trio, runs the coroutine
        return None


def _can_watch() -> bool:
    is_in_main_thread = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and is_in_main_thread and not any(signal.getitimer(signal.ITIMER_REAL))

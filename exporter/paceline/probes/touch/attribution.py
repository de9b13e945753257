"""
Which test, and which part of it, touches something now.

A context variable would not do: pools, executors and fixtures of a wider scope run in contexts of their own. So there
is one present part of a test for the process, and a rule for threads that were there before the test.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from paceline.unpatched import UNPATCHED

# The threads of Python: the number that the system has for each, by that of Python.
_Threads = dict[int, int | None]


class Bucket:
    """
    What one part of a test touched.

    `figures` are by the key of usage; plain strings, so that adding is one step that no thread interrupts. `queries`,
    `hosts` and `endpoints` hold more on each, in whatever form those who count them choose.
    """

    __slots__ = ("endpoints", "figures", "hosts", "queries")

    def __init__(self) -> None:
        self.figures: Final[defaultdict[str, float]] = defaultdict(float)
        self.queries: Final[dict[Any, Any]] = {}
        self.hosts: Final[dict[str, Any]] = {}
        self.endpoints: Final[dict[Any, Any]] = {}

    @property
    def is_empty(self) -> bool:
        """
        Whether nothing was touched.
        """
        return not self.figures and not self.queries and not self.endpoints


NOTHING: Final = Bucket()
"""
What a part that touched nothing touched; nobody adds to it.
"""


class Attribution:
    """
    The buckets of the present test.

    A thread that was there before the test works for it only while the test waits for an answer to a request, as a
    server would, or as a worker of a pool. What it does else is put in `background`. A thread that was started while a
    fixture of a wider scope was made is one that was there before. `foreign` has these threads. A test that did
    something in a page of a browser always waits for answers, as the browser asks on its own (`is_browsing`).

    `known` is for whoever wants to find again what lies in `bucket`: it is emptied where another bucket takes over.
    """

    def __init__(self) -> None:
        self.bucket = Bucket()
        self.background = Bucket()
        self.known: dict[Any, Any] = {}
        self.requests = 0
        self.is_browsing = False
        self.operation = 0
        self._operations = 0
        self._thread = UNPATCHED.get_ident()
        self.foreign: _Threads = {}
        self._paused: list[tuple[Bucket, _Threads]] = []
        self._drivers: set[int] = set()

    def start_test(self) -> None:
        """
        The thread that calls this runs the test, and what is touched now is touched by its setup.
        """
        self._thread = UNPATCHED.get_ident()
        self.foreign = _threads() if len(UNPATCHED.threads) > 1 else {}
        self._paused.clear()
        self.known = {}
        self.requests = self.operation = 0
        self.is_browsing = False
        if not self.background.is_empty:
            self.background = Bucket()
        self.start_part()

    def start_part(self) -> Bucket:
        """
        Begin the next part of the test.

        Returns:
            the bucket of the part before; `NOTHING` where it touched nothing.
        """
        ended = self.bucket
        self.known = {}
        if ended.is_empty:
            return NOTHING
        self.bucket = Bucket()
        return ended

    def pause(self) -> None:
        self._paused.append((self.bucket, _threads()))
        self.known = {}
        self.bucket = Bucket()

    def resume(self) -> None:
        if self._paused:
            self.known = {}
            self.bucket, before = self._paused.pop()
            self.foreign |= dict(_threads().items() - before.items())

    @contextmanager
    def apart(self) -> Iterator[Bucket]:
        """
        While what is touched goes into a bucket of its own.
        """
        before = self.bucket
        self.bucket, self.known = Bucket(), {}
        try:
            yield self.bucket
        finally:
            self.bucket, self.known = before, {}

    def of_caller(self) -> Bucket:
        """
        The bucket of what the calling thread does.
        """
        if not self.foreign or self._is_waiting:
            return self.bucket
        thread = UNPATCHED.get_ident()
        if thread == self._thread or thread not in self.foreign:
            return self.bucket
        # The number of a thread that has ended is given to another; that of the system is not, and takes a call to it.
        if self.foreign[thread] != UNPATCHED.get_native_id() or _is_of_pool(thread):
            return self.bucket
        return self.background

    def request_started(self) -> int:
        """
        Note that the test waits for an answer.

        Returns:
            the operation before, for `request_ended`.
        """
        before = self.operation
        self.known = {}
        self.requests += 1
        self._operations += 1
        self.operation = self._operations
        return before

    def request_ended(self, before: int) -> None:
        self.known = {}
        self.requests = max(self.requests - 1, 0)
        self.operation = before

    @contextmanager
    def driving(self) -> Iterator[None]:
        """
        While the calling thread sends commands to a browser, which are no requests of the test.
        """
        thread = UNPATCHED.get_ident()
        is_first = thread not in self._drivers
        self._drivers.add(thread)
        try:
            yield
        finally:
            if is_first:
                self._drivers.discard(thread)

    @property
    def is_driving(self) -> bool:
        return bool(self._drivers) and UNPATCHED.get_ident() in self._drivers

    @property
    def is_shared(self) -> bool:
        """
        Whether the thread that calls this may work for somebody else than the test.
        """
        return bool(self.foreign) and UNPATCHED.get_ident() != self._thread

    @property
    def _is_waiting(self) -> bool:
        return self.requests > 0 or self.is_browsing


def _threads() -> _Threads:
    return {number: thread.native_id for number, thread in list(UNPATCHED.threads.items())}


def _is_of_pool(thread: int) -> bool:
    """
    Whether a thread is a worker of a `ThreadPoolExecutor`.
    """
    pools = UNPATCHED.modules.get("concurrent.futures.thread")
    return pools is not None and UNPATCHED.threads.get(thread) in pools._threads_queues  # noqa: SLF001

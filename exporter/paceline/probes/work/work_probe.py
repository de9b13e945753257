"""
The calls of the project's functions in the call phase of a test.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from paceline.probes.probe import Probe, Usage
from paceline.probes.work.call_counters import CallCounter, NotCountableError, make_counter
from paceline.probes.work.counted_calls import CountedCalls
from paceline.probes.work.vector_book import VectorBook
from paceline.usage import UsageKey

if TYPE_CHECKING:
    from paceline.probes.work.project_code import ProjectCode


class WorkProbe(Probe):
    """
    Counts while `is_on`: calls, and who makes each where it `notes_callers`; or rounds of loops where it `notes_loops`.
    `loops` has those of the last test whose loops were counted, by the name of the function.

    `code` is set before the first test. What keeps a test from being counted goes to `warn`, and the test has no count.

    Args:
        warn: takes a line for the user.
    """

    keys: ClassVar = (UsageKey.CALLS, UsageKey.CALLS_FINGERPRINT, UsageKey.LOOPS)

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.is_on = self.notes_callers = self.notes_loops = False
        self.loops: Mapping[str, int] = {}
        self.code: ProjectCode | None = None
        self.book: Final = VectorBook()
        self._warn: Final = warn
        self._counter: Final[CallCounter] = make_counter()
        self._calls: CountedCalls | None = None

    def start_call(self) -> None:
        self._calls = None
        if not self.is_on or self.code is None:
            return
        calls = CountedCalls(self.code, notes_callers=self.notes_callers, notes_loops=self.notes_loops)
        try:
            self._counter.start(calls)
        except NotCountableError as error:
            self.is_on = False
            self._warn(f"no calls counted: {error}")
            return
        self._calls = calls

    def stop_call(self, usage: Usage) -> None:
        calls, self._calls = self._calls, None
        if calls is None or self.code is None:
            return
        if not self._counter.stop():
            self._warn("no calls counted of a test that replaced the profiler")
            return
        totals = calls.totals()
        if calls.notes_loops:
            self.loops = self.book.named(totals, self.code)
            usage[UsageKey.LOOPS] = float(sum(totals.values()))
            return
        usage[UsageKey.CALLS] = float(sum(totals.values()))
        usage[UsageKey.CALLS_FINGERPRINT] = float(self.book.add(totals, self.code))
        self.book.add_callers(calls.callers)

    def rest(self) -> None:
        """
        Slow down nothing until the next test that is counted.
        """
        self._counter.rest()

    def close(self) -> None:
        self._counter.close()

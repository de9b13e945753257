"""
Take what a test asks of caches.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from paceline.probes.touch.attribution import Attribution
from paceline.probes.touch.counter import Counter
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

_COMMANDS, _SECONDS = UsageKey.CACHE_COMMANDS.value, UsageKey.CACHE_SECONDS.value
_HITS, _MISSES, _SETS = UsageKey.CACHE_HITS.value, UsageKey.CACHE_MISSES.value, UsageKey.CACHE_SETS.value
_LOCAL_HITS, _LOCAL_MISSES = UsageKey.LOCAL_CACHE_HITS.value, UsageKey.LOCAL_CACHE_MISSES.value
_NANOSECONDS = 1e9
DOING = "counting lookups in caches"
"""
What is being done where an error ends the counting.
"""


class Lookups(Counter):
    """
    Counts commands to caches, and what they found, for the part of the test that asks.

    An error of Paceline's own ends the counting, and does not reach who asks.

    Args:
        attribution: says which part it is.
        failed: takes the error.
    """

    def __init__(self, attribution: Attribution, failed: Callable[[Exception, str], None]) -> None:
        super().__init__(attribution, failed)
        self._inside: Final[set[int]] = set()

    @property
    def is_inside(self) -> bool:
        """
        Whether the thread is inside a cache that is counted itself, so that what it asks of a server is its affair.
        """
        return bool(self._inside) and UNPATCHED.get_ident() in self._inside

    @contextmanager
    def inside(self) -> Iterator[None]:
        thread = UNPATCHED.get_ident()
        is_outermost = thread not in self._inside
        self._inside.add(thread)
        try:
            yield
        finally:
            if is_outermost:
                self._inside.discard(thread)

    def took(self, nanoseconds: int, commands: int = 1, *, hits: int = 0, misses: int = 0, sets: int = 0) -> None:
        """
        Count what was asked of a cache.

        Args:
            nanoseconds: until it answered.
            commands: that were sent to it.
            hits: keys that it had.
            misses: keys that it had not.
            sets: keys that it was given.
        """
        if self.has_failed:
            return
        try:
            figures = self.attribution.of_caller().figures
            if commands:
                figures[_COMMANDS] += commands
            if hits:
                figures[_HITS] += hits
            if misses:
                figures[_MISSES] += misses
            if sets:
                figures[_SETS] += sets
            figures[_SECONDS] += nanoseconds / _NANOSECONDS
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of who asks
            self.give_up(error, DOING)

    def looked_up(self, *, is_hit: bool) -> None:
        """
        Count a lookup in a cache that lies in the memory of the process.
        """
        if self.has_failed:
            return
        try:
            self.attribution.of_caller().figures[_LOCAL_HITS if is_hit else _LOCAL_MISSES] += 1
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, DOING)

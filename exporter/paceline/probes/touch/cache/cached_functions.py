"""
Count what functions with `functools.lru_cache` looked up, from the figures that each such function keeps.
"""

from collections.abc import Callable
from typing import Any, Final
from weakref import ref

from paceline.probes.touch.attribution import Attribution, Bucket
from paceline.probes.touch.call_sites import CallSites, Owner
from paceline.probes.touch.counter import Counter
from paceline.usage import UsageKey

_HITS, _MISSES = UsageKey.LOCAL_CACHE_HITS.value, UsageKey.LOCAL_CACHE_MISSES.value
_DOING = "counting lookups of cached functions"
_Info = tuple[int, int, int | None, int]
_NO_LOOKUP: Final[_Info] = (0, 0, None, 0)
# Reading the figures of one takes half a microsecond, twice in each test.
_MOST = 100


class CachedFunctions(Counter):
    """
    The cached functions of the user's own code.

    A call of such a function costs nothing more: it counts hits and misses itself, which are read where a part of a
    test begins and ends. So the figures do not tell threads apart. A function that is gone when its part ends is left
    out, a cache that was cleared counts from then on, and there are at most a hundred functions.

    Args:
        attribution: says which part it is.
        sites: tells the user's code.
        failed: takes the error.
    """

    def __init__(self, attribution: Attribution, sites: CallSites, failed: Callable[[Exception, str], None]) -> None:
        super().__init__(attribution, failed)
        self._sites: Final = sites
        # As `cache_info` of each function gave them: hits, misses, the largest size and the present one.
        self._before: Final[dict[ref[Any], _Info]] = {}

    def keep(self, function: Any, cached: Any) -> None:
        """
        Count a cached function from now on, if it is the user's.

        Args:
            function: without its cache.
            cached: the same with its cache.
        """
        try:
            # The code of a compiled function names a file that is not there; its module names the right one.
            names = getattr(function, "__globals__", None)
            file = names.get("__file__") if isinstance(names, dict) else None
            is_users = isinstance(file, str) and self._sites.owner_of(file) is not Owner.LIBRARY
            if is_users and len(self._before) < _MOST and hasattr(type(cached), "cache_info"):
                self._before[ref(cached)] = _NO_LOOKUP
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of who makes the function
            self.give_up(error, _DOING)

    def start(self) -> None:
        """
        Count from here.
        """
        if self._before:
            self._read()

    def count(self, bucket: Bucket) -> None:
        """
        Add what was looked up since the last of these calls.
        """
        if not self._before:
            return
        hits, misses = self._read()
        if hits:
            bucket.figures[_HITS] += hits
        if misses:
            bucket.figures[_MISSES] += misses

    def _read(self) -> tuple[int, int]:
        hits = misses = 0
        try:
            # Another thread may make a function meanwhile.
            for reference, before in list(self._before.items()):
                function = reference()
                if function is None:
                    del self._before[reference]
                    continue
                # The method of the class: a function may have an attribute of that name from a function it wraps.
                now = type(function).cache_info(function)
                if now != before:
                    self._before[reference] = now
                    more_hits, more_misses = _change(before, now)
                    hits, misses = hits + more_hits, misses + more_misses
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, _DOING)
            self._before.clear()
        return hits, misses


def _change(before: _Info, now: _Info) -> tuple[int, int]:
    is_cleared = any(after < earlier for after, earlier in zip(_grown(now), _grown(before), strict=True))
    since = _NO_LOOKUP if is_cleared else before
    return now[0] - since[0], now[1] - since[1]


def _grown(info: _Info) -> tuple[int, int, int]:
    """
    The figures that only a clearing makes smaller.
    """
    hits, misses, _, size = info
    return hits, misses, size

"""
Count what functions with `functools.lru_cache` looked up, from the figures that each such function keeps.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from weakref import ref

from paceline.probes.touch.attribution import Attribution, Bucket
from paceline.probes.touch.call_sites import CallSites, Owner
from paceline.probes.touch.counter import Counter
from paceline.usage import UsageKey

_HITS, _MISSES = UsageKey.LOCAL_CACHE_HITS.value, UsageKey.LOCAL_CACHE_MISSES.value
_DOING = "counting lookups of cached functions"


class _Figures(NamedTuple):
    hits: int
    misses: int
    size: int


_NO_LOOKUP: Final = _Figures(0, 0, 0)


class CachedFunctions(Counter):
    """
    The cached functions of the user's own code.

    A call of such a function costs nothing more: it counts hits and misses itself, which are read where a part of a
    test begins and ends. So the figures do not tell threads apart. A function that is gone when its part ends is left
    out, and a cache that was cleared counts from then on.

    Args:
        attribution: says which part it is.
        sites: tells the user's code.
        failed: takes the error.
    """

    def __init__(self, attribution: Attribution, sites: CallSites, failed: Callable[[Exception, str], None]) -> None:
        super().__init__(attribution, failed)
        self._sites: Final = sites
        self._before: Final[dict[ref[Any], _Figures]] = {}

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
            if isinstance(file, str) and self._sites.owner_of(file) is not Owner.LIBRARY:
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
        if not self._before or self.has_failed:
            return
        hits, misses = self._read()
        if hits:
            bucket.figures[_HITS] += hits
        if misses:
            bucket.figures[_MISSES] += misses

    def _read(self) -> tuple[int, int]:
        hits = misses = 0
        try:
            for reference, before in list(self._before.items()):
                cached = reference()
                if cached is None:
                    del self._before[reference]
                    continue
                # The method of the class: the function may have an attribute of that name from a function it wraps.
                info = type(cached).cache_info(cached)
                now = _Figures(info.hits, info.misses, info.currsize)
                if now != before:
                    is_cleared = any(after < earlier for after, earlier in zip(now, before, strict=True))
                    since = _NO_LOOKUP if is_cleared else before
                    hits += now.hits - since.hits
                    misses += now.misses - since.misses
                    self._before[reference] = now
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, _DOING)
            self._before.clear()
        return hits, misses

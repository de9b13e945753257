"""
Lookups in the caches of cachetools, directly and by its decorators.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.patches import Patches

_ABSENT: Final = object()
_frame = sys._getframe  # noqa: SLF001 - as `inspect` does
# What removes or lists values reads them too, and looks up nothing.
_READING = frozenset({"pop", "popitem", "expire", "__iter__"})
_READERS = frozenset({"cachetools", "collections.abc", "_collections_abc"})


def watch(module: ModuleType, lookups: Lookups, patches: Patches) -> None:
    """
    Watch each class of caches that looks up values in a way of its own; the classes of users inherit from them.
    """
    base = module.Cache
    own_missing = base.__missing__

    def wrapped_getitem(getitem: Callable[..., Any]) -> Callable[..., Any]:
        def watched_getitem(self: Any, key: Any) -> Any:
            __tracebackhide__ = True
            caller = _frame(1)
            if caller.f_code.co_name in _READING and caller.f_globals.get("__name__") in _READERS:
                return getitem(self, key)
            # A class that creates missing values returns them like kept ones.
            is_hit = type(self).__missing__ is own_missing or key in self
            try:
                value = getitem(self, key)
            except KeyError:
                lookups.looked_up(is_hit=False)
                raise
            lookups.looked_up(is_hit=is_hit)
            return value

        return watched_getitem

    def wrapped_get(get: Callable[..., Any]) -> Callable[..., Any]:
        def watched_get(self: Any, key: Any, default: Any = None) -> Any:
            __tracebackhide__ = True
            value = get(self, key, _ABSENT)
            if value is not _ABSENT:
                return value
            lookups.looked_up(is_hit=False)
            return default

        return watched_get

    for owner in {one for one in vars(module).values() if isinstance(one, type) and issubclass(one, base)}:
        if "__getitem__" in vars(owner):
            patches.wrap(owner, "__getitem__", wrapped_getitem)
    patches.wrap(base, "get", wrapped_get)

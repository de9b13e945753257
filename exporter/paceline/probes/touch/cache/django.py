"""
Django's caches, whatever keeps them.
"""

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.patches import Patches, looking_like
from paceline.unpatched import UNPATCHED

_ABSENT: Final = object()
_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, lookups: Lookups, patches: Patches) -> None:
    """
    Watch each cache as Django makes it; what one asks of Redis or memcached is its own affair.
    """
    handler = type(module.caches)
    create = handler.create_connection

    def watched_create(self: Any, alias: str) -> Any:
        __tracebackhide__ = True
        return _watched(create(self, alias), lookups, patches)

    patches.put(handler, "create_connection", looking_like(watched_create, create))
    # Without settings there is no cache, and asking for one would be an error.
    made = module.caches.all(initialized_only=True) if sys.modules["django.conf"].settings.configured else ()
    for cache in made:
        _watched(cache, lookups, patches)


def _watched(cache: Any, lookups: Lookups, patches: Patches) -> Any:
    for name, watching in (
        ("get", _watched_get),
        ("get_many", _watched_get_many),
        ("set", partial(_watched_set, sets=lambda *_: 1)),
        ("set_many", partial(_watched_set, sets=len)),
    ):
        theirs = getattr(cache, name)
        patches.put(cache, name, looking_like(watching(theirs, lookups), theirs))
    return cache


def _watched_get(get: Callable[..., Any], lookups: Lookups) -> Callable[..., Any]:
    def watched(key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return get(key, default, *args, **kwargs)
        started = _now()
        with lookups.inside():
            value = get(key, _ABSENT, *args, **kwargs)
        is_hit = value is not _ABSENT
        lookups.took(_now() - started, hits=int(is_hit), misses=int(not is_hit))
        return value if is_hit else default

    return watched


def _watched_get_many(get_many: Callable[..., Any], lookups: Lookups) -> Callable[..., Any]:
    def watched(keys: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return get_many(keys, *args, **kwargs)
        asked, started = list(keys), _now()
        with lookups.inside():
            found = get_many(asked, *args, **kwargs)
        lookups.took(_now() - started, hits=len(found), misses=len(asked) - len(found))
        return found

    return watched


def _watched_set(store: Callable[..., Any], lookups: Lookups, sets: Callable[[Any], int]) -> Callable[..., Any]:
    def watched(data: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return store(data, *args, **kwargs)
        started = _now()
        with lookups.inside():
            result = store(data, *args, **kwargs)
        lookups.took(_now() - started, sets=sets(data))
        return result

    return watched

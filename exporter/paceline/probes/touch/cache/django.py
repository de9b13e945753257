"""
Django's caches, whatever keeps them.
"""

import sys
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
    get, get_many, store, store_many = cache.get, cache.get_many, cache.set, cache.set_many

    def watched_get(key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return get(key, default, *args, **kwargs)
        started = _now()
        with lookups.inside():
            value = get(key, _ABSENT, *args, **kwargs)
        is_hit = value is not _ABSENT
        lookups.took(_now() - started, hits=int(is_hit), misses=int(not is_hit))
        return value if is_hit else default

    def watched_get_many(keys: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return get_many(keys, *args, **kwargs)
        asked, started = list(keys), _now()
        with lookups.inside():
            found = get_many(asked, *args, **kwargs)
        lookups.took(_now() - started, hits=len(found), misses=len(asked) - len(found))
        return found

    def watched_set(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return store(*args, **kwargs)
        started = _now()
        with lookups.inside():
            result = store(*args, **kwargs)
        lookups.took(_now() - started, sets=1)
        return result

    def watched_set_many(data: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if lookups.is_inside:
            return store_many(data, *args, **kwargs)
        started = _now()
        with lookups.inside():
            result = store_many(data, *args, **kwargs)
        lookups.took(_now() - started, sets=len(data))
        return result

    for ours, theirs in (
        (watched_get, get),
        (watched_get_many, get_many),
        (watched_set, store),
        (watched_set_many, store_many),
    ):
        patches.put(cache, theirs.__name__, looking_like(ours, theirs))
    return cache

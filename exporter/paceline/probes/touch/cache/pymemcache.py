"""
Commands to memcached through pymemcache, also through its clients of several servers and with pools.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.patches import Patches, looking_like
from paceline.unpatched import UNPATCHED

_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, lookups: Lookups, patches: Patches) -> None:
    """
    Watch what fetches and stores keys; there is no public way that all clients pass.
    """
    client = module.Client
    fetch, store = client._fetch_cmd, client._store_cmd  # noqa: SLF001

    def watched_fetch(self: Any, name: Any, keys: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        asked, started = list(keys), _now()
        found = fetch(self, name, asked, *args, **kwargs)
        if not lookups.is_inside:
            lookups.took(_now() - started, hits=len(found), misses=len(asked) - len(found))
        return found

    def watched_store(self: Any, name: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = _now()
        stored = store(self, name, values, *args, **kwargs)
        if not lookups.is_inside:
            lookups.took(_now() - started, sets=len(values))
        return stored

    patches.put(client, "_fetch_cmd", looking_like(watched_fetch, fetch))
    patches.put(client, "_store_cmd", looking_like(watched_store, store))

"""
Functions that get a cache from `functools.lru_cache` or `functools.cache`.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from paceline.probes.touch.cache.cached_functions import CachedFunctions
from paceline.probes.touch.patches import Patches


def watch(module: ModuleType, functions: CachedFunctions, patches: Patches) -> None:
    """
    Hear of each function that gets a cache; `functools.cache` calls `lru_cache`.
    """

    def wrapped(lru_cache: Callable[..., Any]) -> Callable[..., Any]:
        def watched_lru_cache(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            made = lru_cache(*args, **kwargs)
            if hasattr(made, "cache_info"):
                functions.keep(made.__wrapped__, made)
                return made

            def decorating_function(user_function: Any) -> Any:
                __tracebackhide__ = True
                cached = made(user_function)
                functions.keep(user_function, cached)
                return cached

            return decorating_function

        return watched_lru_cache

    patches.wrap(module, "lru_cache", wrapped)

"""
What keeps something of every call though the function under test does not: pytest's records, and caches.
"""

import gc
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import lru_cache
from io import BytesIO, StringIO
from os import devnull
from typing import Any, TextIO, TypeAlias

_Cache: TypeAlias = Any
_CACHE = type(lru_cache(maxsize=1)(len))
_LOG_HANDLERS = "_pytest.logging"


@contextmanager
def without_records() -> Iterator[None]:
    """
    While log records, warnings and output are not recorded for the report of the test.
    """
    root = logging.getLogger()
    recording = [handler for handler in root.handlers if type(handler).__module__ == _LOG_HANDLERS]
    with ExitStack() as stack:
        for handler in recording:
            root.removeHandler(handler)
            stack.callback(root.addHandler, handler)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        nowhere = stack.enter_context(open(devnull, "w", encoding="utf-8"))  # noqa: PTH123 - pathlib may be patched
        if _is_in_memory(sys.stdout):
            stack.enter_context(redirect_stdout(nowhere))
        if _is_in_memory(sys.stderr):
            stack.enter_context(redirect_stderr(nowhere))
        yield


def _is_in_memory(stream: TextIO) -> bool:
    return isinstance(stream, StringIO) or isinstance(getattr(stream, "buffer", None), BytesIO)


class BoundedCaches:
    """
    The caches of `functools.lru_cache` that have a bound, and how full they were.
    """

    def __init__(self) -> None:
        # Objects that are frozen later are in no list of the collector any more.
        self._before = [(cache, cache.cache_info().currsize) for cache in _bounded_caches()]

    def grown(self) -> list[_Cache]:
        """
        The caches that hold more than they did.
        """
        known = {id(cache) for cache, _ in self._before}
        new = [(cache, 0) for cache in _bounded_caches() if id(cache) not in known]
        return [cache for cache, size in [*self._before, *new] if cache.cache_info().currsize > size]


def name_of_cache(cache: _Cache) -> str:
    """
    The function of a cache and its bound.
    """
    return f"{cache.__module__}.{cache.__qualname__} (maxsize={cache.cache_info().maxsize})"


def _bounded_caches() -> list[_Cache]:
    found = (one for one in gc.get_objects() if type(one) is _CACHE)
    return [cache for cache in found if cache.cache_info().maxsize is not None]

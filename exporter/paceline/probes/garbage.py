"""
Full garbage collections that fall on a test by chance.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from paceline.probes.probe import Probe, Usage
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

_NANOSECONDS = 1e9
_FULL = 2
# The collector waits until there are a quarter more objects than at the last full collection, and the machine may be
# slower now. What takes longer walks objects of the test.
_MOST = 1.5


class GarbageProbe(Probe):
    """
    The CPU time of full collections that began by themselves in the call phase, as far as the test did not make what
    they walk: no longer than the last full collection before the test took, and half as long again.

    Collections of young objects are the test's own, and so is one that the test asks for.
    """

    keys: ClassVar = (UsageKey.SHARED_GC_SECONDS,)

    def __init__(self) -> None:
        self._callback = self._on_collection
        self._thread = UNPATCHED.get_native_id()
        self._started = self._last = self._most = self._shared = 0
        UNPATCHED.gc_callbacks.append(self._callback)

    def start_test(self) -> None:
        # A test may have emptied the list.
        if self._callback not in UNPATCHED.gc_callbacks:
            UNPATCHED.gc_callbacks.append(self._callback)

    def start_call(self) -> None:
        self._most = int(self._last * _MOST)
        self._shared = 0

    def stop_call(self, usage: Usage) -> None:
        usage[UsageKey.SHARED_GC_SECONDS] = self._shared / _NANOSECONDS

    def close(self) -> None:
        if self._callback in UNPATCHED.gc_callbacks:
            UNPATCHED.gc_callbacks.remove(self._callback)

    def _on_collection(self, phase: str, info: Mapping[str, Any]) -> None:
        if info["generation"] != _FULL or UNPATCHED.get_native_id() != self._thread:
            return
        if phase == "start":
            self._is_own = not _began_by_itself()
            self._started = UNPATCHED.thread_time_ns()
            return
        took = UNPATCHED.thread_time_ns() - self._started
        if not self._is_own:
            self._shared += min(took, self._most) if self._most else took
        self._last = took


def _began_by_itself() -> bool:
    return UNPATCHED.gc_is_enabled() and UNPATCHED.gc_counts()[0] > UNPATCHED.gc_thresholds()[0]

"""
What the interpreter knows: garbage collections of the call phase, modules imported by the test.
"""

import sys
from typing import ClassVar

from paceline.probes.probe import Probe, Usage
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey


class RuntimeProbe(Probe):
    """
    Counts collections of all generations, and how many modules are new after teardown.
    """

    keys: ClassVar = (UsageKey.GC_COLLECTIONS, UsageKey.IMPORTED_MODULES)

    def __init__(self) -> None:
        self._collections = self._modules = self._at_pause = 0

    def start_test(self) -> None:
        self._modules = len(sys.modules)

    def start_call(self) -> None:
        self._collections = _collections()

    def stop_call(self, usage: Usage) -> None:
        usage[UsageKey.GC_COLLECTIONS] = _collections() - self._collections

    def stop_test(self, usage: Usage) -> None:
        usage[UsageKey.IMPORTED_MODULES] = max(len(sys.modules) - self._modules, 0)

    def pause(self) -> None:
        self._at_pause = len(sys.modules)

    def resume(self) -> None:
        self._modules += len(sys.modules) - self._at_pause


def _collections() -> int:
    young, middle, old = UNPATCHED.gc_stats()
    return int(young["collections"] + middle["collections"] + old["collections"])

"""
The vectors of the tests that a process counted, each content once.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from paceline.probes.work.counted_calls import FunctionKey
from paceline.probes.work.project_code import ProjectCode
from paceline.work import Function, Vector, Work, WorkMode, fingerprint_of, packed_work

# A test with more functions has vectors of those that it called most; a process with more entries adds no vectors.
_MOST_FUNCTIONS = 2_000
_MOST_ENTRIES = 1_000_000
_ANYWHERE = "<other functions>"


class VectorBook:
    """
    Names functions, and keeps vectors by their fingerprint.
    """

    def __init__(self) -> None:
        self._functions: Final[dict[str, Function]] = {}
        self._vectors: Final[dict[int, Vector]] = {}
        self._callers: Final[dict[str, dict[str, int]]] = {}
        self._entries = 0

    def add(self, totals: Mapping[FunctionKey, int], code: ProjectCode) -> int:
        """
        Keep the vector of a test.

        Returns:
            Its fingerprint.
        """
        vector: dict[str, int] = {}
        for key, calls in totals.items():
            # A template's code has a file, and runs in no module.
            name = f"{key.module or code.shown_file(key.file)}:{key.qualname}"
            if name not in self._functions:
                self._functions[name] = Function(name=name, file=code.shown_file(key.file), line=key.line)
            vector[name] = vector.get(name, 0) + calls
        vector = _bounded(vector)
        fingerprint = fingerprint_of(vector)
        if fingerprint not in self._vectors and self._entries + len(vector) <= _MOST_ENTRIES:
            self._entries += len(vector)
            self._vectors[fingerprint] = vector
        return fingerprint

    def add_callers(self, callers: Mapping[tuple[str, str], int]) -> None:
        """
        Add the calls by function and caller.
        """
        for (name, caller), calls in callers.items():
            if name in self._functions and len(self._callers) < _MOST_FUNCTIONS:
                known = self._callers.setdefault(name, {})
                known[caller] = known.get(caller, 0) + calls

    def work(self, mode: WorkMode) -> Work | None:
        """
        The vectors as a run keeps them; None where nothing was counted.
        """
        if not self._vectors:
            return None
        return replace(packed_work(mode, self._functions.values(), self._vectors), callers=self._callers)


def _bounded(vector: dict[str, int]) -> dict[str, int]:
    if len(vector) <= _MOST_FUNCTIONS:
        return vector
    most = set(sorted(vector, key=lambda name: -vector[name])[: _MOST_FUNCTIONS - 1])
    rest = sum(calls for name, calls in vector.items() if name not in most)
    return {name: calls for name, calls in vector.items() if name in most} | {_ANYWHERE: rest}

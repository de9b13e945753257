"""
The vectors of the tests that a process counted, each content once.
"""

from collections.abc import Mapping
from typing import Final

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
        self._entries = 0

    def add(self, totals: Mapping[FunctionKey, int], code: ProjectCode) -> int:
        """
        Keep the vector of a test.

        Returns:
            Its fingerprint.
        """
        vector: dict[str, int] = {}
        for key, calls in totals.items():
            name = f"{key.module}:{key.qualname}"
            if name not in self._functions:
                self._functions[name] = Function(name=name, file=code.shown_file(key.file), line=key.line)
            vector[name] = vector.get(name, 0) + calls
        vector = _bounded(vector)
        fingerprint = fingerprint_of(vector)
        if fingerprint not in self._vectors and self._entries + len(vector) <= _MOST_ENTRIES:
            self._entries += len(vector)
            self._vectors[fingerprint] = vector
        return fingerprint

    def work(self, mode: WorkMode) -> Work | None:
        """
        The vectors as a run keeps them; None where nothing was counted.
        """
        return packed_work(mode, self._functions.values(), self._vectors) if self._vectors else None


def _bounded(vector: dict[str, int]) -> dict[str, int]:
    if len(vector) <= _MOST_FUNCTIONS:
        return vector
    most = set(sorted(vector, key=lambda name: -vector[name])[: _MOST_FUNCTIONS - 1])
    rest = sum(calls for name, calls in vector.items() if name not in most)
    return {name: calls for name, calls in vector.items() if name in most} | {_ANYWHERE: rest}

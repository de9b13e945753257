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
# Of a test that was measured again, the functions with most rounds of loops.
_MOST_LOOPS = 3
_ANYWHERE = "<other functions>"


class VectorBook:
    """
    Names functions, and keeps vectors by their fingerprint.
    """

    def __init__(self) -> None:
        self._functions: Final[dict[str, Function]] = {}
        self._vectors: Final[dict[int, Vector]] = {}
        self._callers: Final[dict[str, dict[str, int]]] = {}
        self._loops: Final[dict[str, Mapping[str, int]]] = {}
        self._entries = 0

    def add(self, totals: Mapping[FunctionKey, int], code: ProjectCode) -> int:
        """
        Keep the vector of a test.

        Returns:
            Its fingerprint.
        """
        vector = self.named(totals, code)
        fingerprint = fingerprint_of(vector)
        if fingerprint not in self._vectors and self._entries + len(vector) <= _MOST_ENTRIES:
            self._entries += len(vector)
            self._vectors[fingerprint] = vector
        return fingerprint

    def named(self, totals: Mapping[FunctionKey, int], code: ProjectCode) -> dict[str, int]:
        """
        Counts by the names of the functions that are called most, whose places are kept.
        """
        counts: dict[str, int] = {}
        places: dict[str, FunctionKey] = {}
        for key, count in totals.items():
            # A template's code has a file, and runs in no module.
            name = f"{key.module or code.shown_file(key.file)}:{key.qualname}"
            places.setdefault(name, key)
            counts[name] = counts.get(name, 0) + count
        bounded = _bounded(counts)
        for name in bounded.keys() & places.keys() - self._functions.keys():
            place = places[name]
            self._functions[name] = Function(name=name, file=code.shown_file(place.file), line=place.line)
        return bounded

    def add_loops(self, test: str, loops: Mapping[str, int]) -> None:
        """
        Keep the functions whose loops went round most in a test.
        """
        most = sorted(loops, key=lambda name: -loops[name])[:_MOST_LOOPS]
        self._loops[test] = {name: loops[name] for name in most}

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
        if not self._vectors and not self._loops:
            return None
        work = packed_work(mode, self._functions.values(), self._vectors)
        of_loops = {name for loops in self._loops.values() for name in loops} - {one.name for one in work.functions}
        functions = (*work.functions, *(self._functions[name] for name in sorted(of_loops)))
        return replace(work, functions=functions, callers=self._callers, loops=self._loops)


def _bounded(vector: dict[str, int]) -> dict[str, int]:
    if len(vector) <= _MOST_FUNCTIONS:
        return vector
    most = set(sorted(vector, key=lambda name: -vector[name])[: _MOST_FUNCTIONS - 1])
    rest = sum(calls for name, calls in vector.items() if name not in most)
    return {name: calls for name, calls in vector.items() if name in most} | {_ANYWHERE: rest}

"""
How often functions of a project were called in tests, as values of a run document.

A vector has the calls of each function in one test, in the order in which the functions were first called. Vectors of
equal content are kept once, under their fingerprint.
"""

import zlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b

from msgspec import DecodeError, json
from msgspec.structs import replace

from paceline.values import Count, DocumentValue

Vector = Mapping[str, int]
"""
Calls by the name of a function (`module:qualname`), in the order of the first calls.
"""
Vectors = Mapping[int, Vector]
"""
Vectors by their fingerprint.
"""

LOOPS_VARIABLE = "PACELINE_LOOPS_OF"
"""
The environment variable with the path of a JSON list: the ids of the tests whose loops are counted.
"""

# A fingerprint is a figure of a test like others, and a double holds so many bits exactly.
_FINGERPRINT_BITS = 52
# What packed vectors may be unpacked to; those of 10,000 tests are some MiB.
_LARGEST = 64 << 20


class WorkMode(StrEnum):
    """
    The tests whose calls are counted.
    """

    SUSPECTS = "suspects"
    ROTATE = "rotate"
    ALL = "all"
    OFF = "off"


class Function(DocumentValue, frozen=True, kw_only=True):
    """
    A function that tests called: `module:qualname`, its file relative to the project, and its first line.
    """

    name: str
    file: str = ""
    line: Count = 0


class Work(DocumentValue, frozen=True, kw_only=True):
    """
    The calls that a run counted, and its mode.

    `packed` is compressed JSON: by fingerprint a list of places in `functions`, each followed by its calls. `compared`
    is the number of tests whose calls were compared with those of earlier runs, and `varying` the number of tests whose
    calls vary from run to run too much to be compared. `callers` has, for functions of findings, the calls of their
    callers in tests that were measured again. `loops` has the functions with most rounds of loops in each test that was
    measured again.
    """

    mode: str
    functions: tuple[Function, ...] = ()
    packed: bytes = b""
    compared: Count = 0
    varying: Count = 0
    callers: Mapping[str, Mapping[str, Count]] = {}
    loops: Mapping[str, Mapping[str, Count]] = {}

    @property
    def vectors(self) -> Vectors:
        """
        The vectors; empty where `packed` is damaged.
        """
        try:
            lists = json.decode(_unpacked(self.packed), type=dict[int, list[int]]) if self.packed else {}
            return {key: self._vector(numbers) for key, numbers in lists.items()}
        except (zlib.error, DecodeError, UnicodeDecodeError, IndexError, ValueError):
            return {}

    def _vector(self, numbers: list[int]) -> Vector:
        return {self.functions[place].name: calls for place, calls in zip(numbers[::2], numbers[1::2], strict=True)}


def _unpacked(packed: bytes) -> bytes:
    reader = zlib.decompressobj()
    content = reader.decompress(packed, _LARGEST)
    return content if reader.eof else b""


def packed_work(mode: str, functions: Iterable[Function], vectors: Vectors) -> Work:
    """
    The calls of a run as it keeps them.

    Args:
        mode: the tests that were counted.
        functions: at least those in the vectors; others are left out.
        vectors: by fingerprint.
    """
    known = {function.name: function for function in functions}
    named = dict.fromkeys(name for vector in vectors.values() for name in vector)
    places = {name: place for place, name in enumerate(named)}
    lists = {
        key: [number for name, calls in vector.items() for number in (places[name], calls)]
        for key, vector in vectors.items()
    }
    return Work(
        mode=mode,
        functions=tuple(known.get(name) or Function(name=name) for name in named),
        packed=zlib.compress(json.encode(lists), 9) if lists else b"",
    )


def merged_work(parts: Iterable[Work]) -> Work | None:
    """
    The calls that several workers or parts of a run counted, as one; None where none counted.
    """
    counted = list(parts)
    if len(counted) <= 1:
        return counted[0] if counted else None
    functions = [function for work in counted for function in work.functions]
    vectors = {key: vector for work in counted for key, vector in work.vectors.items()}
    return replace(
        packed_work(counted[0].mode, functions, vectors),
        compared=sum(work.compared for work in counted),
        varying=sum(work.varying for work in counted),
        callers=_merged_callers(counted),
        loops={test: loops for work in counted for test, loops in work.loops.items()},
    )


def _merged_callers(counted: Iterable[Work]) -> Mapping[str, Mapping[str, int]]:
    merged: dict[str, dict[str, int]] = {}
    for work in counted:
        for name, callers in work.callers.items():
            known = merged.setdefault(name, {})
            for caller, calls in callers.items():
                known[caller] = known.get(caller, 0) + calls
    return merged


def with_counts(judged: Work | None, measured: Work | None) -> Work | None:
    """
    The calls as counted in the end, with the number of tests that were compared.
    """
    if judged is None or measured is None:
        return measured
    return replace(measured, compared=judged.compared, varying=judged.varying)


def fingerprint_of(vector: Vector) -> int:
    """
    A number that stands for the content of a vector, whatever the order of its functions.
    """
    content = "\n".join(f"{calls} {name}" for name, calls in sorted(vector.items()))
    digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _FINGERPRINT_BITS)

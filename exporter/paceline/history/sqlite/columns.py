"""
The columns of many runs, each read when it is first asked for, and the series of single tests cut out of them.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from math import nan
from operator import itemgetter
from typing import Final, TypeVar

from paceline.analysis.past import Series

Figures = Callable[[str, Sequence[int]], "dict[int, array[float]]"]
_D = TypeVar("_D")


class LedgerColumns(Mapping[str, Mapping[str, Series]]):
    """
    Columns by measure.

    Args:
        figures: reads the packed figures of a measure, by number of run.
        runs: number and tests of each run, in order of time.
        names: ids of the tests by their numbers.
    """

    def __init__(self, figures: Figures, runs: "Sequence[tuple[int, array[int]]]", names: Mapping[int, str]) -> None:
        self._figures = figures
        self._runs = runs
        self._names = names
        self._read: dict[str, Mapping[str, Series]] = {}

    def __getitem__(self, measure: str) -> Mapping[str, Series]:
        if measure not in self._read:
            self._read[measure] = self._column(measure)
        return self._read[measure]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def _column(self, measure: str) -> Mapping[str, Series]:
        figures = self._figures(measure, [number for number, _ in self._runs]) if self._runs else {}
        if not figures:
            return {}
        layout = self._layout
        rows = (layout.row(tests, figures.pop(number, None)) for number, tests in self._runs)
        return _Column(layout.places, _stacked(rows), len(self._runs))

    @cached_property
    def _layout(self) -> "_Layout":
        return _Layout([tests for _, tests in self._runs], self._names)


class _Layout:
    """
    One place for each test that any of the runs had.
    """

    def __init__(self, runs: "Sequence[array[int]]", names: Mapping[int, str]) -> None:
        tests = dict.fromkeys(chain.from_iterable({run.tobytes(): run for run in runs}.values()))
        self.places: Final = {names[test]: place for place, test in enumerate(tests)}
        self._tests = array("I", tests)
        self._unmeasured = array("d", [nan]) * len(tests)
        self._orders: dict[bytes, Callable[[array[float]], Sequence[float]]] = {}

    def row(self, tests: "array[int]", figures: "array[float] | None") -> "array[float]":
        if figures is None:
            return self._unmeasured
        if tests == self._tests:
            return figures
        order = self._order(tests)
        figures.append(nan)
        return array("d", order(figures))

    def _order(self, tests: "array[int]") -> "Callable[[array[float]], Sequence[float]]":
        key = tests.tobytes()
        if key not in self._orders:
            places = {test: place for place, test in enumerate(tests)}
            # One more, so that a single test makes a tuple as well.
            self._orders[key] = itemgetter(*(places.get(test, -1) for test in self._tests), -1)
        order = self._orders[key]
        return lambda figures: order(figures)[:-1]


class _Column(Mapping[str, Series]):
    """
    The figures of one measure, run after run; a test's series is cut out when asked for.
    """

    def __init__(self, places: Mapping[str, int], matrix: "array[float]", runs: int) -> None:
        self._places = places
        self._matrix = matrix
        self._runs = range(runs)
        # One row that stands for all runs, or a row for each.
        self._times = runs * len(places) // len(matrix)

    def __getitem__(self, test: str) -> Series:
        series = self.get(test)
        if series is None:
            raise KeyError(test)
        return series

    def get(self, test: str, default: _D | None = None) -> Series | _D | None:  # type: ignore[override]
        """
        The series of a test, without the runs that did not measure it.
        """
        place = self._places.get(test)
        if place is None:
            return default
        values = self._matrix[place :: len(self._places)] * self._times
        total = sum(values)
        if total == total:  # noqa: PLR0124 - NaN stands for "not measured", and makes any sum NaN
            return Series(self._runs, values)
        runs = [run for run in self._runs if values[run] == values[run]]
        if not runs:
            return default
        return Series(runs, array("d", [values[run] for run in runs]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _stacked(rows: "Iterator[array[float]]") -> "array[float]":
    """
    All rows one after the other, or one row where all are the same: half of what is measured hardly ever varies.
    """
    first = next(rows)
    same = 1
    for row in rows:
        if row != first:
            matrix = first * same + row
            for other in rows:
                matrix += other
            return matrix
        same += 1
    return first

"""
The columns of many runs, and the series of single tests cut out of them.
"""

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import nan
from operator import itemgetter
from pathlib import Path
from typing import Final

from paceline.analysis.past import OF_RUNS, Needed, Past, PastRun, Series, SeriesByTest
from paceline.formatting import counted
from paceline.history.sqlite.database import NotALedgerError, connected
from paceline.history.sqlite.lock_wait import LockWait
from paceline.history.sqlite.rows import unpacked, unpacked_by_name

# Number of a run, measure, figures as they are kept.
_Row = tuple[int, str, object]


class LedgerReader:
    """
    Reads measures of past runs; each is read whole.

    Args:
        path: the ledger.
        lock_wait: waits while another process has it locked.
        runs: the runs, in order of time.
        tests: number and tests of each run.
        names: ids of the tests by their numbers.
    """

    def __init__(
        self,
        path: Path,
        lock_wait: LockWait,
        runs: tuple[PastRun, ...],
        tests: "Sequence[tuple[int, array[int]]]",
        names: Mapping[int, str],
    ) -> None:
        self.runs: Final = runs
        self._path = path
        self._lock_wait = lock_wait
        self._tests = tests
        self._layout = _Layout([numbers for _, numbers in tests], names)
        self._columns: dict[str, SeriesByTest] = {}

    def read(self, needed: Needed) -> None:
        """
        Read measures, each once.

        Raises:
            NotALedgerError: the file is damaged.
            StorageError: the file cannot be read.
        """
        missing = [measure for measure in needed.measures if measure not in self._columns]
        if self.runs and missing and not needed.is_empty:
            with connected(self._path, lock_wait=self._lock_wait) as database:
                for measure in missing:
                    rows = _rows(database, measure, self._tests)
                    self._columns[measure] = self._of_runs(rows) if measure in OF_RUNS else self._of_tests(rows)

    def past(self) -> Past:
        return Past(runs=self.runs, columns=dict(self._columns))

    def _of_runs(self, kept: "Iterable[_Row]") -> SeriesByTest:
        column: dict[str, Series] = {}
        rows = {number: unpacked_by_name(content, f"{measure} of a run") for number, measure, content in kept}
        for position, (number, _) in enumerate(self._tests):
            for name, value in rows.get(number, {}).items():
                series = column.setdefault(name, Series([], []))
                series.runs.append(position)  # type: ignore[attr-defined]
                series.values.append(value)  # type: ignore[attr-defined]
        return column

    def _of_tests(self, kept: "Iterable[_Row]") -> SeriesByTest:
        figures = {number: unpacked("d", content, f"{measure} of a run") for number, measure, content in kept}
        if not figures:
            return {}
        rows = (self._layout.row(tests, figures.pop(number, None)) for number, tests in self._tests)
        return PackedColumn(self._layout.places, _stacked(rows), len(self.runs))


def _rows(database: sqlite3.Connection, measure: str, runs: "Sequence[tuple[int, array[int]]]") -> "Iterable[_Row]":
    """
    The kept figures of a measure.
    """
    numbers = [number for number, _ in runs]
    return database.execute(
        "SELECT run, measure, figures FROM columns WHERE measure = ? AND run BETWEEN ? AND ?",
        (measure, min(numbers), max(numbers)),
    )


class _Layout:
    """
    One place for each test that any of the runs had.
    """

    def __init__(self, runs: "Sequence[array[int]]", names: Mapping[int, str]) -> None:
        tests = dict.fromkeys(chain.from_iterable({run.tobytes(): run for run in runs}.values()))
        if unnamed := [test for test in tests if test not in names]:
            raise NotALedgerError(f"the ledger is damaged: {counted(len(unnamed), 'test')} without an id")
        self.places: Final = {names[test]: place for place, test in enumerate(tests)}
        if len(self.places) < len(tests):
            raise NotALedgerError("the ledger is damaged: two tests have one id")
        self._tests = array("I", tests)
        self._unmeasured = array("d", [nan]) * len(tests)
        self._orders: dict[bytes, Callable[[array[float]], Sequence[float]]] = {}

    def row(self, tests: "array[int]", figures: "array[float] | None") -> "array[float]":
        if figures is None:
            return self._unmeasured
        if len(figures) != len(tests):
            raise NotALedgerError(f"the ledger is damaged: a run has {len(figures)} figures for {len(tests)} tests")
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


class PackedColumn:
    """
    The figures of one measure, run after run. The series of a test is cut out when it is asked for.
    """

    def __init__(self, places: Mapping[str, int], matrix: "array[float]", runs: int) -> None:
        self._places = places
        self._matrix = matrix
        self._runs = range(runs)
        # One row that stands for all runs, or a row for each.
        self._times = runs * len(places) // len(matrix)

    def get(self, case_id: str, /) -> Series | None:
        """
        The series of a test, without the runs that did not measure it.
        """
        place = self._places.get(case_id)
        if place is None:
            return None
        values = self._matrix[place :: len(self._places)] * self._times
        total = sum(values)
        if total == total:  # noqa: PLR0124 - NaN stands for "not measured", and makes any sum NaN
            return Series(self._runs, values)
        runs = [run for run in self._runs if values[run] == values[run]]
        return Series(runs, array("d", [values[run] for run in runs])) if runs else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)


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

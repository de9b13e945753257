"""
The figures of past runs in a Prometheus, asked for when they are needed.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import NamedTuple

from paceline.analysis.past import MEASURES, Series
from paceline.errors import PacelineError
from paceline.history.source import OF_EVERY_TEST
from paceline.metrics import catalogue
from paceline.metrics.label_quoting import quoted
from paceline.metrics.run_samples import TEST_METRICS
from paceline.prometheus.query_client import Answered, QueryClient

# A request for one test costs 5 ms, one for 10,000 tests half a second and more.
_FEW_TESTS = 100
_COLUMNS = {metric.name: column for column, metric in TEST_METRICS.items()}


class Selection(NamedTuple):
    """
    The runs whose samples are looked for: `places` are positions in the past by timestamp in milliseconds.
    """

    labels: str
    since: float
    until: float
    places: Mapping[int, int]

    def query(self, matchers: str) -> str:
        return f"{{{matchers},{self.labels}}}{range_of(self.since, self.until)}"


class PrometheusColumns(Mapping[str, Mapping[str, Series]]):
    """
    Columns by measure. Those that no test is judged by are asked of the few tests where something was found.

    One that every test is judged by raises a StorageError where it cannot be read; one that
    explains a finding is then empty, and `warn` is told.
    """

    def __init__(self, client: QueryClient, selection: Selection, warn: Callable[[str], None]) -> None:
        self._client = client
        self._selection = selection
        self._warn = warn
        self._known: dict[str, Mapping[str, Series]] = {}
        self._tests: dict[str, Mapping[str, Series]] = {}
        self._is_silent = False

    def __getitem__(self, measure: str) -> Mapping[str, Series]:
        if measure in self._known:
            return self._known[measure]
        if measure not in OF_EVERY_TEST:
            return _OneByOne(self, measure)
        return self._known.setdefault(measure, self._column(measure))

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def of_test(self, test: str, measure: str) -> Series | None:
        """
        A series of one test, by way of all its series or of all tests, whichever is asked for less often.
        """
        if measure in self._known:
            return self._known[measure].get(test)
        if test not in self._tests and len(self._tests) >= _FEW_TESTS:
            column = self._known[measure] = self._tried(lambda: self._column(measure))
            return column.get(test)
        if test not in self._tests:
            self._tests[test] = self._tried(lambda: self._row(test))
        return self._tests[test].get(measure)

    def _tried(self, read: Callable[[], Mapping[str, Series]]) -> Mapping[str, Series]:
        if self._is_silent:
            return {}
        try:
            return read()
        except PacelineError as error:
            self._is_silent = True
            self._warn(f"what moved with some tests is not known: {error}")
            return {}

    def _column(self, measure: str) -> Mapping[str, Series]:
        return self._asked(_matchers_of(measure), lambda labels: labels.get("test", ""))

    def _row(self, test: str) -> Mapping[str, Series]:
        return self._asked(f'__name__=~"paceline_test_.+",test={quoted(test)}', _column_of)

    def _asked(self, matchers: str, name_of: Callable[[Mapping[str, str]], str]) -> Mapping[str, Series]:
        found: dict[str, Series] = {}
        for one in self._client.query(self._selection.query(matchers), self._selection.until):
            name, series = name_of(one.labels), _placed(one, self._selection.places)
            # A series has several lives where labels that are not ours changed: its instance, its test type.
            found[name] = _merged(found[name], series) if name in found else series
        return {name: series for name, series in found.items() if series.runs}


class _OneByOne(Mapping[str, Series]):
    """
    A column of which single tests are asked.
    """

    def __init__(self, columns: PrometheusColumns, measure: str) -> None:
        self._columns = columns
        self._measure = measure

    def __getitem__(self, test: str) -> Series:
        series = self._columns.of_test(test, self._measure)
        if series is None:
            raise KeyError(test)
        return series

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def range_of(since: float, until: float) -> str:
    """
    The range of a selector that ends at `until` and has what was stamped from `since` on.
    """
    # A range begins after its start in Prometheus 3, and stamps are rounded.
    return f"[{max(ceil((until - since) * 1e3), 0) + 2}ms]"


def _matchers_of(measure: str) -> str:
    if measure.startswith(MEASURES):
        return f"__name__={quoted(catalogue.TEST_MEASURE.name)},measure={quoted(measure.removeprefix(MEASURES))}"
    return f"__name__={quoted(TEST_METRICS[measure].name)}"


def _column_of(labels: Mapping[str, str]) -> str:
    name = labels.get("__name__", "")
    if name == catalogue.TEST_MEASURE.name:
        return MEASURES + labels.get("measure", "")
    return _COLUMNS.get(name, name)


def _placed(one: Answered, places: Mapping[int, int]) -> Series:
    runs, values = array("I"), array("d")
    for stamp, value in zip(one.stamps, one.values, strict=True):
        if stamp in places:
            runs.append(places[stamp])
            values.append(value)
    return Series(runs, values)


def _merged(one: Series, other: Series) -> Series:
    figures = sorted((dict(zip(*one, strict=True)) | dict(zip(*other, strict=True))).items())
    return Series([run for run, _ in figures], [value for _, value in figures])

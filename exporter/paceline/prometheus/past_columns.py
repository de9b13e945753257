"""
The measures of past runs in a Prometheus.
"""

from array import array
from collections.abc import Callable, Mapping
from math import ceil
from typing import Final, NamedTuple

from paceline.analysis.budget_columns import BEYOND_LIMIT
from paceline.analysis.past import (
    FIXTURE_SECONDS,
    FIXTURE_SETUPS,
    MEASURES,
    PROBES,
    Needed,
    Past,
    PastRun,
    Series,
    SeriesByTest,
)
from paceline.metrics import catalogue
from paceline.metrics.run_samples import TEST_METRICS, quoted
from paceline.prometheus.query_client import Answered, QueryClient

# A request for one test takes 5 ms, one for 10,000 tests half a second and more.
_TESTS_LIKE_A_REQUEST = 100
_MOST_REQUESTS = 100
_RUN_METRICS = {
    FIXTURE_SECONDS: catalogue.FIXTURE_SECONDS,
    FIXTURE_SETUPS: catalogue.FIXTURE_SETUPS,
    PROBES: catalogue.RUN_PROBES,
}
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


class PrometheusReader:
    """
    Reads measures of past runs: of every test at once, or test by test where that takes fewer figures.
    """

    def __init__(self, client: QueryClient, name: str, runs: tuple[PastRun, ...], selection: Selection) -> None:
        self.runs: Final = runs
        self._client = client
        self._name = name
        self._selection = selection
        self._columns: dict[str, SeriesByTest] = {}
        self._tests: dict[str, Mapping[str, Series]] = {}
        self._read_by_test: set[str] = set()

    def read(self, needed: Needed) -> None:
        """
        Read measures, each once.

        Raises:
            StorageError: the server does not answer as expected.
        """
        missing = [measure for measure in needed.measures if measure not in self._columns]
        if not self.runs or not missing or needed.is_empty:
            return
        if needed.tests is not None and self._is_cheaper_by_test(len(needed.tests), len(missing)):
            for test in needed.tests:
                if test not in self._tests:
                    self._tests[test] = self._of_test(test)
            self._read_by_test.update(missing)
            return
        for measure in missing:
            self._columns[measure] = self._of_measure(measure)

    def past(self) -> Past:
        columns: dict[str, dict[str, Series]] = {measure: {} for measure in self._read_by_test}
        for test, row in self._tests.items():
            for measure, series in row.items():
                columns.setdefault(measure, {})[test] = series
        return Past(runs=self.runs, columns={**columns, **self._columns}, source=self._name)

    def _is_cheaper_by_test(self, tests: int, measures: int) -> bool:
        requests_of_a_column = 1 + self.runs[-1].cases / _TESTS_LIKE_A_REQUEST
        return tests <= min(_MOST_REQUESTS, measures * requests_of_a_column)

    def _of_measure(self, measure: str) -> Mapping[str, Series]:
        matchers = _matchers_of(measure)
        name_of = _NAMES.get(measure, _test_of)
        return self._asked(matchers, name_of) if matchers else {}

    def _of_test(self, test: str) -> Mapping[str, Series]:
        return self._asked(f'__name__=~"paceline_test_.+",test={quoted(test)}', _column_of)

    def _asked(self, matchers: str, name_of: Callable[[Mapping[str, str]], str]) -> Mapping[str, Series]:
        found: dict[str, Series] = {}
        for one in self._client.query(self._selection.query(matchers), self._selection.until):
            name, series = name_of(one.labels), _placed(one, self._selection.places)
            # A series has several lives where labels that are not ours changed: its instance, its test type.
            found[name] = _merged(found[name], series) if name in found else series
        return {name: series for name, series in found.items() if series.runs}


def range_of(since: float, until: float) -> str:
    """
    The range of a selector that ends at `until` and has what was stamped from `since` on.
    """
    # A range begins after its start in Prometheus 3, and stamps are rounded.
    return f"[{max(ceil((until - since) * 1e3), 0) + 2}ms]"


def _matchers_of(measure: str) -> str:
    """
    The matchers of the series of a measure; "" where no series has it.
    """
    if measure.startswith(MEASURES):
        return f"__name__={quoted(catalogue.TEST_MEASURE.name)},measure={quoted(measure.removeprefix(MEASURES))}"
    if measure.startswith(BEYOND_LIMIT):
        name = catalogue.TEST_MEASURE_BEYOND_LIMIT.name
        return f"__name__={quoted(name)},measure={quoted(measure.removeprefix(BEYOND_LIMIT))}"
    metric = TEST_METRICS.get(measure) or _RUN_METRICS.get(measure)
    return f"__name__={quoted(metric.name)}" if metric is not None else ""


def _test_of(labels: Mapping[str, str]) -> str:
    return labels.get("test", "")


def _fixture_of(labels: Mapping[str, str]) -> str:
    """
    The fixture as `FixtureTime.key` names it.
    """
    return f"{labels.get('scope', '')} {labels.get('fixture', '')}"


def _probe_of(labels: Mapping[str, str]) -> str:
    return labels.get("probe", "")


_NAMES = {FIXTURE_SECONDS: _fixture_of, FIXTURE_SETUPS: _fixture_of, PROBES: _probe_of}


def _column_of(labels: Mapping[str, str]) -> str:
    name = labels.get("__name__", "")
    if name == catalogue.TEST_MEASURE.name:
        return MEASURES + labels.get("measure", "")
    if name == catalogue.TEST_MEASURE_BEYOND_LIMIT.name:
        return BEYOND_LIMIT + labels.get("measure", "")
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

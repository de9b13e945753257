"""
Past runs from a Prometheus that holds them as run samples.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from paceline.analysis.past import PastRun
from paceline.history.source import TimeSpan
from paceline.metrics import catalogue
from paceline.metrics.catalogue import Metric
from paceline.metrics.run_samples import quoted
from paceline.model import Outcome
from paceline.prometheus.past_columns import PrometheusReader, Selection, range_of
from paceline.prometheus.query_client import Answered, QueryClient

_FAILURES = {outcome.value for outcome in Outcome if outcome.is_failure}
# Those that have one value a run.
_VALUES = (catalogue.RUN_DURATION, catalogue.RUN_SLOWDOWN, catalogue.RUN_CALIBRATION, catalogue.RUN_OTHERS_CPU)
_METRICS = "|".join(metric.name for metric in (catalogue.RUN_INFO, *_VALUES, catalogue.RUN_CASES))


class Prometheus:
    """
    Past runs in a Prometheus.

    Args:
        client: asks the server.
    """

    def __init__(self, client: QueryClient) -> None:
        self.name: Final = str(client.server)
        self._client: Final = client
        self._runs: Final[dict[tuple[str, float, float], list[_Told]]] = {}

    def reader(self, suite: str, branch: str, span: TimeSpan) -> PrometheusReader:
        """
        A reader of the latest runs of a suite on a branch; `span.until` has to be a point in time.

        Raises:
            StorageError: the server does not answer as expected.
        """
        told = [one for one in self._told(suite, span) if one.run.branch == branch and one.run.run_id != span.excluding]
        # Where the list of branches that keep their name was changed, the latest name counts.
        told = [one for one in told[-span.limit :] if one.label == told[-1].label]
        selection = Selection(
            labels=f"suite={quoted(suite)},branch={quoted(told[-1].label if told else branch)}",
            since=told[0].stamp / 1e3 if told else span.since,
            until=span.until,
            places={one.stamp: place for place, one in enumerate(told)},
        )
        return PrometheusReader(self._client, self.name, tuple(one.run for one in told), selection)

    def _told(self, suite: str, span: TimeSpan) -> "list[_Told]":
        key = (suite, span.since, span.until)
        if key not in self._runs:
            selector = f'{{__name__=~"{_METRICS}",suite={quoted(suite)}}}{range_of(span.since, span.until)}'
            self._runs[key] = sorted(_runs_in(self._client.query(selector, span.until)), key=lambda one: one.stamp)
        return self._runs[key]


# What a branch is called in labels, and a timestamp in milliseconds: all samples of a run share them.
_Place = tuple[str, int]


class _Told(NamedTuple):
    """
    A run, the timestamp of its samples in milliseconds, and what they call its branch.
    """

    run: PastRun
    stamp: int
    label: str


def _runs_in(answer: Sequence[Answered]) -> Iterator[_Told]:
    samples = list(_samples(answer))
    values = {(name, place): value for name, place, _, value in samples}
    cases: defaultdict[_Place, dict[str, int]] = defaultdict(dict)
    for name, place, labels, value in samples:
        if name == catalogue.RUN_CASES.name:
            cases[place][labels.get("outcome", "")] = int(value)
    for name, place, labels, _ in samples:
        if name == catalogue.RUN_INFO.name:
            yield _told(place, labels, {metric: values.get((metric.name, place)) for metric in _VALUES}, cases[place])


def _samples(answer: Sequence[Answered]) -> Iterator[tuple[str, _Place, Mapping[str, str], float]]:
    for labels, stamps, values in answer:
        for stamp, value in zip(stamps, values, strict=True):
            yield labels.get("__name__", ""), (labels.get("branch", ""), stamp), labels, value


def _told(
    place: _Place, labels: Mapping[str, str], values: Mapping[Metric, float | None], cases: Mapping[str, int]
) -> _Told:
    label, stamp = place
    others = values[catalogue.RUN_OTHERS_CPU]
    run = PastRun(
        run_id=labels.get("run_id", ""),
        ended=stamp / 1e3,
        duration_seconds=values[catalogue.RUN_DURATION] or 0.0,
        branch=labels.get("ref", label),
        commit=labels.get("commit", ""),
        dirty=labels.get("dirty") == "true",
        is_partial=labels.get("partial") == "true",
        cases=sum(cases.values()),
        failures=sum(count for outcome, count in cases.items() if outcome in _FAILURES),
        calibration_seconds=values[catalogue.RUN_CALIBRATION],
        slowdown_ratio=values[catalogue.RUN_SLOWDOWN],
        others_cpu_percent=None if others is None else 100 * others,
    )
    return _Told(run, stamp, label)

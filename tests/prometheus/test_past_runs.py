"""
The past from a real Prometheus, beside the same past from the results folder.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import EVERY_TEST, MEASURES, Needed, columns_of
from paceline.errors import StorageError
from paceline.history.archive import Archive
from paceline.history.source import TimeSpan
from paceline.http.server_access import ServerAccess
from paceline.metrics.run_samples import TEST_METRICS
from paceline.model import Case, Run
from paceline.prometheus.past_runs import Prometheus
from paceline.prometheus.query_client import Answered, QueryClient
from paceline.report.content import compose
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.histories import troubled_runs
from support.servers import prometheus_with
from support.values import EPOCH, HOUR, make_case, make_run, values_of, whole_past

pytestmark = pytest.mark.stack

_RULES = Rules()
_HARD_NAMES = (
    "tests/test_a.py::test_{}[x=1]",
    'say "{}"',
    "back\\slash\\{}",
    "two\\nlines {}",
    "é 漢字 🐢 {}",
    "{{}} or 1, a=~b, {}",
    "end of line\n{}",
)


def _runs() -> dict[str, list[Run]]:
    plain = [make_run(number, [make_case(seconds=0.1)], suite="branches") for number in range(20)]
    topics = [replace(run, branch=f"topic-{number % 2}", run_id=f"t{number}") for number, run in enumerate(plain)]
    return {
        "troubled": troubled_runs(suite="troubled"),
        "hard": troubled_runs(_HARD_NAMES, suite='the "shop"\\n é'),
        "many": [make_run(number, _many(number), suite="many") for number in range(3)],
        "main": plain,
        "topic": topics[::2],
        "young": topics[1:10:2],
    }


def _many(number: int) -> list[Case]:
    return [make_case(f"test_{index}", usage={UsageKey.CPU_SECONDS: number + index / 100}) for index in range(110)]


@pytest.fixture(scope="module")
def runs() -> dict[str, list[Run]]:
    """
    Histories by what is about them.
    """
    return _runs()


@pytest.fixture(scope="module")
def url(runs: dict[str, list[Run]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """
    A Prometheus that has all of them.
    """
    everything = [run for history in runs.values() for run in history]
    with prometheus_with(everything, tmp_path_factory.mktemp("prometheus")) as server:
        yield server.url


class Both:
    """
    The same runs in a results folder and in a Prometheus.
    """

    def __init__(self, folder: Path, url: str, runs: list[Run]) -> None:
        self.warnings: list[str] = []
        self.url = url
        self.here = Archive(folder / "here", self.warnings.append)
        self.here.folder.prepare()
        for run in runs:
            self.here.ledger.add(run)
        self.there = Archive(folder / "there", self.warnings.append, server=self.server())

    def server(self) -> Prometheus:
        return Prometheus(QueryClient(ServerAccess(self.url), 60))


@pytest.mark.parametrize("about", ["troubled", "hard"])
def test_a_run_is_judged_alike(tmp_path: Path, url: str, runs: dict[str, list[Run]], about: str) -> None:
    """
    Every verdict, with its reason, its causes and since when, and every normalised time is the same; so it is where
    names have quotes, backslashes, ends of lines and any letters in them.
    """
    both = Both(tmp_path, url, runs[about][:-1])
    measured = replace(runs[about][-1], verdicts=())
    here, there = (archive.judged(measured, _RULES, "main")[0] for archive in (both.here, both.there))

    assert there == here == runs[about][-1]
    kinds = {verdict.kind.value for verdict in there.verdicts}
    assert kinds >= {"regression", "count", "fixture_regression", "trend", "leak", "flaky", "broken"}
    assert both.warnings == []


def test_every_figure_is_read_back(tmp_path: Path, url: str, runs: dict[str, list[Run]]) -> None:
    """
    Whichever column and test is asked for, the values are those of the results folder.
    """
    both = Both(tmp_path, url, runs["troubled"])
    span = TimeSpan(until=runs["troubled"][-1].ended)
    measures = {measure for run in runs["troubled"] for case in run.cases for measure in columns_of(case)}
    own = [measure.removeprefix(MEASURES) for measure in measures if measure.startswith(MEASURES)]
    readers = [source.reader("troubled", "main", span) for source in (both.here.ledger, both.server())]
    here, there = (whole_past(reader, own) for reader in readers)
    cases = [case.id for case in runs["troubled"][0].cases]

    assert [replace(run, verdicts=0) for run in here.runs] == list(there.runs)
    for measure in measures:
        assert [values_of(there, measure, one) for one in cases] == [values_of(here, measure, one) for one in cases]


def test_a_branch_called_other_is_told_from_others(tmp_path: Path, url: str, runs: dict[str, list[Run]]) -> None:
    """
    A branch with runs enough is judged against its own, one with few against the default branch, as ever.
    """
    both = Both(tmp_path, url, [*runs["main"], *runs["topic"], *runs["young"]])
    grown, young, new = (
        make_run(20, [make_case()], suite="branches", branch=branch) for branch in ("topic-0", "topic-1", "topic-2")
    )
    pasts = [both.there.past_of(run, _RULES, "main") for run in (grown, young, new)]

    assert [run.run_id for run in pasts[0].runs] == [run.run_id for run in runs["topic"]]
    assert [{run.branch for run in past.runs} for past in pasts] == [{"topic-0"}, {"main"}, {"main"}]
    assert [len(past.series("outcome", make_case().id).values) for past in pasts] == [10, 20, 20]
    assert {past.source for past in pasts} == {url}


def test_the_past_is_a_window_without_the_run_itself(tmp_path: Path, url: str) -> None:
    """
    What ended before the window or after the run is left out, and the latest are taken where they are too many.
    """
    server = Both(tmp_path, url, []).server()
    span = TimeSpan(since=EPOCH + 3 * HOUR, until=EPOCH + 9 * HOUR, excluding="run-5", limit=4)

    assert [run.run_id for run in server.reader("branches", "main", span).runs] == ["run-6", "run-7", "run-8", "run-9"]
    assert server.reader("branches", "main", replace(span, limit=99)).runs[0].run_id == "run-3"
    assert server.reader("branches", "main", TimeSpan(until=EPOCH - 1)).runs == ()
    assert server.reader("nobody", "main", span).runs == ()


def test_no_history_is_an_answer(tmp_path: Path, url: str) -> None:
    """
    A suite that the server has never seen is judged by its budgets.
    """
    both = Both(tmp_path, url, [])
    run, past = both.there.judged(make_run(1, [make_case(seconds=1, budget_seconds=0.1)], suite="new"), _RULES, "main")

    assert [verdict.kind for verdict in run.verdicts] == [VerdictKind.BUDGET]
    assert (past.runs, past.source, both.warnings) == ((), url, [])


class _Counting(QueryClient):
    """
    Counts what it is asked.
    """

    asked = 0

    def query(self, promql: str, at: float) -> list[Answered]:
        self.asked += 1
        return super().query(promql, at)


class _Forgetful(QueryClient):
    """
    Fails where it is asked for one metric.
    """

    metric = ""

    def query(self, promql: str, at: float) -> list[Answered]:
        if self.metric in promql:
            raise StorageError(f"{self.server}: gone")
        return super().query(promql, at)


@pytest.mark.parametrize("metric", [TEST_METRICS[column].name for column in EVERY_TEST.measures])
def test_half_a_history_is_none(tmp_path: Path, url: str, metric: str) -> None:
    """
    Where one of the figures that every test is judged by or shown with does not come, the run is judged without a
    past, and nothing is asked again when the report is written.
    """
    warnings: list[str] = []
    client = _Forgetful(ServerAccess(url), 60)
    client.metric = f'"{metric}"'
    archive = Archive(tmp_path, warnings.append, server=Prometheus(client))
    run, past = archive.judged(make_run(20, [make_case()], suite="branches"), _RULES, "main")

    assert (past.runs, dict(past.columns), run.verdicts) == ((), {}, ())
    assert warnings == [f"no history: {url}: gone"]


@pytest.mark.parametrize(("tests", "requests"), [(1, 1), (2, 2), (3, 1), (110, 1)])
def test_many_tests_are_asked_at_once(
    tmp_path: Path, url: str, runs: dict[str, list[Run]], tests: int, requests: int
) -> None:
    """
    A measure of a few tests is asked test by test, and as a whole from where that takes fewer figures; the values are
    the same.
    """
    here = whole_past(Both(tmp_path, url, runs["many"]).here.ledger.reader("many", "main", TimeSpan()))
    client = _Counting(ServerAccess(url), 60)
    there = Prometheus(client).reader("many", "main", TimeSpan(until=runs["many"][-1].ended))
    cases, asked = [case.id for case in runs["many"][0].cases][:tests], client.asked
    there.read(Needed(("cpu_seconds",), cases))

    assert client.asked - asked == requests
    assert [values_of(there.past(), "cpu_seconds", case) for case in cases] == [
        values_of(here, "cpu_seconds", case) for case in cases
    ]


def test_nothing_is_asked_twice(url: str, runs: dict[str, list[Run]]) -> None:
    """
    A measure that was read whole, and a test of which all was read, are known.
    """
    client = _Counting(ServerAccess(url), 60)
    reader = Prometheus(client).reader("many", "main", TimeSpan(until=runs["many"][-1].ended))
    asked = []
    for needed in (EVERY_TEST, Needed(("cpu_seconds",), ("test_0",))) * 2:
        reader.read(needed)
        asked.append(client.asked)

    assert asked == [5, 6, 6, 6]


def test_a_past_asks_nothing(tmp_path: Path, url: str, runs: dict[str, list[Run]]) -> None:
    """
    Judging, explaining and showing a run read what was read before; the server may be gone.
    """
    client = _Counting(ServerAccess(url), 60)
    archive = Archive(tmp_path, pytest.fail, server=Prometheus(client))
    run, past = archive.judged(runs["troubled"][-1], _RULES, "main")
    asked = client.asked
    again = judge(run, past, _RULES)
    compose(again, past, _RULES)

    assert again == run == runs["troubled"][-1]
    assert client.asked == asked


@pytest.mark.parametrize("found_by", ['measure="db_queries"', 'test="leaking"'])
def test_what_finds_a_verdict_has_to_answer(
    tmp_path: Path, url: str, runs: dict[str, list[Run]], found_by: str
) -> None:
    """
    Where the count of some tests, or what a test kept, does not come, there is no history.
    """
    warnings: list[str] = []
    client = _Forgetful(ServerAccess(url), 60)
    client.metric = found_by
    archive = Archive(tmp_path, warnings.append, server=Prometheus(client))
    _, past = archive.judged(runs["troubled"][-1], _RULES, "main")

    assert past.runs == ()
    assert warnings == [f"no history: {url}: gone"]


def test_what_explains_a_verdict_may_fail(tmp_path: Path, url: str, runs: dict[str, list[Run]]) -> None:
    """
    A server that stops answering after the verdicts were found costs their causes, and no verdict.
    """
    warnings: list[str] = []
    client = _Forgetful(ServerAccess(url), 60)
    client.metric = 'test="slower"'
    archive = Archive(tmp_path, warnings.append, server=Prometheus(client))
    run, _ = archive.judged(runs["troubled"][-1], _RULES, "main")

    assert [(one.kind, one.case) for one in run.verdicts] == [
        (one.kind, one.case) for one in runs["troubled"][-1].verdicts
    ]
    assert "cpu_seconds" not in {cause.measure for verdict in run.verdicts for cause in verdict.causes}
    assert set(warnings) == {f"some verdicts have no causes: {url}: gone"}

"""
Judging in two steps against a ledger.
"""

from datetime import UTC, datetime
from math import inf
from pathlib import Path

import pytest

from paceline.analysis.baselines import Baseline, Baselines
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import DURATION, Needed, Past, PastRun
from paceline.errors import StorageError
from paceline.history.past_judge import PastJudge
from paceline.history.source import PastReader, TimeSpan
from paceline.history.sqlite.database import NotALedgerError
from paceline.history.sqlite.ledger import Ledger
from paceline.measure import Better, Measure
from paceline.model import Run
from paceline.usage import UsageKey
from support.histories import troubled_runs
from support.values import failed, make_case, make_run

_RULES = Rules()


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """
    Runs of which the last has verdicts of five kinds.
    """
    return troubled_runs()


@pytest.fixture
def ledger(tmp_path: Path, runs: list[Run]) -> Ledger:
    """
    All runs but the last.
    """
    kept = Ledger(tmp_path / "history.sqlite")
    for run in runs[:-1]:
        kept.add(run)
    return kept


class _Watched:
    """
    A ledger that notes what is read, and fails where one measure is.
    """

    def __init__(self, ledger: Ledger, measure: str = "", error: Exception | None = None) -> None:
        self._ledger = ledger
        self.measure = measure
        self.error = error
        self.read: dict[float, list[Needed]] = {}

    def reader(self, suite: str, branch: str, span: TimeSpan) -> PastReader:
        return _Reader(self._ledger.reader(suite, branch, span), self, self.read.setdefault(span.until, []))


class _Reader:
    def __init__(self, reader: PastReader, source: _Watched, read: list[Needed]) -> None:
        self._reader = reader
        self._source = source
        self._read = read

    @property
    def runs(self) -> tuple[PastRun, ...]:
        return self._reader.runs

    def read(self, needed: Needed) -> None:
        self._read.append(needed)
        if self._source.error is not None and self._source.measure in needed.measures:
            raise self._source.error
        self._reader.read(needed)

    def past(self) -> Past:
        return self._reader.past()


def test_a_past_needs_its_ledger_no_more(ledger: Ledger, runs: list[Run]) -> None:
    """
    The past that a run was judged against gives the same verdicts and causes when the file is gone.
    """
    run, past = PastJudge(ledger, Baselines(), pytest.fail).judged(runs[-1], _RULES, "", inf)
    ledger.path.unlink()

    assert judge(runs[-1], past, _RULES) == run == runs[-1]


def test_a_limit_that_was_just_set_is_new_after_a_run_without_its_measure(tmp_path: Path) -> None:
    """
    The first run failed before it measured, and the second kept the limit that it had then.
    """
    ledger = Ledger(tmp_path / "history.sqlite")
    ledger.add(make_run(1, [failed()]))
    ledger.add(
        make_run(
            2,
            [make_case(measures={"p95_seconds": Measure(value=0.002, unit="seconds", limit=1.0, better=Better.LOWER)})],
        )
    )
    now = make_run(
        3, [make_case(measures={"p95_seconds": Measure(value=0.002, unit="seconds", limit=0.001, better=Better.LOWER)})]
    )
    run, _ = PastJudge(ledger, Baselines(), pytest.fail).judged(now, _RULES, "", inf)

    assert [verdict.standing for verdict in run.verdicts] == [False]
    assert run.verdicts[0].reason.endswith("the budget is new: the last run of the test was over it as well")


def test_causes_that_cannot_be_read_cost_no_verdict(ledger: Ledger, runs: list[Run]) -> None:
    """
    All verdicts are found, without what only CPU times tell, and one line says so.
    """
    warnings: list[str] = []
    source = _Watched(ledger, UsageKey.CPU_SECONDS, StorageError("the disk is slow"))
    run, _ = PastJudge(source, Baselines(), warnings.append).judged(runs[-1], _RULES, "", inf)

    assert [one.reason for one in run.verdicts] == [one.reason for one in runs[-1].verdicts]
    assert "cpu_seconds" not in {cause.measure for verdict in run.verdicts for cause in verdict.causes}
    assert warnings == ["some verdicts have no causes: the disk is slow"]


@pytest.mark.parametrize(
    ("measure", "error"),
    [
        (DURATION, StorageError("the disk is slow")),
        ("measures.db_queries", StorageError("the disk is slow")),
        (UsageKey.MEMORY_RETAINED_BYTES, StorageError("the disk is slow")),
        (UsageKey.CPU_SECONDS, NotALedgerError("the disk is damaged")),
    ],
)
def test_other_failures_are_errors(ledger: Ledger, runs: list[Run], measure: str, error: StorageError) -> None:
    """
    A measure that finds verdicts has to be there, and a damaged ledger is for its owner to make again.
    """
    with pytest.raises(type(error), match=str(error)):
        PastJudge(_Watched(ledger, measure, error), Baselines(), pytest.fail).judged(runs[-1], _RULES, "", inf)


def test_a_pinned_window_is_read_for_its_tests(ledger: Ledger, runs: list[Run]) -> None:
    """
    Single tests are read in the window of a pinned run where they are pinned to it, and in the latest in any case.
    """
    ended = datetime.fromtimestamp(runs[15].ended, UTC)
    pin = Baseline(suite="shop", tests="slower", run_id="run-15", ended=ended)
    source = _Watched(ledger)
    run, _ = PastJudge(source, Baselines(pinned=(pin,)), pytest.fail).judged(runs[-1], _RULES, "", inf)
    pinned, latest = (
        {test for needed in source.read[until] for test in needed.tests or ()} for until in sorted(source.read)
    )

    assert pinned == {"slower"}
    assert latest >= {"slower", "creeping", "leaking"}
    assert next(verdict.causes for verdict in run.verdicts if verdict.case == "slower")

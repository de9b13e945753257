"""
The history of a suite that does not exist.
"""

import pytest
from msgspec.structs import replace

from paceline.demo.runs import Demo
from paceline.documents import decode_run, encode_run
from paceline.model import Run
from paceline.verdict_kinds import VerdictKind
from support.judged import judged_in_turn

# Tuesday, 24 November 2026, 00:00 UTC.
_UNTIL = 1_795_478_400.0
_DAY = 86400.0
_DEMO = Demo(until=_UNTIL)
_MENDED = "tests/integration/test_cart.py::test_total_of_a_large_cart"


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """
    The runs of the demonstration.
    """
    return list(_DEMO.runs())


def test_a_seed_and_an_end_give_the_same_runs(runs: list[Run]) -> None:
    """
    Another seed gives others.
    """
    assert list(_DEMO.runs()) == runs
    assert list(replace(_DEMO, seed=2).runs()) != runs


def test_runs_are_documents_in_order_of_time(runs: list[Run]) -> None:
    """
    All lie in the thirty days, each has a name of its own, and each can be written and read.
    """
    ends = [run.ended for run in runs]

    assert ends == sorted(ends)
    assert _UNTIL - 30 * _DAY < ends[0] < ends[-1] <= _UNTIL
    assert len({run.run_id for run in runs}) == len(runs)
    assert [decode_run(encode_run(run), "") for run in runs] == runs


def test_working_days_have_more_runs(runs: list[Run]) -> None:
    """
    Four on a working day, one at the weekend.
    """
    on = [int(run.ended // _DAY) for run in runs]
    friday, saturday = 20_777, 20_778

    assert (on.count(friday), on.count(saturday)) == (4, 1)


def test_a_suite_grows(runs: list[Run]) -> None:
    """
    Some tests are younger than the history; a larger suite is made of more of the same.
    """
    assert len(runs[0].cases) < len(runs[-1].cases) == 80
    assert len(list(replace(_DEMO, tests=500).runs())[-1].cases) == 500


def test_judgement_finds_what_is_in_it(runs: list[Run]) -> None:
    """
    Budgets, regressions, leaks, flaky and broken tests; and the regression that was mended is over.
    """
    judged = judged_in_turn(runs, is_past=lambda run: run.branch == "main")
    found = {verdict.kind for run in judged for verdict in run.verdicts}
    slower = [number for number, run in enumerate(judged) if (VerdictKind.REGRESSION, _MENDED) in _verdicts(run)]

    assert {*["budget", "regression", "count", "leak", "flaky", "broken", "trend"]} <= found
    assert slower
    assert max(slower) < len(judged) * 0.7


def _verdicts(run: Run) -> set[tuple[VerdictKind, str | None]]:
    return {(verdict.kind, verdict.case) for verdict in run.verdicts}

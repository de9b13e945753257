"""
Flaky, broken, or neither.
"""

import random
from collections.abc import Sequence

import pytest

from paceline.analysis.judgement_rules import FlakyRule
from paceline.analysis.past import past_run
from paceline.analysis.verdicts.flakiness import Attempted, judge_flakiness
from paceline.model import Severity, Since, Verdict
from paceline.verdict_kinds import VerdictKind
from support.values import make_run

_RULE = FlakyRule(broken_runs=3)


def _attempted(number: int, passed: bool, attempts: int = 1, commit: str = "", is_dirty: bool = False) -> Attempted:
    return Attempted(passed, attempts, past_run(make_run(number, commit=commit, dirty=is_dirty)))


def _judged(outcomes: str, commits: Sequence[str] = (), is_dirty: bool = False) -> Verdict | None:
    """
    Judge outcomes written as `.` and `F`, with the commits of their runs.
    """
    history = [
        _attempted(number, letter == ".", 1, commit, is_dirty)
        for number, (letter, commit) in enumerate(zip(outcomes, commits or [""] * len(outcomes), strict=True))
    ]
    return judge_flakiness("test_a", history, _RULE)


def _half_failing() -> str:
    outcomes = [*"F" * 20, *"." * 20]
    random.Random(7).shuffle(outcomes)
    return "".join(outcomes)


@pytest.mark.parametrize("commit", ["", "4f2c"])
def test_failing_half_of_the_time_is_flaky(commit: str) -> None:
    """
    20 failures in 40 runs, without version control as well as at one clean commit, are a rate of 50%.
    """
    verdict = _judged(_half_failing(), [commit] * 40)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.FLAKY, Severity.WARNING, "test_a")
    assert (verdict.measured, verdict.limit, verdict.unit) == (0.5, 0.0, "ratio")
    assert verdict.reason == "fails 50% of the time (95%: 35% to 65%): 20 of 40 attempts in 40 runs"


@pytest.mark.parametrize("commit", ["", "4f2c"])
def test_failing_always_is_broken(commit: str) -> None:
    """
    40 failures in 40 runs are no chance.
    """
    verdict = _judged("F" * 40, [commit] * 40)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.BROKEN, Severity.INFO, "test_a")
    assert (verdict.measured, verdict.unit) == (40.0, "runs")
    assert verdict.reason == "failed in each of the last 40 runs"
    assert verdict.since is None


def test_a_test_that_broke_lately_is_broken_since_then() -> None:
    """
    It passed for long, and the last three runs failed.
    """
    verdict = _judged("." * 20 + "FFF", ["4f2c"] * 23)

    assert verdict is not None
    assert verdict.kind is VerdictKind.BROKEN
    assert verdict.reason == "failed in each of the last 3 runs, passed in the 20 before"
    assert verdict.since == Since(run_id="run-20", ended=1_700_072_000.0, commit="4f2c", runs_ago=2)


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        (".FFF", "failed in each of the last 3 runs, passed in the run before"),
        (".F...FFF", "failed in each of the last 3 runs, passed in 4 of the 5 before"),
    ],
)
def test_what_it_did_before_it_broke_is_told(outcomes: str, reason: str) -> None:
    """
    Whether it passed always before, or at times.
    """
    verdict = _judged(outcomes)

    assert verdict is not None
    assert (verdict.kind, verdict.reason) == (VerdictKind.BROKEN, reason)


@pytest.mark.parametrize(("outcomes", "kind"), [("F.F." * 5 + "FFF", "flaky"), ("F.F." * 5 + "F" * 5, "broken")])
def test_a_flaky_test_fails_a_few_times_in_a_row(outcomes: str, kind: str) -> None:
    """
    One that fails every other time fails three times in a row by chance, and five times hardly ever.
    """
    verdict = _judged(outcomes)

    assert verdict is not None
    assert verdict.kind == kind


@pytest.mark.parametrize("outcomes", ["." * 40, "F" * 20 + "." * 20, "." * 20 + "FF", "F", ".", "FF"])
def test_one_change_is_neither(outcomes: str) -> None:
    """
    A test that was mended once or broke just now has a reason, as far as anybody knows.
    """
    different = [str(number) for number in range(len(outcomes))]

    assert _judged(outcomes) is None
    assert _judged(outcomes, different) is None


def test_a_second_change_is_chance() -> None:
    """
    Where no commit is known, a test that failed in between is flaky.
    """
    verdict = _judged("." * 10 + "F" + "." * 10)

    assert verdict is not None
    assert verdict.reason == "fails 5% of the time (95%: 1% to 23%): 1 of 21 attempts in 21 runs"


def test_changes_with_the_commit_prove_nothing() -> None:
    """
    A test whose outcome changes only where the code does may be broken and mended each time.
    """
    assert _judged("..FF..FF..", list("aabbccddee")) is None


def test_a_pass_and_a_failure_of_one_commit_contradict_each_other() -> None:
    """
    Also with runs of other commits in between.
    """
    verdict = _judged("..F..", list("abcdc"))

    assert verdict is not None
    assert verdict.kind is VerdictKind.FLAKY


def test_changed_files_prove_nothing() -> None:
    """
    With uncommitted changes nobody knows whether two runs of a commit had the same code.
    """
    assert _judged(".F.F.F.F.", ["4f2c"] * 9, is_dirty=True) is None


@pytest.mark.parametrize("commit", ["", "4f2c"])
def test_a_pass_on_retry_is_flaky(commit: str) -> None:
    """
    Two failures and a pass in one run are a contradiction, whatever the commit.
    """
    verdict = judge_flakiness("test_a", [_attempted(0, True, 3, commit, True)], _RULE)

    assert verdict is not None
    assert verdict.kind is VerdictKind.FLAKY
    assert verdict.reason == "fails 67% of the time (95%: 21% to 94%): 2 of 3 attempts in 1 run"


def test_one_retry_is_enough() -> None:
    """
    A pass on the second attempt is a failure and a pass.
    """
    verdict = judge_flakiness("test_a", [_attempted(0, True, 2)], _RULE)

    assert verdict is not None
    assert verdict.reason == "fails 50% of the time (95%: 9% to 91%): 1 of 2 attempts in 1 run"


def test_failed_retries_are_failures() -> None:
    """
    A test that fails thrice in each run is broken.
    """
    verdict = judge_flakiness("test_a", [_attempted(number, False, 3) for number in range(5)], _RULE)

    assert verdict is not None
    assert verdict.reason == "failed in each of the last 5 runs"

"""
Pinned and accepted runs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from paceline.analysis.baselines import Baseline, Baselines, fits, past_by_baselines
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import NORMALIZED, Past
from paceline.model import Run, Verdict
from paceline.verdict_kinds import VerdictKind
from support.judging import judge_against
from support.values import EPOCH, HOUR, TEST, failed, make_case, make_run, past_of, runs_of

_RULES = Rules()


def _at(number: int, tests: str = "*", suite: str = "shop") -> Baseline:
    ended = datetime.fromtimestamp(EPOCH + number * HOUR, UTC)
    return Baseline(suite=suite, tests=tests, run_id=f"run-{number}", ended=ended)


def _judged(seconds: float, past: Past, baselines: Baselines, pinned: Sequence[float] = (), number: int = 60) -> Run:
    run = make_run(number, [make_case(seconds=seconds)])
    held = baselines.held_by(run)
    return judge_against(run, past, {pin.ended: past_of(pinned) for pin in held.pinned}, held, _RULES)


def _regressions(run: Run) -> list[Verdict]:
    return [verdict for verdict in run.verdicts if verdict.kind is VerdictKind.REGRESSION]


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        ("*", True),
        ("tests/test_cart.py", True),
        ("tests/test_cart.py::test_total", True),
        ("tests/test_cart.py::test_total[x=1]", True),
        ("tests/test_cart.py::test_*", True),
        ("tests/*", True),
        ("*[x=?]", True),
        ("tests/test_cart", False),
        ("tests/test_cart.py::test_tot", False),
        ("tests/test_cart.py::test_total[x=2]", False),
        ("*[abcx1=]", False),
        ("TESTS/*", False),
    ],
)
def test_which_tests_a_pattern_means(pattern: str, is_meant: bool) -> None:
    """
    A test, all its parameters, a file, or what `*` and `?` fit; brackets are those of parameters.
    """
    assert fits(pattern, "tests/test_cart.py::test_total[x=1]") is is_meant


def test_what_crept_up_since_a_pinned_run_is_a_regression() -> None:
    """
    No step of 2% is one by itself; against the window that ends with the pinned run it is, and says so.
    """
    creeping = past_of([0.1 * 1.02**number for number in range(60)])
    unpinned = _judged(0.1 * 1.02**60, creeping, Baselines())
    pinned = _judged(0.1 * 1.02**60, creeping, Baselines(pinned=(_at(9),)), [0.1] * 10)

    assert _regressions(unpinned) == []
    assert [verdict.reason for verdict in _regressions(pinned)] == [
        (
            "took 328 ms normalised, usually 100 ms (median of 10 runs): 3.3 times as long, "
            "against the baseline pinned at run run-9"
        )
    ]


def test_since_when_is_told_by_the_latest_past() -> None:
    """
    A regression against a pinned run began where the tests first were above its limit, long after that run.
    """
    (verdict,) = _regressions(_judged(0.3, past_of([0.1] * 40 + [0.3] * 10), Baselines(pinned=(_at(9),)), [0.1] * 10))

    assert verdict.since is not None
    assert (verdict.since.run_id, verdict.since.runs_ago) == ("run-40", 10)


def test_a_pinned_test_has_no_trend() -> None:
    """
    The line through the time before the pinned run says nothing of today.
    """
    creeping = [0.1 + number / 100 for number in range(30)]
    trends = [
        [verdict.kind for verdict in _judged(0.4, past_of(creeping), baselines, creeping).verdicts]
        for baselines in (Baselines(), Baselines(pinned=(_at(29),)))
    ]

    assert trends == [[VerdictKind.TREND], []]


def test_an_accepted_slowdown_is_the_new_normal() -> None:
    """
    From the accepted run on the times are usual; what was before is forgotten.
    """
    slower = past_of([0.1] * 40 + [0.3] * 10)
    accepted = Baselines(accepted=(_at(40, TEST),))

    assert len(_regressions(_judged(0.3, slower, Baselines()))) == 1
    assert _regressions(_judged(0.3, slower, accepted)) == []
    assert [round(verdict.factor or 0) for verdict in _regressions(_judged(0.9, slower, accepted))] == [3]


def test_too_few_runs_since_an_accepted_one_are_no_history() -> None:
    """
    Seven runs are judged by no one, the eighth by the seven and itself: the same as for a new test.
    """
    counts = [
        len(_regressions(_judged(0.9, past_of([0.1] * 40 + [0.3] * runs), Baselines(accepted=(_at(40),)))))
        for runs in (0, 1, 7, 8)
    ]

    assert counts == [0, 0, 0, 1]


def test_an_accepted_run_ends_an_earlier_pin() -> None:
    """
    Accepted after it, a slowdown is usual although a release was pinned, and what is slower still is found.
    """
    slower = past_of([0.1] * 40 + [0.3] * 10)
    baselines = Baselines(pinned=(_at(9),), accepted=(_at(40, TEST),))
    usual, worse = (_judged(seconds, slower, baselines, [0.1] * 10) for seconds in (0.3, 0.9))

    assert _regressions(usual) == []
    assert [verdict.reason for verdict in _regressions(worse)] == [
        "took 900 ms normalised, usually 300 ms (median of 10 runs): 3.0 times as long"
    ]


def test_a_pin_after_an_accepted_run_holds() -> None:
    """
    Of the window that ends with the pinned run, what was before the accepted one is forgotten.
    """
    baselines = Baselines(pinned=(_at(45),), accepted=(_at(36, TEST),))
    window = [0.1] * 36 + [0.3] * 10
    (verdict,) = _regressions(_judged(0.9, past_of([0.1] * 50), baselines, window))

    assert verdict.reason == (
        "took 900 ms normalised, usually 300 ms (median of 10 runs): 3.0 times as long, "
        "against the baseline pinned at run run-45"
    )


def test_a_value_of_a_pinned_test_is_that_of_its_run() -> None:
    """
    Positions lead to the runs of the window that ends with the pinned run, not to the latest.
    """
    pin = _at(9)
    latest, pinned = past_of([0.3] * 50), past_of([0.1] * 5, branch="release")
    past = past_by_baselines(Baselines(pinned=(pin,)), latest, {pin.ended: pinned})
    runs = [past.runs[position] for position in past.series(NORMALIZED, TEST).runs]

    assert [run.branch for run in runs] == ["release"] * 5
    assert [run.run_id for run in runs] == [f"run-{number}" for number in range(5)]


def test_other_tests_keep_their_past() -> None:
    """
    A baseline of one test changes nothing for another, nor does that of another suite.
    """
    past = Past.from_runs(runs_of({"test_a": [0.1] * 20, "test_b": [0.1] * 20}))
    run = make_run(60, [make_case("test_a", 0.3), make_case("test_b", 0.3)])
    baselines = Baselines(accepted=(_at(19, "test_a"), _at(19, "*", suite="tools")))
    judged = judge_against(run, past, {}, baselines.held_by(run), _RULES)

    assert [verdict.case for verdict in _regressions(judged)] == ["test_b"]


def test_whether_a_test_passes_is_judged_by_the_latest_runs() -> None:
    """
    An accepted run makes no flaky test a sound one.
    """
    past = Past.from_runs([make_run(n, [make_case() if n % 2 else failed()]) for n in range(20)])
    run = make_run(60, [make_case()])
    judged = judge_against(run, past, {}, Baselines(accepted=(_at(19),)).held_by(run), _RULES)

    assert [verdict.kind for verdict in judged.verdicts] == [VerdictKind.FLAKY]


def test_a_baseline_holds_for_what_comes_after_it() -> None:
    """
    A run that ended before the pinned run, or is it, is judged against its own past.
    """
    baselines = Baselines(pinned=(_at(30),), accepted=(_at(30),))
    held = [baselines.held_by(make_run(number)) == Baselines() for number in (29, 30, 31)]

    assert held == [True, True, False]


def test_a_pinned_run_without_a_past_is_no_history() -> None:
    """
    Where nothing is known of the time up to it, nothing is judged by it.
    """
    run = _judged(0.9, past_of([0.1] * 40), Baselines(pinned=(_at(9),)))

    assert run.verdicts == ()

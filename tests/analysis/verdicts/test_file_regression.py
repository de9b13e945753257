"""
Short tests of a file that take longer together.
"""

from collections.abc import Mapping
from random import Random

import pytest

from paceline.analysis.confirmation import confirmed
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.suspects import suspects_of
from paceline.model import Case, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run

_CARTS: dict[str, float] = {f"test_cart.py::test_{number}": 50e-6 for number in range(100)}
_SHOPS: dict[str, float] = {f"test_shop_{file}.py::test_{number}": 0.02 for file in range(3) for number in range(10)}
_USUAL = {**_CARTS, **_SHOPS}


def _cases(seconds: Mapping[str, float], noise: Random | None = None) -> list[Case]:
    times = {
        case_id: value * (noise.lognormvariate(0, 0.3) if noise and case_id in _CARTS else 1)
        for case_id, value in seconds.items()
    }
    return [
        make_case(case_id, value, usage={UsageKey.CPU_SECONDS: value, UsageKey.CPU_WAIT_SECONDS: 0.0})
        for case_id, value in times.items()
    ]


def _judged(now: Mapping[str, float], runs: int = 10) -> Run:
    noise = Random(5)
    past = Past.from_runs([make_run(number, _cases(_USUAL, noise)) for number in range(runs)])
    return judge(make_run(runs, _cases(now, noise)), past, Rules())


def _found(run: Run) -> list[Verdict]:
    return [verdict for verdict in run.verdicts if verdict.kind is VerdictKind.FILE_REGRESSION]


def test_a_core_function_that_is_three_times_slower_is_found() -> None:
    """
    A hundred tests of 50 µs are too short to be judged one by one, and their sum of 5 ms takes 15.
    """
    (verdict,) = _found(_judged(_USUAL | dict.fromkeys(_CARTS, 150e-6)))

    assert (verdict.subject, verdict.case, verdict.severity) == ("test_cart.py", None, Severity.CRITICAL)
    assert verdict.factor == pytest.approx(3, rel=0.2)
    assert len(verdict.tests) == 10
    assert set(verdict.tests) <= set(_CARTS)


@pytest.mark.parametrize(
    "changes",
    [{}, dict.fromkeys(_CARTS, 60e-6), dict.fromkeys(list(_CARTS)[:10], 150e-6), {"test_cart.py::test_1": 0.02}],
    ids=["unchanged", "a fifth more", "ten of a hundred tests", "one test that is a regression by itself"],
)
def test_a_file_is_not_slower_by_little(changes: dict[str, float]) -> None:
    """
    Each test has a noise of a third, and one long test is judged by itself.
    """
    assert not _found(_judged(_USUAL | changes))


@pytest.mark.parametrize(
    ("test", "part"),
    [
        ("test_cart.py::TestTotal::test_{}", "test_cart.py::TestTotal"),
        ("test_cart.py::TestTotal::TestSum::test_{}", "test_cart.py::TestTotal"),
        ("test_cart.py::test_sum[a::{}]", "test_cart.py::test_sum"),
    ],
    ids=["class", "nested class", "family"],
)
def test_a_class_or_a_family_is_judged_where_its_file_is_not_slower(test: str, part: str) -> None:
    """
    Twenty tests of 120 take three times as long. Two are too few, and of a file that is slower its parts are not named.
    """
    ids = [test.format(number) for number in range(20)]
    usual = _USUAL | dict.fromkeys(ids, 50e-6)
    past = Past.from_runs([make_run(number, _cases(usual, Random(number))) for number in range(10)])
    slow = [
        _found(judge(make_run(10, _cases(usual | dict.fromkeys(some, 150e-6))), past, Rules()))
        for some in (ids, ids[:2], [*ids, *_CARTS])
    ]

    assert [[verdict.file for verdict in one] for one in slow] == [[part], [], ["test_cart.py"]]


def test_too_short_a_past_says_nothing() -> None:
    """
    Eight runs are needed, as for one test.
    """
    assert not _found(_judged(_USUAL | dict.fromkeys(_CARTS, 150e-6), runs=7))


def test_a_part_of_the_tests_is_compared_with_itself() -> None:
    """
    A run in which half of the tests ran is not faster, and the next whole one not slower.
    """
    noise = Random(5)
    half = {case_id: seconds for place, (case_id, seconds) in enumerate(_USUAL.items()) if place % 2}
    past = Past.from_runs([make_run(number, _cases(half if number % 2 else _USUAL, noise)) for number in range(20)])

    assert not _found(judge(make_run(20, _cases(_USUAL, noise)), past, Rules()))


def test_a_slow_file_stands_after_its_first_run() -> None:
    """
    The second slow run names the first one.
    """
    noise, slow = Random(5), _USUAL | dict.fromkeys(_CARTS, 150e-6)
    runs = [make_run(number, _cases(_USUAL, noise)) for number in range(20)]
    for number in (20, 21):
        runs.append(judge(make_run(number, _cases(slow, noise)), Past.from_runs(runs), Rules()))
    found = [_found(run) for run in runs[-2:]]

    assert [[verdict.standing for verdict in one] for one in found] == [[False], [True]]
    assert [one.since.run_id for one in found[1] if one.since] == [runs[-2].run_id]


@pytest.mark.parametrize(
    ("again", "kind"), [(150e-6, "file_regression"), (55e-6, "unconfirmed"), (9e-6, "file_regression")]
)
def test_the_tests_that_added_most_are_measured_again(again: float, kind: str) -> None:
    """
    The file is slower where they are slower again, or do their work once a process.
    """
    run = _judged(_USUAL | dict.fromkeys(_CARTS, 150e-6))
    suspects = suspects_of(run)
    repeats = {case_id: [_cases({case_id: again})[0]] * 3 for case_id in suspects}
    (verdict,) = confirmed(run, Repeated(cases=repeats)).verdicts

    assert suspects == list(_found(run)[0].tests)
    assert verdict.kind.value == kind

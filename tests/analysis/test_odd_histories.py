"""
Pasts as they are found: of other machines, with holes, with clocks that are off, too short and too long.
"""

from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Case, Machine, Run
from paceline.usage import UsageKey
from support.values import make_case, make_run

_TESTS = 20


def _cases(random: Random, factor: float = 1.0, tests: Sequence[int] = range(_TESTS)) -> list[Case]:
    seconds = {number: 0.01 * (1 + number) * factor * random.uniform(0.97, 1.03) for number in tests}
    return [
        make_case(
            f"test_shop.py::test_{number}", one, usage={UsageKey.CPU_SECONDS: one, UsageKey.CPU_WAIT_SECONDS: 0.0}
        )
        for number, one in seconds.items()
    ]


def _run(number: int, cases: list[Case], calibration: float = 0.002) -> Run:
    return make_run(number, cases, machine=Machine(calibration_seconds=calibration))


def _history(random: Random, runs: int = 12) -> list[Run]:
    history: list[Run] = []
    for number in range(runs):
        history.append(judge(_run(number, _cases(random)), Past.from_runs(history), Rules()))
    return history


def _slower(run: Run, history: Sequence[Run]) -> list[str | None]:
    return [verdict.case for verdict in judge(run, Past.from_runs(history), Rules()).verdicts]


def _with_slow_test(cases: list[Case], factor: float = 3.0) -> list[Case]:
    first = cases[0]
    seconds = factor * (first.duration_seconds or 0.0)
    usage = {**first.usage, UsageKey.CPU_SECONDS: seconds}
    return [replace(first, duration_seconds=seconds, usage=usage), *cases[1:]]


@pytest.mark.parametrize("speed", [3.0, 0.4])
def test_another_machine_makes_no_test_slower(speed: float) -> None:
    """
    A slow and a fast one; a test that is slower on it is found all the same.
    """
    random = Random(1)
    history, cases = _history(random), _cases(random, speed)

    assert _slower(_run(12, cases, 0.002 * speed), history) == []
    assert _slower(_run(12, _with_slow_test(cases), 0.002 * speed), history) == ["test_shop.py::test_0"]


def test_another_python_makes_no_test_slower() -> None:
    """
    It is faster for some tests than for others; a test that is slower with it is found all the same.
    """
    random = Random(7)
    history = _history(random)
    cases = [case for number in range(_TESTS) for case in _cases(random, random.uniform(0.75, 1.05), [number])]
    now, slow = (replace(_run(12, one), environment={"python": "3.13.0"}) for one in (cases, _with_slow_test(cases)))

    assert _slower(now, history) == []
    assert _slower(slow, history) == ["test_shop.py::test_0"]


def test_a_history_with_holes_is_one() -> None:
    """
    Each run has another two thirds of the tests.
    """
    random = Random(2)
    history: list[Run] = []
    for number in range(20):
        tests = random.sample(range(_TESTS), 2 * _TESTS // 3)
        history.append(judge(_run(number, _cases(random, tests=tests)), Past.from_runs(history), Rules()))

    assert _slower(_run(20, _with_slow_test(_cases(random))), history) == ["test_shop.py::test_0"]


def test_clocks_that_are_off_change_no_verdict() -> None:
    """
    Runs that ended in the future, in 1970, and at the same time.
    """
    random = Random(3)
    stamps = [0.0, 4e9, 1e9, 1e9, *range(8)]
    history = [replace(run, started=end, ended=end) for run, end in zip(_history(random), stamps, strict=True)]

    assert _slower(_run(12, _with_slow_test(_cases(random))), history) == ["test_shop.py::test_0"]


@pytest.mark.parametrize(("runs", "found"), [(0, []), (1, []), (7, []), (8, ["test_shop.py::test_0"])])
def test_too_short_a_history_is_no_verdict(runs: int, found: list[str]) -> None:
    """
    Eight runs are a history.
    """
    random = Random(4)
    history = _history(random, runs)

    assert _slower(_run(runs, _with_slow_test(_cases(random))), history) == found


def test_a_thousand_runs_in_a_day_are_a_history() -> None:
    """
    They are judged as ten are.
    """
    random = Random(5)
    history = [_run(number, _cases(random, tests=range(4))) for number in range(1000)]

    assert _slower(_run(1000, _cases(random, tests=range(4))), history) == []
    assert _slower(_run(1000, _with_slow_test(_cases(random, tests=range(4)))), history) == ["test_shop.py::test_0"]


def test_a_suite_that_doubles_is_no_slower() -> None:
    """
    New tests have no past, and change nothing for those that have.
    """
    random = Random(6)
    history = _history(random)
    doubled = _with_slow_test(_cases(random, tests=range(2 * _TESTS)))

    assert _slower(_run(12, doubled), history) == ["test_shop.py::test_0"]


@pytest.mark.parametrize(("factor", "found"), [(1.0, []), (3.0, ["test_shop.py::test_0"])])
def test_a_suite_of_one_test_is_judged(factor: float, found: list[str]) -> None:
    """
    Its calibration alone tells of the machine.
    """
    random = Random(7)
    history = [_run(number, _cases(random, tests=range(1))) for number in range(12)]

    assert _slower(_run(12, _with_slow_test(_cases(random, tests=range(1)), factor)), history) == found

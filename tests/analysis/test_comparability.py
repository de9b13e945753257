"""
How many tests a run could be compared with.
"""

from msgspec.structs import replace

from paceline.analysis.comparability import how_compared
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Case, Run
from support.values import make_case, make_run

_LONG = {"test_a.py::test_long": 0.1, "test_a.py::test_medium": 0.002}
_SHORT = {f"test_a.py::test_{number}": 0.0001 for number in range(5)}
_SINGLE = {f"test_{number}.py::test_short": 0.0001 for number in range(2)}


def _cases(seconds: dict[str, float]) -> list[Case]:
    return [make_case(test, one) for test, one in seconds.items()]


def _judged(known: dict[str, float], new: dict[str, float], runs: int = 8) -> Run:
    past = Past.from_runs([make_run(number, _cases(known)) for number in range(runs)])
    return judge(make_run(runs, _cases(known | new)), past, Rules())


def test_tests_are_judged_one_by_one_together_or_not_yet() -> None:
    """
    Below a millisecond only the sum of a file says something, where it has three such tests.
    """
    run = _judged(_LONG | _SHORT | _SINGLE, {"test_a.py::test_new": 0.1})

    assert (run.compared, run.compared_together) == (9, 5)
    assert how_compared(run) == "tests judged: 4 one by one, 5 only together, by file, 1 not yet"


def test_what_there_is_not_is_not_said() -> None:
    """
    Neither in a suite of long tests, nor without a past, nor in a run of an earlier release.
    """
    assert how_compared(_judged(_LONG, {})) == "tests judged: 2 one by one"
    assert how_compared(_judged(_LONG, {}, runs=7)) == ""
    assert how_compared(replace(_judged(_LONG, {}), compared_together=None)) == ""

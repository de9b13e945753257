"""
What figures of the dashboards mean, of few runs whose answer is known.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from paceline.model import Machine, Run, RunOutcome, Severity, UsageKey, Verdict, VerdictKind
from support.dashboards import boards, filled, queries
from support.servers import Prometheus, prometheus_with
from support.values import failed, make_case, make_run

_UNTIL = 1_795_478_400.0
_DAY = 86400
_MIB = 1 << 20
_BUDGET = Verdict(kind=VerdictKind.BUDGET, severity=Severity.WARNING, reason="")
_UNSURE = Verdict(kind=VerdictKind.UNCONFIRMED, severity=Severity.WARNING, reason="")
_ODD = r'odd "co" & \d {x} $1 `y`'
_EXPRESSIONS: dict[tuple[str, str], list[str]] = {}
for _one in (one for board in boards() for one in queries(board)):
    _EXPRESSIONS.setdefault((_one.board.removeprefix("paceline-"), _one.panel), []).append(_one.expr)


def _series(suite: str, seconds: list[float], apart: float, branch: str = "main") -> Iterator[Run]:
    for number, value in enumerate(reversed(seconds)):
        case = make_case(
            "a", value, normalized_duration_seconds=value, usage={UsageKey.MEMORY_RETAINED_BYTES: value * 1000 * _MIB}
        )
        yield make_run(number, [case], suite=suite, branch=branch, ended=_UNTIL - 60 - number * apart)


def _runs() -> Iterator[Run]:
    whole = [make_case("a"), make_case("b"), failed("c")]
    at = {"started": _UNTIL - 400, "ended": _UNTIL - 300, "outcome": RunOutcome.FAILED}
    yield make_run(1, whole, suite="part", verdicts=(_BUDGET, _UNSURE), **at)
    yield make_run(2, [make_case("a")], suite="part", started=_UNTIL - 62, ended=_UNTIL - 60, is_partial=True)
    calibrated = Machine(slowdown_ratio=1.1, calibration_seconds=0.03)
    yield make_run(3, [make_case()], suite=_ODD, branch=_ODD, ended=_UNTIL - 60, machine=calibrated)
    yield from _series("step", [0.02] * 9 + [0.04], _DAY / 2)
    yield from _series("step", [0.02] * 9, _DAY / 2, branch="short")
    yield from _series("step", [0.03] * 9, _DAY / 2, branch="slow")
    yield from _series("minutes", [0.1 + 0.01 * number for number in range(11)], 18)
    yield from _series("days", [0.1 + 0.01 * number for number in range(11)], _DAY / 2)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    A Prometheus that has the suites of `_runs`.
    """
    with prometheus_with(_runs(), tmp_path_factory.mktemp("figures"), ["main", "short", "slow", _ODD]) as server:
        yield server


def _asked(prometheus: Prometheus, panel: tuple[str, str], place: int = 0, **values: str) -> list[Any]:
    known = {"branch": "main", "base": "main", "back": "1ms", "test_type": ".+", "test": "a", **values}
    # A point of a graph is at the beginning of its step.
    at = _UNTIL - 600 if "__interval" in values else _UNTIL
    answer: list[Any] = prometheus.samples(filled(_EXPRESSIONS[panel][place], known), at)
    return answer


def _value(prometheus: Prometheus, panel: tuple[str, str], place: int = 0, **values: str) -> float:
    (found,) = _asked(prometheus, panel, place, **values)
    return float(found["value"][1])


def _last_point(prometheus: Prometheus, panel: tuple[str, str], place: int = 0, **values: str) -> float:
    return _value(prometheus, panel, place, __interval="10m", **values)


@pytest.mark.parametrize(
    ("panel", "expected"), [("Passed", 2 / 3), ("Failing tests", 1), ("Verdicts", 1), ("Run took", 100)]
)
def test_a_part_of_a_suite_hides_nothing(prometheus: Prometheus, panel: str, expected: float) -> None:
    """
    The figures of the last run are those of the last whole one, though a few tests were run since; what was not
    confirmed does not count.
    """
    assert _value(prometheus, ("suite", panel), suite="part") == pytest.approx(expected)


def test_kinds_of_verdicts_add_up_to_their_number(prometheus: Prometheus) -> None:
    """
    What was not confirmed is in neither.
    """
    (found,) = _asked(prometheus, ("suite", "Verdicts by kind"), suite="part")

    assert (found["metric"], found["value"][1]) == ({"kind": "budget"}, "1")


def test_a_part_of_a_suite_is_marked(prometheus: Prometheus) -> None:
    """
    It is a point of its own, beside those of whole runs.
    """
    durations = [_last_point(prometheus, ("suite", "Duration of each run"), place, suite="part") for place in (0, 1)]

    assert durations == pytest.approx([100, 2])


def test_the_factor_is_the_factor(prometheus: Prometheus) -> None:
    """
    What noise is allowed decides who is shown, and is not taken off what is shown.
    """
    assert _value(prometheus, ("suite", "Slower than usual"), suite="step") == pytest.approx(2)
    assert _value(
        prometheus, ("compare", "Slower than the base"), suite="step", base="short", branch="slow"
    ) == pytest.approx(1.5)
    assert _asked(prometheus, ("compare", "Slower than the base"), suite="step", base="short") == []
    assert _value(prometheus, ("compare", "Slower"), suite="step", base="short") == 0


def test_minutes_say_nothing_of_a_week(prometheus: Prometheus) -> None:
    """
    A test grows where its runs are days apart, not where they are seconds apart.
    """
    assert _value(prometheus, ("suite", "Growing fastest"), suite="days") == pytest.approx(0.933, abs=0.01)
    assert _asked(prometheus, ("suite", "Growing fastest"), suite="minutes") == []


def test_what_is_kept_is_what_is_kept_now(prometheus: Prometheus) -> None:
    """
    However long one looks back, a leak is as large as it has become.
    """
    assert _value(prometheus, ("suite", "Keeping memory"), suite="days") == pytest.approx(200 * _MIB)


def test_the_machine_of_a_single_run_is_a_point(prometheus: Prometheus) -> None:
    """
    Beside its own median it is as usual; that it ended after the point at which it is drawn does not matter.
    """
    assert _last_point(prometheus, ("suite", "Machine of each run"), 1, suite=_ODD, branch=_ODD) == 1


def test_names_may_have_any_character(prometheus: Prometheus) -> None:
    """
    Quotes, backslashes, backticks and what means something in an expression are taken as they are.
    """
    assert _value(prometheus, ("suite", "Passed"), suite=_ODD, branch=_ODD) == 1


def test_a_timeline_says_that_there_is_no_run(prometheus: Prometheus) -> None:
    """
    Where there is one, that is all that it says.
    """
    assert _last_point(prometheus, ("test", "Passed and failed"), suite="nobody") == -1
    assert _last_point(prometheus, ("test", "Passed and failed"), suite="step") == 1

"""
A comparison as a person reads it.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.compare.comparison import Comparison, compare
from paceline.analysis.compare.outcome import Change, Compared, ComparisonRule
from paceline.analysis.compare.shift import Shift
from paceline.model import Cause
from paceline.report.comparison_report import SORTED, markdown, text
from support.values import failed, make_run

RULE = ComparisonRule()
_SHIFT = Shift(2.0, 1.9, 2.1, 0.001)


def _compared(name: str, change: Change = Change.SLOWER, seconds: tuple[float, float] = (0.01, 0.02)) -> Compared:
    base, head = seconds
    figures: dict[str, Any] = {"base_runs": 5, "head_runs": 5, "base_seconds": base, "head_seconds": head}
    shift = Shift(head / base, 0.95 * head / base, 1.05 * head / base, 0.001)
    return Compared(id=name, change=change, shift=shift, effect=1.0, **figures)


def _comparison(*tests: Compared, **changes: Any) -> Comparison:
    known: dict[str, Any] = {
        "base": "main",
        "head": "slow",
        "base_runs": 5,
        "head_runs": 5,
        "is_paired": False,
        "is_divided": False,
        "suite": None,
        "calibration_ratio": None,
        "total": None,
        "tests": tests,
        "only_base": (),
        "only_head": (),
    }
    return Comparison(**(known | changes))


def _suite_line(**changes: Any) -> str:
    lines = text(_comparison(**changes), RULE, sort="change", limit=5).splitlines()
    return next(line for line in lines if line.startswith("most tests: "))


def test_a_text() -> None:
    """
    Heading, facts, a table in the order of what matters, what moved below its test, and what is on one side only.
    """
    slow = replace(_compared("t::slow"), moved=(Cause(measure="measures.db_queries", before=1, after=101),))
    same = _compared("t::same", Change.UNCHANGED, (0.01, 0.01))
    shown = text(_comparison(same, slow, only_head=("t::new",)), RULE, sort="change", limit=5)

    assert shown == (
        "1 slower, 0 faster, 1 unchanged\n"
        "base: main, 5 runs\n"
        "head: slow, 5 runs\n"
        "most tests: too few to separate machine and code (fewer than 8 tests that compute for at least 1 ms)\n"
        "\n"
        "             ratio    95% interval    base    head    effect    runs  test\n"
        "---------  -------  --------------  ------  ------  --------  ------  -------\n"
        "slower        2.00    1.90 to 2.10   10 ms   20 ms     +1.00     5/5  t::slow\n"
        "    db_queries 1 → 101\n"
        "unchanged     1.00    0.95 to 1.05   10 ms   10 ms     +1.00     5/5  t::same\n"
        "\n"
        "only on head: t::new\n"
    )


def test_a_markdown() -> None:
    """
    A mark, facts as a list, and a table that no name can break.
    """
    shown = markdown(_comparison(_compared("t::a[x|y]")), RULE, sort="change", limit=5)

    assert shown.startswith("### ⚠️ Paceline: 1 slower, 0 faster, 0 unchanged\n\n- base: main, 5 runs\n")
    assert "| 🔴 | slower   | `t::a[x\\|y]` | 2.00    | 1.90 to 2.10   | 10 ms  | 20 ms  |" in shown.replace(
        "🔴  |", "🔴 |"
    )


def test_a_failure_is_told_with_its_side() -> None:
    """
    How often, and on which side.
    """
    base, head = make_run(1, [failed()]), make_run(2, [failed()])
    found = compare(Side(name="a", runs=(base,)), Side(name="b", runs=(head, make_run(3, [failed()]))), RULE)
    shown = text(found, RULE, sort="change", limit=5)

    assert shown.startswith("0 slower, 0 faster, 1 failed, 0 unchanged\n")
    assert "\n    failed 1 time on base; failed 2 times on head\n" in shown


def test_a_text_fits_the_terminal() -> None:
    """
    In 70 columns the effect and the runs are left out, long names cut from the left, and sentences wrapped.
    """
    moved = tuple(Cause(measure=f"measures.{name}_queries", before=1, after=101) for name in ("cart", "stock", "users"))
    slow = replace(_compared("tests/shop/test_cart.py::test_total"), moved=moved)

    assert text(_comparison(slow), RULE, sort="change", limit=5, width=70) == (
        "1 slower, 0 faster, 0 unchanged\n"
        "base: main, 5 runs\n"
        "head: slow, 5 runs\n"
        "most tests: too few to separate machine and code (fewer than 8 tests\n"
        "    that compute for at least 1 ms)\n"
        "\n"
        "          ratio    95% interval    base    head  test\n"
        "------  -------  --------------  ------  ------  ---------------------\n"
        "slower     2.00    1.90 to 2.10   10 ms   20 ms  …_cart.py::test_total\n"
        "    cart_queries 1 → 101; stock_queries 1 → 101; users_queries 1 → 101\n"
    )


def test_a_limit_says_what_is_left_out() -> None:
    """
    Of tests and of names.
    """
    found = _comparison(*map(_compared, "abc"), only_base=("t::x", "t::y"))

    assert text(found, RULE, sort="name", limit=1).endswith(
        "\n\n… and 2 more tests; --limit shows more\nonly on base: t::x and 1 more\n"
    )


_AS_A_WHOLE = "most tests: 2.00 times (95%: 1.90 to 2.10) as long"
_TAKEN_OUT = f"{_AS_A_WHOLE}, taken out of each test"
_MACHINE = "a fixed piece of work takes 1.95 times as long: the machine"
_CODE = "a fixed piece of work takes 1.02 times as long: more than the machine explains, so look at the code"
_IN_TURN = "both sides ran in turn on one machine, so the code is the cause"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"is_paired": True},
            "most tests: too few for a figure; both sides ran in turn on one machine, so its speed is the same",
        ),
        ({"suite": _SHIFT, "is_divided": True, "is_paired": True}, _TAKEN_OUT),
        ({"suite": _SHIFT, "is_divided": True}, f"{_TAKEN_OUT}; the cause may be the machine or the code"),
        ({"suite": _SHIFT, "is_divided": True, "calibration_ratio": 1.95}, f"{_TAKEN_OUT}; {_MACHINE}"),
        ({"suite": _SHIFT, "is_divided": True, "calibration_ratio": 1.02}, f"{_TAKEN_OUT}; {_CODE}"),
        ({"suite": _SHIFT, "is_paired": True}, f"{_AS_A_WHOLE}; {_IN_TURN}"),
    ],
    ids=["small", "usual", "unknown", "machine", "code", "paired"],
)
def test_what_is_said_of_the_suite_as_a_whole(changes: dict[str, Any], line: str) -> None:
    """
    Whether everything became slower, and whether that is the machine.
    """
    assert _suite_line(**changes) == line


def test_orders() -> None:
    """
    By what became of a test, by ratio, by time, by name.
    """
    one = _compared("b", Change.FASTER, (0.04, 0.01))
    two = _compared("a", Change.UNCHANGED, (1.0, 1.1))
    three = _compared("c", Change.SLOWER, (0.01, 0.02))
    orders = {key: "".join(test.id for test in sorted((one, two, three), key=by)) for key, by in SORTED.items()}

    assert orders == {"change": "cba", "ratio": "bca", "time": "abc", "name": "abc"}

"""
What the calls and loops of a slower test say of it.
"""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.past import Past
from paceline.analysis.work_of_suspects import with_work_of_suspects
from paceline.model import Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from paceline.work import Function, Work
from support.values import make_case, make_run

_TEST = "t.py::test_total"
_SLOWER = Verdict(kind=VerdictKind.REGRESSION, severity=Severity.WARNING, reason="took 2 s", case=_TEST)
_WORK = Work(
    mode="suspects",
    functions=(Function(name="shop.cart:total", file="shop/cart.py", line=3),),
    loops={_TEST: {"shop.cart:total": 9_000, "shop.cart:price": 10}},
)


def _reason(now: Mapping[str, float], before: Mapping[str, float]) -> str:
    past = Past.from_runs([make_run(number, [make_case(_TEST, usage=before)]) for number in range(2)])
    run = replace(make_run(2, [make_case(_TEST, usage=now)], work=_WORK), verdicts=(_SLOWER,))
    return with_work_of_suspects(run, past, WorkRule()).verdicts[0].reason


@pytest.mark.parametrize(
    ("now", "before", "reason"),
    [
        (
            {UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 9_010.0},
            {UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 100.0},
            "took 2 s; its loops have more iterations (100 → 9,010), most in `total` (cart.py:3)",
        ),
        (
            {UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 9_010.0},
            {UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 9_010.0},
            (
                "took 2 s; not more work (7 calls, 9,010 loop iterations): "
                "waiting, compiled code, larger data or the machine"
            ),
        ),
        (
            {UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 9_010.0},
            {UsageKey.CALLS: 7.0},
            (
                "took 2 s; not more work (7 calls): waiting, compiled code, larger data or the machine; "
                "its loops had 9,010 iterations, most in `total` (cart.py:3)"
            ),
        ),
        (
            {UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 9_010.0},
            {},
            "took 2 s; its loops had 9,010 iterations, most in `total` (cart.py:3)",
        ),
        ({UsageKey.REPEAT_CALLS: 7.0, UsageKey.REPEAT_LOOPS: 20.0}, {}, "took 2 s"),
    ],
)
def test_a_slower_test_says_what_its_loops_did(
    now: Mapping[str, float], before: Mapping[str, float], reason: str
) -> None:
    """
    They are compared with earlier repeats, and named where there are many and no repeat to compare with.
    """
    assert _reason(now, before) == reason


def test_more_calls_explain_more_than_loops() -> None:
    """
    The finding on the calls names the function.
    """
    now: Mapping[str, float] = {UsageKey.REPEAT_CALLS: 70.0, UsageKey.REPEAT_LOOPS: 9_010.0}

    assert _reason(now, {UsageKey.REPEAT_CALLS: 7.0}) == "took 2 s"

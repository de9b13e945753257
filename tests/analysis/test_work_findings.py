"""
Findings on work, by function.
"""

from collections.abc import Mapping

import pytest

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.analysis.work_findings import needed_vectors, with_functions
from paceline.model import Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from paceline.work import Function, Vector, fingerprint_of, packed_work
from support.values import make_case, make_run

_BEFORE = {"shop.cart:total": 1, "shop.cart:price": 20}
_FUNCTIONS = (Function(name="shop.cart:price", file="shop/cart.py", line=7),)


def _run(number: int, vectors: Mapping[str, Vector]) -> Run:
    prints = {fingerprint_of(vector): vector for vector in vectors.values()}
    cases = [
        make_case(
            test,
            usage={
                UsageKey.CALLS: float(sum(vector.values())),
                UsageKey.CALLS_FINGERPRINT: float(fingerprint_of(vector)),
            },
        )
        for test, vector in vectors.items()
    ]
    return make_run(number, cases, work=packed_work("all", _FUNCTIONS, prints))


def _found(after: Mapping[str, Vector], *, has_vectors: bool = True) -> tuple[Verdict, ...]:
    earlier = [_run(number, dict.fromkeys(after, _BEFORE)) for number in range(2)]
    past = Past.from_runs(earlier)
    judged = judge(_run(2, after), past, Rules())
    known = {fingerprint_of(_BEFORE): _BEFORE}

    assert needed_vectors(judged, past) == set(known)
    return with_functions(judged, past, known if has_vectors else {}).verdicts


def test_tests_that_grow_by_one_function_are_one_finding() -> None:
    """
    With the calls of the function, those of all functions, and the test that grew most.
    """
    more = {"shop.cart:total": 1, "shop.cart:price": 60}
    most = {"shop.cart:total": 1, "shop.cart:price": 80}
    (verdict,) = _found({"t.py::test_a": more, "t.py::test_b": most})

    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.WORK, Severity.CRITICAL, None)
    assert verdict.tests == ("t.py::test_b", "t.py::test_a")
    assert verdict.function == verdict.subject == "shop.cart:price"
    assert verdict.reason == (
        "`price` (cart.py:7) runs 3.5 times as often (40 → 140 calls) in 2 tests; all calls 42 → 142; "
        "most in t.py::test_b"
    )


def test_without_earlier_vectors_no_function_is_named() -> None:
    """
    The tests are one finding all the same, and one test is its own.
    """
    more = {"shop.cart:total": 1, "shop.cart:price": 60}
    (both,) = _found({"t.py::test_a": more, "t.py::test_b": more}, has_vectors=False)
    (alone,) = _found({"t.py::test_a": more}, has_vectors=False)

    assert both.function == alone.function == ""
    assert both.reason.startswith("more calls in 2 tests; 61 calls of the project's functions, was 21")
    assert alone.case == "t.py::test_a"


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (
            {"shop.cart:total": 1, "shop.cart:price": 20, "shop.cart:check": 30},
            "`check` is called 30 times and was not called before in 1 test; all calls 21 → 51",
        ),
        (
            {"shop.cart:total": 1},
            "`price` is not called and was called 20 times in 1 test; all calls 21 → 1",
        ),
    ],
)
def test_new_and_lost_calls_are_said_so(after: Vector, reason: str) -> None:
    """
    Fewer calls are good news.
    """
    (verdict,) = _found({"t.py::test_a": after})

    assert verdict.reason == reason
    assert verdict.kind is (VerdictKind.LESS_WORK if "not called and" in reason else VerdictKind.WORK)

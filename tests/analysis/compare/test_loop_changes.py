"""
Loops of two sides.
"""

from collections.abc import Mapping

from paceline.analysis.compare.loop_changes import loop_changes
from paceline.analysis.compare.work_changes import ComparedLoops, WorkChanges
from paceline.analysis.judgement_rules import WorkRule
from paceline.model import Run
from paceline.report.work_report import work_markdown, work_text
from paceline.usage import UsageKey
from paceline.work import Function, Work
from support.values import make_case, make_run


def _run(**loops: Mapping[str, int]) -> Run:
    cases = [make_case(test, usage={UsageKey.LOOPS: float(sum(of.values()))}) for test, of in loops.items()]
    function = Function(name="shop:total", file="shop.py", line=3)
    return make_run(1, cases, work=Work(mode="all", functions=(function,), loops=loops))


def test_the_function_whose_loops_added_most_is_named() -> None:
    """
    A test with as many rounds names none, and one that a side does not have is left out.
    """
    base = _run(test_a={"shop:price": 900, "shop:total": 100}, test_b={"shop:total": 50}, test_gone={"shop:total": 1})
    head = _run(test_a={"shop:price": 950, "shop:total": 400}, test_b={"shop:total": 50})

    assert loop_changes(base, head, WorkRule()) == (
        ComparedLoops(test="test_a", base_rounds=1000, head_rounds=1350, function="shop:total", file="shop.py", line=3),
        ComparedLoops(test="test_b", base_rounds=50, head_rounds=50),
    )


def test_loops_stand_below_the_calls() -> None:
    """
    In a terminal and in a pull request.
    """
    loops = loop_changes(_run(test_a={"shop:total": 100}), _run(test_a={"shop:total": 400}), WorkRule())
    changes = WorkChanges(
        base="main", head="topic", compared=9, varying=0, base_calls=7, head_calls=7, functions=(), loops=loops
    )

    lines = work_text(changes, limit=9).splitlines()
    assert [*lines[2:5], lines[-1]] == [
        "1 slower test calls as often as before; loops go round more often in 1 of them",
        "",
        "  base rounds    head rounds  most in     place      test",
        "          100            400  shop:total  shop.py:3  test_a",
    ]
    assert "`test_a`" in work_markdown(changes, limit=9)

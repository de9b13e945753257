"""
What else moved.
"""

from paceline.analysis.companions import Companions
from paceline.analysis.sides import Side
from paceline.model import Case, Cause, Measure, UsageKey
from support.values import TEST, make_case, make_run


def _side(case: Case) -> Side:
    return Side(name="side", runs=tuple(make_run(number, [case]) for number in range(3)))


def _moved(before: Case, after: Case, *, is_time_changed: bool = True) -> tuple[Cause, ...]:
    return Companions(_side(before), _side(after)).of(TEST, is_time_changed=is_time_changed)


_FEW = make_case(measures={"db_queries": Measure(value=1)}, usage={UsageKey.CPU_SECONDS: 0.01})
_MANY = make_case(seconds=0.05, measures={"db_queries": Measure(value=101)}, usage={UsageKey.CPU_SECONDS: 0.05})


def test_what_grew_is_told_from_base_to_head() -> None:
    """
    Queries first, then the CPU time that was added.
    """
    assert _moved(_FEW, _MANY) == (
        Cause(measure="measures.db_queries", before=1, after=101),
        Cause(measure="cpu_seconds", before=0.01, after=0.05),
    )


def test_what_fell_is_told_from_base_to_head_too() -> None:
    """
    The same the other way round.
    """
    assert _moved(_MANY, _FEW) == (
        Cause(measure="measures.db_queries", before=101, after=1),
        Cause(measure="cpu_seconds", before=0.05, after=0.01),
    )


def test_parts_of_a_time_that_did_not_change_are_not_told() -> None:
    """
    Only counts are.
    """
    assert _moved(_FEW, _MANY, is_time_changed=False) == (Cause(measure="measures.db_queries", before=1, after=101),)

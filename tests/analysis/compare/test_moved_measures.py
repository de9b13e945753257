"""
What else moved.
"""

from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.compare.moved_measures import Companions
from paceline.measure import Measure
from paceline.model import Case
from paceline.usage import UsageKey
from support.values import TEST, make_case, make_run


def _side(case: Case) -> Side:
    return Side(name="side", runs=tuple(make_run(number, [case]) for number in range(3)))


def _moved(before: Case, after: Case, *, is_time_changed: bool = True) -> list[tuple[str, float, float]]:
    moved = Companions(_side(before), _side(after)).of(TEST, is_time_changed=is_time_changed)
    return [(cause.measure, cause.before, cause.after) for cause in moved]


_FEW = make_case(measures={"db_queries": Measure(value=1)}, usage={UsageKey.CPU_SECONDS: 0.01})
_MANY = make_case(seconds=0.05, measures={"db_queries": Measure(value=101)}, usage={UsageKey.CPU_SECONDS: 0.05})


def test_what_grew_is_told_from_base_to_head() -> None:
    """
    Queries first, then the CPU time that was added.
    """
    assert _moved(_FEW, _MANY) == [("measures.db_queries", 1, 101), ("cpu_seconds", 0.01, 0.05)]


def test_what_fell_is_told_from_base_to_head_too() -> None:
    """
    The same the other way round.
    """
    assert _moved(_MANY, _FEW) == [("measures.db_queries", 101, 1), ("cpu_seconds", 0.05, 0.01)]


def test_parts_of_a_time_that_did_not_change_are_not_told() -> None:
    """
    Only counts are.
    """
    assert _moved(_FEW, _MANY, is_time_changed=False) == [("measures.db_queries", 1, 101)]


def test_the_wait_for_a_cpu_is_no_part_of_a_time() -> None:
    """
    On a busy machine 2.4 ms of work took 5 ms by the clock; what was added is from those 2.4 ms on.
    """
    wait, cpu = UsageKey.CPU_WAIT_SECONDS, UsageKey.CPU_SECONDS
    busy = make_case(seconds=0.005, usage={cpu: 0.0024, wait: 0.0026})
    slower = make_case(seconds=0.012, usage={cpu: 0.012, wait: 0.0})

    assert _moved(busy, slower) == [("cpu_seconds", 0.0024, 0.012)]


def test_a_busy_base_hides_no_cause() -> None:
    """
    By the clock, base took as long as head.
    """
    busy = make_case(seconds=0.012, usage={UsageKey.CPU_SECONDS: 0.004, UsageKey.CPU_WAIT_SECONDS: 0.008})
    slower = make_case(seconds=0.012, usage={UsageKey.CPU_SECONDS: 0.012})

    assert _moved(busy, slower) == [("cpu_seconds", 0.004, 0.012)]

"""
The suite as the ruler of the machine's speed.
"""

import pytest

from paceline.analysis.speed import Need, Ruler, need_of, normalized, ruler_of
from paceline.model import UsageKey
from support.values import make_case

_USUAL = {f"test_{number}": 0.01 * number for number in range(1, 11)}


def _computed(seconds: float) -> Need:
    return Need(seconds, seconds)


def _scaled(factor: float) -> dict[str, Need]:
    return {case_id: _computed(seconds * factor) for case_id, seconds in _USUAL.items()}


def test_waiting_for_a_cpu_is_not_the_tests_time() -> None:
    """
    Of 0.3 s with 0.1 s of waiting the test needed 0.2 s.
    """
    case = make_case(seconds=0.3, usage={UsageKey.CPU_WAIT_SECONDS: 0.1})

    assert need_of(case) == pytest.approx((0.2, 0.2))


def test_what_was_spent_on_a_cpu_was_needed() -> None:
    """
    The waits of several threads add up to more than was lost; the CPU time of the test bounds them.
    """
    usage = {UsageKey.CPU_WAIT_SECONDS: 0.5, UsageKey.CPU_SECONDS: 0.12}

    assert need_of(make_case(seconds=0.3, usage=usage)) == pytest.approx((0.12, 0.12))


def test_a_machine_that_is_slow_sleeps_no_longer() -> None:
    """
    Of 0.3 s only the 0.2 s on a CPU are divided by the slowdown.
    """
    need = need_of(make_case(seconds=0.3, usage={UsageKey.CPU_SECONDS: 0.2}))

    assert need is not None
    assert need.on(2.0) == pytest.approx(0.2)


def test_a_test_that_sleeps_is_not_on_the_ruler() -> None:
    """
    What does not compute tells nothing of the speed of the CPU.
    """
    sleepers = {case_id: Need(seconds, 0.1 * seconds) for case_id, seconds in _USUAL.items()}

    assert ruler_of(sleepers, _USUAL) is None


def test_a_test_never_needs_less_than_nothing() -> None:
    """
    Where the kernel counted more waiting than the clock had time, 0 is left; without a time there is nothing.
    """
    case = make_case(seconds=0.3, usage={UsageKey.CPU_WAIT_SECONDS: 0.4})

    assert need_of(case) == (0.0, 0.0)
    assert need_of(make_case(seconds=None)) is None
    assert need_of(make_case(seconds=0.3)) == (0.3, 0.3)


def test_the_slowdown_is_the_middle_of_all_tests() -> None:
    """
    Where nine tests took 1.5 times their time and one took 9 times, the machine was 1.5 times slower.
    """
    ruler = ruler_of(_scaled(1.5) | {"test_10": _computed(0.9)}, _USUAL)

    assert ruler is not None
    assert ruler.slowdown == pytest.approx(1.5)


@pytest.mark.parametrize(("known", "is_ruler"), [(7, False), (8, True)])
def test_few_tests_are_no_ruler(known: int, is_ruler: bool) -> None:
    """
    Eight tests with a past are a ruler, seven are none.
    """
    usual = dict(list(_USUAL.items())[:known])

    assert (ruler_of(_scaled(1.5), usual) is not None) is is_ruler


def test_tests_below_a_millisecond_are_not_on_the_ruler() -> None:
    """
    Neither are those that needed no time at all, and those without a past.
    """
    usual = _USUAL | {"test_9": 0.0009, "test_10": 0.001}
    changed = {"test_8": _computed(0.0), "test_new": _computed(1.0), "test_10": _computed(0.003)}
    ruler = ruler_of(_scaled(1.0) | changed, usual)

    assert ruler is not None
    assert ruler.ratios == pytest.approx([1.0] * 7 + [3.0])


def test_without_a_ruler_times_stay() -> None:
    """
    Nothing is known of the machine, so nothing is taken out.
    """
    assert normalized({"test_1": _computed(0.5)}, {}, None) == {"test_1": 0.5}


def test_the_machine_is_taken_out() -> None:
    """
    On a machine twice as slow each test has its usual time, and a new test half of what it took.
    """
    needed = _scaled(2.0) | {"test_new": _computed(1.0)}
    ruler = ruler_of(needed, _USUAL)

    assert normalized(needed, _USUAL, ruler) == pytest.approx(_USUAL | {"test_new": 0.5})


def test_a_test_is_not_divided_by_its_own_slowness() -> None:
    """
    Its ratio is left out of the median that it is divided by.
    """
    ruler = Ruler([1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.2, 1.2])

    assert ruler.slowdown == pytest.approx(1.1)
    assert ruler.slowdown_of_others(1.2) == 1.0
    assert ruler.slowdown_of_others(1.0) == 1.2
    assert ruler.slowdown_of_others(7.0) == pytest.approx(1.1)


def test_of_an_odd_number_of_tests_two_middles_are_left() -> None:
    """
    Without one of nine the median is the middle between the fourth and the fifth of the rest.
    """
    ruler = Ruler([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])

    assert [ruler.slowdown_of_others(ratio) for ratio in (1.0, 4.0, 5.0, 6.0, 9.0)] == [5.5, 5.5, 5.0, 4.5, 4.5]

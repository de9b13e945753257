"""
The suite as the ruler of the machine's speed.
"""

from math import exp
from random import Random

import pytest

from paceline.analysis.machine_speed import Mark, Need, Ruler, need_of, normalized
from paceline.usage import UsageKey
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


def test_a_garbage_collection_for_all_tests_is_not_the_tests_time() -> None:
    """
    Neither by the clock nor on a CPU; a microsecond is left.
    """
    usage = {UsageKey.CPU_SECONDS: 0.25, UsageKey.CPU_WAIT_SECONDS: 0.02, UsageKey.SHARED_GC_SECONDS: 0.1}

    assert need_of(make_case(seconds=0.3, usage=usage)) == pytest.approx((0.18, 0.15))
    assert need_of(make_case(seconds=0.3, usage=usage | {UsageKey.VOLUNTARY_CONTEXT_SWITCHES: 0})) == pytest.approx(
        (0.15, 0.15)
    )
    assert need_of(make_case(seconds=0.09, usage=usage)) == (1e-6, 0.0)


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

    assert Ruler.of(sleepers, _USUAL) is None


def test_a_test_never_needs_no_time() -> None:
    """
    Where the kernel counted more waiting than the clock had time, a microsecond is left: a time of 0 has no ratio.
    Without a time there is nothing.
    """
    case = make_case(seconds=0.3, usage={UsageKey.CPU_WAIT_SECONDS: 0.4})

    assert need_of(case) == (1e-6, 1e-6)
    assert need_of(make_case(seconds=0.0, usage={})) == (1e-6, 0.0)
    assert need_of(make_case(seconds=None)) is None
    assert need_of(make_case(seconds=0.3)) == (0.3, 0.3)


def test_a_time_with_the_wait_for_a_cpu_in_it_is_another_figure() -> None:
    """
    What a test needed is unknown where the wait could not be measured, and by the clock where no run measures it.
    """
    assert need_of(make_case(seconds=0.3, lacking=(UsageKey.CPU_WAIT_SECONDS,))) is None
    assert need_of(make_case(seconds=0.3, lacking=(UsageKey.READ_BYTES,))) == (0.3, 0.3)


def test_the_slowdown_is_the_middle_of_all_tests() -> None:
    """
    Where nine tests took 1.5 times their time and one took 9 times, the machine was 1.5 times slower.
    """
    ruler = Ruler.of(_scaled(1.5) | {"test_10": _computed(0.9)}, _USUAL)

    assert ruler is not None
    assert ruler.slowdown == pytest.approx(1.5)


def test_very_short_tests_do_not_rule() -> None:
    """
    A hundred tests of 0.1 ms, which are mostly scheduling, weigh less than four of 10 ms.
    """
    usual = {f"short_{number}": 0.0001 for number in range(100)} | {f"long_{number}": 0.01 for number in range(4)}
    needs = {case_id: _computed(seconds * (3 if "short" in case_id else 1.5)) for case_id, seconds in usual.items()}
    ruler = Ruler.of(needs, usual)

    assert ruler is not None
    assert ruler.slowdown == pytest.approx(1.5)


def test_no_single_test_rules() -> None:
    """
    A test of ten minutes counts for no more than one of 50 ms.
    """
    ruler = Ruler.of(
        {"test_long": _computed(1800.0)} | {f"test_{number}": _computed(0.05) for number in range(3)},
        {"test_long": 600.0} | {f"test_{number}": 0.05 for number in range(3)},
    )

    assert ruler is not None
    assert ruler.slowdown == 1.0


def test_one_test_that_computes_is_not_the_suite() -> None:
    """
    Where all others wait, one that took to computing says nothing of the machine: the calibration does.
    """
    needs = {"test_0": _computed(0.08)} | {f"test_{place}": Need(0.02, 0.0) for place in range(1, 12)}
    ruler = Ruler.of(needs, dict.fromkeys(needs, 0.02), calibration=1.02)

    assert ruler is not None
    assert ruler.slowdown == 1.02


@pytest.mark.parametrize(("usual", "is_ruler"), [(0.006, True), (0.004, False)])
def test_too_little_time_is_no_ruler(usual: float, is_ruler: bool) -> None:
    """
    Two tests say something of the machine where together they usually take more than 10 ms.
    """
    needs = {case_id: _computed(2 * usual) for case_id in ("test_1", "test_2")}

    assert (Ruler.of(needs, dict.fromkeys(needs, usual)) is not None) is is_ruler


def test_where_no_test_tells_the_calibration_does() -> None:
    """
    A single test, a part of a suite, or tests without a past have no others to be divided by.
    """
    ruler = Ruler.of({"test_1": _computed(0.5)}, {}, calibration=2.0)

    assert normalized({"test_1": _computed(0.5)}, ruler) == {"test_1": 0.25}


def test_a_calibration_alone_makes_no_test_slower() -> None:
    """
    A long test and many short ones: a calibration in a quick moment of a busy machine is no evidence against the test.
    The slowdown of the run stays that of the calibration, against which the suite as a whole is judged.
    """
    usual = {"test_long": 0.058} | {f"test_{number}": 0.0001 for number in range(40)}
    needs = {case_id: _computed(seconds) for case_id, seconds in usual.items()}
    ruler = Ruler.of(needs, usual, calibration=0.52)

    assert normalized(needs, ruler) == usual
    assert normalized({"test_new": _computed(0.1)}, ruler) == {"test_new": 0.1}
    assert ruler is not None
    assert ruler.slowdown == 0.52


def test_in_a_small_suite_the_other_test_is_the_ruler() -> None:
    """
    Of two tests each is divided by what the other one says.
    """
    usual = {"test_1": 0.1, "test_2": 0.2}
    needs = {"test_1": _computed(0.3), "test_2": _computed(0.3)}
    ruler = Ruler.of(needs, usual)

    assert normalized(needs, ruler) == pytest.approx({"test_1": 0.2, "test_2": 0.1})


def test_a_test_made_faster_makes_no_other_one_slower() -> None:
    """
    In a small suite the machine was no faster than its calibration says, give or take a tenth.
    """
    usual = {"test_1": 0.1, "test_2": 0.2}
    needs = {"test_1": _computed(0.05), "test_2": _computed(0.2)}
    ruler = Ruler.of(needs, usual, calibration=1.0)

    assert normalized(needs, ruler)["test_2"] == pytest.approx(0.2 / 0.9)


def test_tests_without_a_time_are_not_on_the_ruler() -> None:
    """
    Neither are those that needed no time at all, and those without a past.
    """
    changed = {"test_8": _computed(0.0), "test_new": _computed(99.0)}
    ruler = Ruler.of(_scaled(1.5) | changed, {**_USUAL, "test_7": 0.0})

    assert ruler is not None
    assert ruler.slowdown_of_others("test_new") == ruler.slowdown_of_others("test_8") == pytest.approx(1.5)


def test_without_a_ruler_times_stay() -> None:
    """
    Nothing is known of the machine, so nothing is taken out.
    """
    assert normalized({"test_1": _computed(0.5)}, None) == {"test_1": 0.5}


def test_the_machine_is_taken_out() -> None:
    """
    On a machine twice as slow each test has its usual time, and a new test half of what it took.
    """
    needed = _scaled(2.0) | {"test_new": _computed(1.0)}

    assert normalized(needed, Ruler.of(needed, _USUAL)) == pytest.approx(_USUAL | {"test_new": 0.5})


def test_a_test_is_not_divided_by_its_own_slowness() -> None:
    """
    Its mark is left out of the median that it is divided by; of an even number two middles are left.
    """
    ruler = Ruler({str(ratio): Mark(ratio, 1.0) for ratio in (1.0, 2.0, 4.0, 8.0)}, calibration=None)

    assert [ruler.slowdown_of_others(name) for name in ("1.0", "2.0", "4.0", "8.0")] == [4.0, 4.0, 2.0, 2.0]


def test_where_the_halves_weigh_the_same_the_middle_is_between() -> None:
    """
    Without one of three, the other two weigh as much as each other.
    """
    ruler = Ruler({"a": Mark(0.5, 0.03), "b": Mark(2.0, 0.02), "c": Mark(4.0, 0.02)}, calibration=None)

    assert [ruler.slowdown_of_others(name) for name in "abc"] == [3.0, 0.5, 0.5]
    assert ruler.slowdown == 2.0


def test_a_heavy_test_that_changed_leaves_the_others_alone() -> None:
    """
    One test outweighs nine others: where it takes three times as long, or a third, the nine have their usual time.
    """
    usual = {"test_heavy": 0.05} | {f"test_{number}": 0.0017 for number in range(9)}
    for factor in (3.0, 1 / 3):
        needs = {case_id: _computed(seconds) for case_id, seconds in usual.items()}
        needs["test_heavy"] = _computed(0.05 * factor)

        assert normalized(needs, Ruler.of(needs, usual)) == pytest.approx(usual | {"test_heavy": 0.05 * factor})


@pytest.mark.parametrize("factor", [1.1, 1.5, 3.0, 0.5])
def test_a_file_that_changed_leaves_the_others_alone(factor: float) -> None:
    """
    Though its tests take most of the time of the suite.
    """
    usual = {f"test_large.py::test_{number}": 0.02 for number in range(40)}
    usual |= {f"test_{file}.py::test_{number}": 0.004 for file in range(4) for number in range(10)}
    needs = {case_id: _computed(seconds * (factor if "large" in case_id else 1)) for case_id, seconds in usual.items()}
    seconds = normalized(needs, Ruler.of(needs, usual))

    assert {case_id: value for case_id, value in seconds.items() if "large" not in case_id} == pytest.approx(
        {case_id: value for case_id, value in usual.items() if "large" not in case_id}
    )


@pytest.mark.parametrize("machine", [1.0, 2.0, 0.8])
@pytest.mark.parametrize("factor", [1.2, 1.5, 3.0, 0.4])
def test_a_third_of_the_suite_may_change(factor: float, machine: float) -> None:
    """
    With a noise of 5%, the machine is found to 5% where every third test changed, on machines of any speed.
    """
    noise = Random(0)
    usual = {f"test_{number}": 0.01 for number in range(90)}
    needs = {
        case_id: _computed(0.01 * machine * (factor if place % 3 == 0 else 1) * exp(noise.gauss(0, 0.05)))
        for place, case_id in enumerate(usual)
    }
    ruler = Ruler.of(needs, usual)

    assert ruler is not None
    assert ruler.slowdown == pytest.approx(machine, rel=0.05)


def test_files_are_too_light_to_be_asked() -> None:
    """
    A few short tests beside one large file do not outweigh it.
    """
    usual = {f"test_large.py::test_{number}": 0.02 for number in range(40)}
    usual |= {f"test_{file}.py::test_short": 0.0001 for file in range(4)}
    needs = {case_id: _computed(seconds * (1.5 if "large" in case_id else 4)) for case_id, seconds in usual.items()}
    ruler = Ruler.of(needs, usual)

    assert ruler is not None
    assert ruler.slowdown == pytest.approx(1.5)

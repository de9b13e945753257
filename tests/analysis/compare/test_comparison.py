"""
One side of runs against another.
"""

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.compare.comparison import Comparison, compare
from paceline.analysis.compare.outcome import Change, Compared, ComparisonRule
from paceline.model import Machine, Outcome, Run
from paceline.usage import UsageKey
from support.values import failed, make_case, make_run, runs_of

RULE = ComparisonRule()
_NOISE = (1.0, 1.02, 0.98, 1.01, 0.99)
_OTHERS = [f"t::other_{number}" for number in range(9)]


def _side(name: str, seconds: Mapping[str, float], machine: float = 1.0) -> Side:
    noisy = {case_id: [value * machine * noise for noise in _NOISE] for case_id, value in seconds.items()}
    return Side(name=name, runs=tuple(runs_of(noisy)))


def _compared(base: Side, head: Side, *, is_paired: bool = False) -> Comparison:
    return compare(base, head, RULE, is_paired=is_paired)


def _changes(comparison: Comparison) -> dict[str, Change]:
    return {test.id: test.change for test in comparison.tests}


def _test(runs: Sequence[Run], others: Sequence[Run]) -> Compared:
    (test,) = _compared(Side(name="a", runs=tuple(runs)), Side(name="b", runs=tuple(others))).tests
    return test


def test_twice_as_slow_is_slower() -> None:
    """
    The ratio is within its interval, every run is slower, and the reverse is faster.
    """
    base, head = _side("a", {"t::one": 0.02, "t::two": 0.03}), _side("b", {"t::one": 0.04, "t::two": 0.03})
    one = _compared(base, head).tests[0]

    assert _changes(_compared(base, head)) == {"t::one": Change.SLOWER, "t::two": Change.UNCHANGED}
    assert _changes(_compared(head, base)) == {"t::one": Change.FASTER, "t::two": Change.UNCHANGED}
    assert one.shift is not None
    assert one.ratio == pytest.approx(2.0)
    assert one.effect == 1.0
    assert one.shift.low is not None
    assert one.shift.low < 2 < (one.shift.high or 0)


@pytest.mark.parametrize("is_paired", [False, True])
def test_times_of_zero_are_compared(*, is_paired: bool) -> None:
    """
    A JUnit file has "0.000" for a short test, and a time of 0 has no ratio.
    """
    others = dict.fromkeys(_OTHERS, 0.02)
    base, head = _side("a", {"t::tiny": 0.0, **others}), _side("b", {"t::tiny": 0.0, **others})

    assert set(_changes(_compared(base, head, is_paired=is_paired)).values()) == {Change.UNCHANGED}


def test_a_trifle_is_unchanged() -> None:
    """
    Twice a tenth of a millisecond is below the floor, and 3% are below the ratio.
    """
    base, head = _side("a", {"t::tiny": 0.0001, "t::long": 1.0}), _side("b", {"t::tiny": 0.0002, "t::long": 1.03})

    assert set(_changes(_compared(base, head)).values()) == {Change.UNCHANGED}


def test_what_the_interval_leaves_open_is_not_called_unchanged() -> None:
    """
    Times that vary by more than a change that matters are not enough data, and so is a single run.
    """
    wild = runs_of({"t::one": [0.01, 0.03, 0.02]}), runs_of({"t::one": [0.02, 0.01, 0.03]})
    single = runs_of({"t::one": [0.01]}), runs_of({"t::one": [0.05]})

    assert _test(*wild).change is Change.UNKNOWN
    assert _test(*single).change is Change.UNKNOWN
    assert _test(*single).ratio == pytest.approx(5)


def test_a_slower_machine_is_taken_out_of_each_test() -> None:
    """
    Everything at half speed is told of the suite; the test that is slower beyond that is found.
    """
    base = _side("a", dict.fromkeys([*_OTHERS, "t::one"], 0.02))
    head = _side("b", {**dict.fromkeys(_OTHERS, 0.02), "t::one": 0.03}, machine=2.0)
    found = _compared(base, head)

    assert found.is_divided
    assert found.suite is not None
    assert found.suite.ratio == pytest.approx(2.0)
    assert [case_id for case_id, change in _changes(found).items() if change is Change.SLOWER] == ["t::one"]
    assert next(test.ratio for test in found.tests if test.id == "t::one") == pytest.approx(1.5)


def test_what_moved_is_no_ruler() -> None:
    """
    Four of twelve that became twice as slow do not make the machine look slower than the eight others say.
    """
    factors = [0.97, 0.98, 0.99, 1.0, 1.0, 1.01, 1.02, 1.03, *[2.0] * 4]
    base = _side("a", {f"t::{number}": 0.02 for number in range(12)})
    head = _side("b", {f"t::{number}": 0.02 * factor for number, factor in enumerate(factors)})
    found = _compared(base, head)

    assert found.counts == {Change.SLOWER: 4, Change.UNCHANGED: 8}
    assert found.suite is not None
    assert found.suite.ratio == pytest.approx(1.0, abs=0.002)


def test_sleep_is_no_ruler() -> None:
    """
    Eight tests that wait say nothing of the speed of a machine.
    """
    cases = [make_case(f"t::{number}", 0.02, usage={UsageKey.CPU_SECONDS: 0.001}) for number in range(8)]
    side = Side(name="a", runs=tuple(make_run(number, cases) for number in range(3)))

    assert _compared(side, side).suite is None


def test_in_turn_on_one_machine_a_slower_suite_is_the_code() -> None:
    """
    Where most tests are twice as slow in pairs, they are, and the rest is not called faster.
    """
    base = _side("a", dict.fromkeys([*_OTHERS, "t::one"], 0.02))
    head = _side("b", {**dict.fromkeys(_OTHERS, 0.04), "t::one": 0.02})
    found = _compared(base, head, is_paired=True)

    assert not found.is_divided
    assert _changes(found) == {**dict.fromkeys(_OTHERS, Change.SLOWER), "t::one": Change.UNCHANGED}


def test_a_machine_that_drifts_is_taken_out_of_pairs() -> None:
    """
    A disturbance of one run of a round hits all tests, and hides no change.
    """
    drift = [1.0, 1.5, 1.0, 0.8, 1.0]
    base = _side("a", dict.fromkeys([*_OTHERS, "t::one"], 0.02))
    seconds = {case_id: [0.02 * one for one in drift] for case_id in _OTHERS} | {
        "t::one": [0.024 * one for one in drift]
    }
    found = _compared(base, Side(name="b", runs=tuple(runs_of(seconds))), is_paired=True)

    assert found.is_divided
    assert [case_id for case_id, change in _changes(found).items() if change is Change.SLOWER] == ["t::one"]


def test_a_test_that_fails_is_reported_and_not_compared() -> None:
    """
    One failure on a side is enough: what fails early is fast.
    """
    test = _test([make_run(1, [make_case()])] * 3, [make_run(2, [make_case()]), make_run(3, [failed()])])

    assert (test.change, test.base_failures, test.head_failures) == (Change.FAILED, 0, 1)
    assert test.shift is None


def test_tests_on_one_side_are_listed() -> None:
    """
    New and removed tests are neither faster nor slower.
    """
    found = _compared(_side("a", {"t::old": 0.01, "t::kept": 0.01}), _side("b", {"t::kept": 0.01, "t::new": 0.01}))

    assert (found.only_base, found.only_head) == (("t::old",), ("t::new",))
    assert list(_changes(found)) == ["t::kept"]


def test_the_total_is_of_tests_that_passed_everywhere() -> None:
    """
    Medians of the sums, and their ratio.
    """
    found = _compared(_side("a", {"t::one": 0.01, "t::two": 0.03}), _side("b", {"t::one": 0.02, "t::two": 0.06}))

    assert found.total is not None
    assert found.total.tests == 2
    assert found.total.base_seconds == pytest.approx(0.04)
    assert found.total.shift.ratio == pytest.approx(2.0)


def test_the_wait_for_a_cpu_is_no_time_of_the_test() -> None:
    """
    Thrice as long by the clock, of which two thirds were waiting, is unchanged.
    """
    usage = {UsageKey.CPU_SECONDS: 0.01, UsageKey.CPU_WAIT_SECONDS: 0.02}
    waited = [make_run(number, [make_case(seconds=0.03, usage=usage)]) for number in range(4)]

    assert _test(runs_of({make_case().id: [0.01] * 4}), waited).change is Change.UNCHANGED


def test_a_time_that_lacks_the_wait_for_a_cpu_is_not_compared() -> None:
    """
    Of the runs of a side, those count that could measure the wait.
    """
    base = runs_of({make_case().id: [0.01] * 4})
    lacking = [make_run(4, [make_case(seconds=0.03, lacking=(UsageKey.CPU_WAIT_SECONDS,))])]

    assert _test(base, lacking).change is Change.UNKNOWN
    assert _test(base, [*base, *lacking]).head_runs == 4


def test_the_fixed_piece_of_work_of_both_sides() -> None:
    """
    How many times as long the calibration took.
    """
    base, head = _side("a", {"t::one": 0.01}), _side("b", {"t::one": 0.01})
    slow = [replace(run, machine=Machine(calibration_seconds=0.03)) for run in head.runs]
    usual = [replace(run, machine=Machine(calibration_seconds=0.02)) for run in base.runs]
    found = _compared(Side(name="a", runs=tuple(usual)), Side(name="b", runs=tuple(slow)))

    assert found.calibration_ratio == pytest.approx(1.5)
    assert _compared(base, head).calibration_ratio is None


def test_what_did_not_run_is_not_compared() -> None:
    """
    A test that is skipped on both sides is no finding, and on one side it is there only on the other.
    """
    skipped = make_case("t::skipped", None, outcome=Outcome.SKIPPED)
    base = make_run(1, [skipped, make_case("t::once")])
    head = make_run(2, [skipped, make_case("t::once", None, outcome=Outcome.SKIPPED)])
    found = _compared(Side(name="a", runs=(base,)), Side(name="b", runs=(head,)))

    assert (found.tests, found.only_base, found.only_head) == ((), ("t::once",), ())

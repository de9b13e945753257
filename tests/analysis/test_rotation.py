"""
Which tests a run counts in rotation.
"""

from paceline.analysis.past import Past
from paceline.analysis.rotation import Rotation, chosen_in_rotation, find_rotation
from paceline.usage import UsageKey
from support.values import make_case, make_run

_SHARE = 0.05


def test_a_run_counts_its_share_of_the_time_and_each_test_has_its_turn() -> None:
    """
    A test that takes longer than the share is counted alone.
    """
    seconds = {f"test_{number}": float(1 + number % 7) for number in range(199)} | {"test_long": 80.0}
    counted: dict[str, int] = {}
    for run in range(44):
        chosen = chosen_in_rotation([*seconds], _SHARE, Rotation(seconds=seconds, counted=counted))
        counted |= dict.fromkeys(chosen, run)
        taken = sum(seconds[test] for test in chosen)
        assert taken <= _SHARE * sum(seconds.values()) or chosen == {"test_long"}
        if run == 21:
            assert counted.keys() == seconds.keys()

    assert min(counted.values()) >= 22


def test_new_tests_take_at_most_half_of_the_time() -> None:
    """
    Some are always skipped, and never known. They take turns by the run.
    """
    known = {f"test_{number}": 1.0 for number in range(50)}
    tests = [*(f"test_skipped_{number}" for number in range(50)), *known]
    chosen = [chosen_in_rotation(tests, 0.1, Rotation(seconds=known, start=start)) for start in (0, 7)]

    assert [len(one - known.keys()) for one in chosen] == [5, 5]
    assert [len(one & known.keys()) for one in chosen] == [5, 5]
    assert chosen[0] != chosen[1]


def test_without_a_past_all_tests_take_as_long() -> None:
    """
    At least one is counted, as far as there is one.
    """
    tests = [f"test_{number}" for number in range(20)]

    assert chosen_in_rotation(tests, 0.1, Rotation(start=19)) == {"test_19", "test_0"}
    assert chosen_in_rotation(tests[:3], 0.1, Rotation()) == {"test_0"}
    assert chosen_in_rotation([], 0.1, Rotation()) == frozenset()


def test_the_past_has_times_and_the_last_counts() -> None:
    """
    A test that was counted has no time in that run.
    """
    runs = [
        make_run(0, [make_case("test_a", 1.0), make_case("test_b", usage={UsageKey.CALLS: 3.0})]),
        make_run(1, [make_case("test_a", usage={UsageKey.CALLS: 3.0}), make_case("test_b", 2.0)]),
        make_run(2, [make_case("test_a", 3.0), make_case("test_b", 4.0)]),
    ]
    rotation = find_rotation(Past.from_runs(runs), "r")

    assert rotation == Rotation(
        seconds={"test_a": 1.0, "test_b": 2.0}, counted={"test_a": 1, "test_b": 0}, start=ord("r")
    )

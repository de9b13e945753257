"""
What runs add to counters.
"""

from paceline.metrics.counters import added, tally, total_families
from paceline.model import Outcome, RunOutcome
from support.values import failed, make_case, make_run


def _values(*runs_of_keys: dict[tuple[str, ...], float]) -> dict[str, float]:
    totals: dict[tuple[str, ...], float] = {}
    for counts in runs_of_keys:
        totals = {key: totals.get(key, 0.0) + counts.get(key, 0.0) for key in {*totals, *counts}}
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in total_families(totals)
        for sample in family.samples
    }


def test_runs_and_tests_are_counted_by_outcome() -> None:
    """
    Of two runs each, with the branch as it is called in labels.
    """
    run = make_run(1, [make_case(), make_case("test_b"), failed("test_c")], branch="mine")
    values = _values(tally(run, "other"), tally(run, "other"))

    assert values["paceline_runs_total shop other passed"] == 2
    assert values["paceline_cases_total shop other unit passed"] == 4
    assert values["paceline_cases_total shop other unit failed"] == 2


def test_durations_are_in_the_bucket_that_holds_them() -> None:
    """
    A bound belongs to its bucket, and what is longer than all is in the last.
    """
    seconds = (0.001, 0.0011, 60.0, 61.0)
    run = make_run(1, [make_case(f"test_{number}", value) for number, value in enumerate(seconds)])
    values = _values(tally(run, "main"))
    name = "paceline_case_duration_seconds"

    assert values[f"{name}_bucket shop main unit 0.001"] == 1
    assert values[f"{name}_bucket shop main unit 0.005"] == 2
    assert values[f"{name}_bucket shop main unit 60.0"] == 3
    assert values[f"{name}_bucket shop main unit +Inf"] == values[f"{name}_count shop main unit"] == 4
    assert values[f"{name}_sum shop main unit"] == sum(seconds)


def test_a_test_that_has_no_duration_is_in_no_bucket() -> None:
    """
    It is counted by its outcome alone.
    """
    values = _values(tally(make_run(1, [make_case(seconds=None, outcome=Outcome.SKIPPED)]), "main"))

    assert values == {
        "paceline_runs_total shop main passed": 1,
        "paceline_cases_total shop main unit skipped": 1,
    }


def test_a_whole_run_adds_what_the_crash_had_not() -> None:
    """
    The run was counted as it came, and no counter goes down.
    """
    crashed = tally(make_run(1, [failed("test_a"), make_case("test_b", 0.1)], outcome=RunOutcome.CRASHED), "main")
    whole = tally(make_run(1, [make_case("test_a", 0.2), make_case("test_b", 0.1)]), "main")
    values = _values(crashed, added(whole, crashed))

    assert values["paceline_runs_total shop main crashed"] == 1
    assert "paceline_runs_total shop main passed" not in values
    assert values["paceline_cases_total shop main unit passed"] == 2
    assert values["paceline_cases_total shop main unit failed"] == 1

"""
The past as series of figures.
"""

from paceline.analysis.past import ATTEMPTS, DURATION, NORMALIZED, OUTCOME, Past, PastRun, columns_of, past_run
from paceline.measure import Measure
from paceline.model import Outcome
from paceline.usage import UsageKey
from support.values import failed, make_case, make_run, values_of


def test_a_passed_case_leaves_all_its_figures() -> None:
    """
    Outcome, attempts, both times, usage, and what the test reported itself.
    """
    case = make_case(
        seconds=0.02,
        attempts=2,
        normalized_duration_seconds=0.01,
        usage={UsageKey.CPU_SECONDS: 0.005},
        measures={"items": Measure(value=3, unit="items")},
    )

    assert columns_of(case) == {
        "outcome": 1,
        "attempts": 2,
        "duration_seconds": 0.02,
        "normalized_duration_seconds": 0.01,
        "cpu_seconds": 0.005,
        "measures.items": 3,
    }


def test_a_failed_case_leaves_no_times() -> None:
    """
    How long a test takes to fail says nothing of how long it takes.
    """
    case = failed(seconds=0.02, usage={UsageKey.CPU_SECONDS: 0.005})

    assert columns_of(case) == {"outcome": 0, "attempts": 1}


def test_a_skipped_case_leaves_nothing() -> None:
    """
    A test that did not run has no outcome.
    """
    assert columns_of(make_case(outcome=Outcome.SKIPPED)) == {}


def test_a_case_that_was_not_normalized_counts_by_the_clock() -> None:
    """
    Without a ruler the time by the clock is the best guess.
    """
    assert columns_of(make_case(seconds=0.02))["normalized_duration_seconds"] == 0.02


def test_a_case_that_lacks_the_wait_for_a_cpu_has_no_normalized_time() -> None:
    """
    Its time by the clock is kept as that alone, even where an earlier release took it for the normalised one.
    """
    case = make_case(seconds=0.02, normalized_duration_seconds=0.02, lacking=(UsageKey.CPU_WAIT_SECONDS,))

    assert columns_of(case) == {"outcome": 1, "attempts": 1, "duration_seconds": 0.02}


def test_a_series_remembers_the_runs_of_its_values() -> None:
    """
    A test that was not in each run has the positions of those that it was in.
    """
    past = Past.from_runs(
        [make_run(0, [make_case(seconds=1.0)]), make_run(1), make_run(2, [make_case(seconds=3.0)]), make_run(3)]
    )

    assert values_of(past, DURATION) == values_of(past, NORMALIZED) == ([0, 2], [1.0, 3.0])
    assert values_of(past, ATTEMPTS) == ([0, 2], [1.0, 1.0])


def test_failures_are_in_the_outcomes_alone() -> None:
    """
    A failed run is in the series of outcomes and not in that of durations.
    """
    past = Past.from_runs([make_run(0, [failed()]), make_run(1, [make_case(seconds=2.0)])])

    assert values_of(past, OUTCOME) == ([0, 1], [0.0, 1.0])
    assert values_of(past, DURATION) == ([1], [2.0])


def test_what_nobody_measured_is_an_empty_series() -> None:
    """
    An unknown measure and an unknown test are no errors.
    """
    past = Past.from_runs([make_run(0, [make_case()])])

    assert values_of(past, "unknown") == values_of(past, DURATION, "test_unknown") == ([], [])
    assert values_of(Past(), DURATION) == ([], [])


def test_a_past_run_is_a_run_without_its_cases() -> None:
    """
    Of a run judgement needs its time, its code, and how many cases it had.
    """
    run = make_run(0, [make_case()], commit="4f2c", dirty=True, is_partial=True, started=100.0, ended=110.5)

    assert past_run(run) == PastRun(
        run_id="run-0",
        ended=110.5,
        duration_seconds=10.5,
        branch="main",
        commit="4f2c",
        dirty=True,
        is_partial=True,
        cases=1,
    )

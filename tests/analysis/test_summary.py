"""
The past in a few figures.
"""

import pytest

from paceline.analysis.past import Past
from paceline.analysis.summary import Summary, summarize
from support.values import TEST, failed, make_case, make_run, runs_of


def test_a_test_is_summed_up_over_its_runs() -> None:
    """
    Latest, median, percentiles and the slope per run.
    """
    *earlier, latest = runs_of({TEST: [0.1, 0.2, 0.3, 0.4, 0.5]})
    measured = make_run(5, [make_case(seconds=0.5, normalized_duration_seconds=0.5)])
    summary = summarize(measured, Past.from_runs(earlier)).tests[TEST]

    assert latest.cases[0].duration_seconds == 0.5
    assert summary == Summary(runs=5, latest=0.5, p50=0.3, p95=0.48, p99=0.496, slope=0.1)


def test_the_figures_are_those_by_which_a_test_is_judged() -> None:
    """
    A machine that gets slower makes no test slower: times by the clock rise, normalised ones do not.
    """
    runs = [make_run(n, [make_case(seconds=0.1 * (n + 1), normalized_duration_seconds=0.1)]) for n in range(5)]
    summary = summarize(runs[-1], Past.from_runs(runs[:-1])).tests[TEST]

    assert summary == Summary(runs=5, latest=0.1, p50=0.1, p95=0.1, p99=0.1, slope=0.0)


def test_a_suite_is_summed_up_by_its_whole_runs() -> None:
    """
    A run of a few tests says nothing of how long the suite takes.
    """
    runs = [make_run(n, is_partial=n == 1, started=0.0, ended=10.0 * (n + 1)) for n in range(4)]
    suite = summarize(runs[-1], Past.from_runs(runs[:-1]))

    assert suite.duration_seconds == Summary(runs=3, latest=40.0, p50=30.0, p95=39.0, p99=39.8, slope=15.0)
    assert (suite.run_id, suite.ended, suite.branch, suite.test_count) == ("run-3", 40.0, "main", 0)


def test_the_tests_are_those_of_the_latest_whole_run() -> None:
    """
    What the run does not have is gone; what failed in it has the times of the runs that it passed in.
    """
    past = Past.from_runs([make_run(0, [make_case("test_gone"), make_case("test_failing", 0.1)])])
    cases = [make_case("test_new", 0.2, normalized_duration_seconds=0.2), failed("test_failing")]
    suite = summarize(make_run(1, cases), past)

    assert suite.test_count == 2
    assert suite.tests == {
        "test_new": Summary(runs=1, latest=0.2, p50=0.2, p95=0.2, p99=0.2, slope=0.0),
        "test_failing": Summary(runs=1, latest=0.1, p50=0.1, p95=0.1, p99=0.1, slope=0.0),
    }


def test_a_part_of_the_tests_forgets_no_other() -> None:
    """
    A partial run adds to the tests that it had; all others stay, and so does the latest duration of the suite.
    """
    whole = make_run(0, [make_case("test_one", 0.1), make_case("test_two", 0.2), failed("test_failing")])
    part = make_run(1, [make_case("test_one", 0.3)], is_partial=True, started=0.0, ended=1.0)
    suite = summarize(part, Past.from_runs([whole]))

    assert {name: (one.runs, one.latest) for name, one in suite.tests.items()} == {
        "test_one": (2, 0.3),
        "test_two": (1, 0.2),
    }
    assert suite.test_count == 3
    assert suite.duration_seconds == Summary(runs=1, latest=10.0, p50=10.0, p95=10.0, p99=10.0, slope=0.0)


def test_parts_alone_say_nothing_of_the_suite() -> None:
    """
    How long it takes as a whole nobody has seen.
    """
    suite = summarize(make_run(0, [make_case()], is_partial=True), Past())

    assert (suite.duration_seconds, suite.test_count, list(suite.tests)) == (None, 1, [TEST])


def test_figures_are_rounded_to_nanoseconds() -> None:
    """
    A summary of thousands of tests is no place for digits that nobody measured.
    """
    case = make_case(seconds=1 / 3, normalized_duration_seconds=1 / 3)
    summary = summarize(make_run(0, [case]), Past()).tests[TEST]

    assert summary.latest == 0.333333333
    assert summary.latest == pytest.approx(1 / 3)


def test_what_grows_has_an_interval_and_a_weekly_share() -> None:
    """
    100 ms that become 120 ms in ten days are about 14% of the middle of that in ten days, and 9% of it in a week.
    """
    runs = [make_run(n * 24, [make_case(seconds=value, normalized_duration_seconds=value)]) for n, value in _rising()]
    summary = summarize(runs[-1], Past.from_runs(runs[:-1])).tests[TEST]

    assert (summary.slope, summary.slope_low, summary.slope_high) == pytest.approx((0.002, 0.002, 0.002))
    assert summary.weekly == pytest.approx(0.02 / 0.11 / (10 / 7))


def _rising() -> list[tuple[int, float]]:
    return [(n, 0.1 + 0.002 * n) for n in range(11)]


def test_a_day_tells_nothing_of_weeks() -> None:
    """
    Eleven runs in ten hours have a slope per run and none per week; a series that stays has no interval.
    """
    pasts = [runs_of({TEST: [value for _, value in _rising()]}), runs_of({TEST: [0.1] * 11})]
    now = make_run(11, [make_case(seconds=0.1, normalized_duration_seconds=0.1)])
    rising, level = (summarize(now, Past.from_runs(runs)).tests[TEST] for runs in pasts)

    assert (rising.weekly, level.weekly) == (None, None)
    assert rising.slope_low is not None
    assert level.slope_low is None

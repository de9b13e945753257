"""
Suite, its tables of tests: what is slower, slow, growing, failing, and keeping memory.
"""

from math import inf

from paceline.grafana.boards import colors
from paceline.grafana.boards.panel import TIMES, Panel, Step
from paceline.grafana.boards.promql import TESTS as OF_TESTS
from paceline.grafana.boards.promql import among, by_test, last, over, usual, worst
from paceline.grafana.boards.ranking import Column, Share, ranking

_DURATION = "paceline_test_duration_seconds"
_FACTOR = (Step("text"), Step(colors.WARNING, 1.15), Step(colors.BAD, 2))
_OF_BUDGET = (Step(colors.GOOD), Step(colors.WARNING, 0.8), Step(colors.BAD, 1))
_NORMALIZED = "paceline_test_normalized_duration_seconds"
_PASSED = "paceline_test_passed"
# By more than the 5 ms that the noise of short tests stays below.
_SLOWER = f"{last(_NORMALIZED)} / ({usual(_NORMALIZED)} < ({last(_NORMALIZED)} - 0.005) / 1.15)"
_SLOWER_TESTS = worst(20, _SLOWER)
_SLOWEST = worst(15, last(_DURATION))
_GROWTH = (
    f"(604800 * {over('deriv', _NORMALIZED)} > 0.001) / {over('avg_over_time', _NORMALIZED)} "
    f"and {over('count_over_time', _NORMALIZED)} >= 8 "
    # A line through minutes says nothing of a week.
    f"and count_over_time(count_over_time({_NORMALIZED}{{{OF_TESTS}}}[1d] offset -1d)[$__range:1d]) >= 3"
)
# Above 0.3 of it the alert says so.
_CAUSES = ((0.3, "waits"), (0.7, "computes, waits"), (inf, "computes"))
# A pass on the third attempt is two failures and a pass.
_FAILING = f"1 - {over('sum_over_time', _PASSED)} / {over('sum_over_time', 'paceline_test_attempts')} > 0"
_FAILING_TESTS = worst(30, _FAILING)
_RETAINED = "paceline_test_memory_retained_bytes"
_KEPT = f"{last(_RETAINED)} and {over('min_over_time', _RETAINED)} > 1048576"


def _more(metric: str, which: str = "") -> str:
    more = f"{last(metric, OF_TESTS + which)} - {usual(metric, OF_TESTS + which)}"
    return among(more, by_test(_SLOWER))


TESTS: tuple[Panel, ...] = (
    ranking(
        "Slower than usual",
        "Tests whose latest normalised time is above 1.15 times their median in this time, by more than 5 ms of noise. "
        "The cause is by how much of the added time is CPU time: below 30% the test waits, and above 70% it computes. "
        "What it waits for, the last columns may tell: more queries, or more bytes that are read.",
        "no test is slower than usual, or no run in this time",
        (
            Column(name="Factor", expr=_SLOWER_TESTS, unit=TIMES, steps=_FACTOR),
            Share(name="Cause", part="CPU added", whole="Added", words=_CAUSES),
            Column(name="Added", expr=_more(_NORMALIZED), unit="s"),
            Column(name="CPU added", expr=_more("paceline_test_cpu_seconds"), unit="s"),
            Column(name="Queries added", expr=_more("paceline_test_measure", ',measure=~".*queries"'), unit="short"),
            Column(name="Bytes read added", expr=_more("paceline_test_read_bytes"), unit="bytes"),
            Column(name="Peak added", expr=_more("paceline_test_memory_peak_bytes"), unit="bytes"),
        ),
    ),
    ranking(
        "Slowest",
        "Tests that took longest when they last passed, by the clock. Above 100% a budget is broken.",
        "no run in this time",
        (
            Column(name="Took", expr=_SLOWEST, unit="s"),
            Column(
                name="Of budget",
                expr=among(last("paceline_test_budget_used_ratio"), _SLOWEST),
                unit="percentunit",
                steps=_OF_BUDGET,
            ),
        ),
        width=12,
    ),
    ranking(
        "Growing fastest",
        "By how much of its mean the normalised time of a test rises in a week, along a straight line through all "
        "runs of this time. Less than 1 ms a week is left out, and what had fewer than eight runs, or runs on fewer "
        "than three days.",
        "no test grows, or none has runs on three days",
        (
            Column(
                name="In a week",
                expr=worst(15, _GROWTH),
                unit="percentunit",
                steps=(Step("text"), Step(colors.WARNING, 0.05), Step(colors.BAD, 0.2)),
            ),
        ),
        width=12,
    ),
    ranking(
        "Failing and flaky",
        "Tests that failed in this time, and in what share of their attempts. Many changes between pass and failure "
        "are a flaky test; one change, and one that does not pass now, is a test that broke.",
        "no test failed, or no run in this time",
        (
            Column(
                name="Failed",
                expr=_FAILING_TESTS,
                unit="percentunit",
                steps=(Step("text"), Step(colors.WARNING, 0.01), Step(colors.BAD, 0.5)),
            ),
            Column(name="Changes", expr=among(over("changes", _PASSED), _FAILING_TESTS), unit="none"),
            Column(
                name="Passes",
                expr=among(last(_PASSED), _FAILING_TESTS),
                unit="bool_yes_no",
                steps=(Step(colors.BAD), Step(colors.GOOD, 1)),
            ),
        ),
        width=12,
    ),
    ranking(
        "Keeping memory",
        "What a test kept after its teardown when it last ran, of tests that kept 1 MiB or more in each run of this "
        "time. What is kept each time is a leak, or a cache that somebody should know of.",
        "no test keeps memory each time, or no run in this time",
        (
            Column(
                name="Kept",
                expr=worst(15, _KEPT),
                unit="bytes",
                steps=(Step(colors.WARNING), Step(colors.BAD, 64 << 20)),
            ),
        ),
        width=12,
    ),
)

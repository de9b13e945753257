"""
Suite, its tables of tests: what changed (slower, failing, over budget, more work), and what is so (repeating queries,
slowest, growing, keeping memory).
"""

from collections.abc import Callable
from math import inf

from grafana.generator.panel import TIMES, Panel, Threshold
from grafana.generator.promql import TESTS as OF_TESTS
from grafana.generator.promql import among, at_end, over, still, usual, worst
from grafana.generator.tables import FACTOR, TO_TEST, ShareColumn, TableColumn, in_words, ranking
from paceline import colors
from paceline.analysis.verdicts.count import NAMES_OF_COUNTS, UNITS_OF_COUNTS, WORK

_DURATION = "paceline_test_duration_seconds"
_OF_BUDGET = (Threshold(colors.GOOD), Threshold(colors.WARNING, 0.8), Threshold(colors.BAD, 1))
_NORMALIZED = "paceline_test_normalized_duration_seconds"
_PASSED, _ATTEMPTS = "paceline_test_passed", "paceline_test_attempts"
_OF_QUERIES = ',measure=~".*queries"'
# By more than the 5 ms that the noise of short tests stays below.
_SLOWER = f"{at_end(_NORMALIZED)} / ({usual(_NORMALIZED)} < ({at_end(_NORMALIZED)} - 0.005) / 1.15)"
# By the time that they gained: 5 ms more of 1 ms are no matter beside 5 s more of 20 s.
_GAINED = f"({at_end(_NORMALIZED)} - {usual(_NORMALIZED)}) and {_SLOWER}"
_SLOWER_TESTS = worst(20, _GAINED)
_SLOWEST = worst(15, at_end(_DURATION))
_BUDGET_USED = "paceline_test_budget_used_ratio"
_OVER_BUDGET = worst(30, f"{at_end(_BUDGET_USED)} > 1")
_GROWTH = (
    f"(604800 * {over('deriv', _NORMALIZED)} > 0.001) / {over('avg_over_time', _NORMALIZED)} "
    f"and {over('count_over_time', _NORMALIZED)} >= 8 "
    # A line through minutes cannot predict a week.
    f"and count_over_time(count_over_time({_NORMALIZED}{{{OF_TESTS}}}[1d] offset -1d)[$__range:1d]) >= 3"
)
_GROWING = worst(15, still(_GROWTH))
# Above 0.3 of it the alert says so.
_CAUSES = ((0.3, "waits"), (0.7, "computes, waits"), (inf, "computes"))
# A pass on the third attempt is two failures and a pass.
_FAILING = f"1 - {over('sum_over_time', _PASSED)} / {over('sum_over_time', _ATTEMPTS)} > 0"
_FAILING_TESTS = worst(30, still(_FAILING))
_RETRIES = f"{over('sum_over_time', _ATTEMPTS)} - {over('count_over_time', _ATTEMPTS)}"
_RETAINED = "paceline_test_memory_retained_bytes"
_KEPT = f"{at_end(_RETAINED)} and {over('min_over_time', _RETAINED)} > 1048576"

_CALLS = "paceline_test_calls"
_CALLING_MORE = worst(
    20,
    f"{at_end(_CALLS)} / ({usual(_CALLS)} < ({at_end(_CALLS)} - 5) / 1.01) and {over('resets', _CALLS)} == 0",
)

# Counts as in judgement: by their unit, or by their name if they have no unit.
_COUNTS = (f',unit=~"{UNITS_OF_COUNTS}"', f',unit="",measure=~"{NAMES_OF_COUNTS}"')


# Counts of what tests use are metrics of their own.
_WORK = sorted(key for key in WORK if key.quantity.is_exported)


def _counts(function: Callable[[str, str], str], of_usage: Callable[[str, str], str] | None = None) -> str:
    reported = (function("paceline_test_measure", OF_TESTS + which) for which in _COUNTS)
    counted = ((of_usage or function)(f"paceline_test_{key}", OF_TESTS) for key in _WORK)
    named = (f'label_replace({expr}, "measure", "{key}", "", "")' for key, expr in zip(_WORK, counted, strict=True))
    return f"max by (test, test_type, measure) ({' or '.join((*reported, *named))})"


def _low(metric: str, labels: str) -> str:
    return f"quantile_over_time(0.1, {metric}{{{labels}}}[$__range])"


def _usual_or_0(metric: str, labels: str) -> str:
    """
    The same for a count that has no sample where it is 0.
    """
    return f"{usual(metric, labels)} * (2 * {_runs_with(metric)} >= bool {_runs_with(_DURATION)})"


def _low_or_0(metric: str, labels: str) -> str:
    return f"{_low(metric, labels)} * ({_runs_with(metric)} >= bool 0.9 * {_runs_with(_DURATION)})"


def _runs_with(metric: str) -> str:
    return over("count_over_time", metric)


# A count that varies on unchanged code may be above its median by chance.
_USUAL = _counts(usual, _usual_or_0)
_STEADY = f"({_USUAL} == {_counts(_low, _low_or_0)})"
_RISEN = f"topk(30, {_counts(at_end)} - {_STEADY} > 0)"


def _of_risen(counts: str) -> str:
    return f"{counts} and on (test, test_type, measure) {_RISEN}"


def _more(metric: str, which: str = "") -> str:
    more = f"{at_end(metric, OF_TESTS + which)} - {usual(metric, OF_TESTS + which)}"
    return among(more, _SLOWER_TESTS)


_QUERIES, _REPEATED = "paceline_test_db_queries", "paceline_test_db_repeated_queries"
_MORE_QUERIES = among(f"{at_end(_QUERIES)} - {_usual_or_0(_QUERIES, OF_TESTS)}", _SLOWER_TESTS)
_REPEATING = worst(30, f"{at_end(_REPEATED)} > 0")


CHANGES: tuple[Panel, ...] = (
    ranking(
        "Slower than usual (20 at most)",
        "The 20 tests of the last whole run that gained most time, of those with a normalised time above 1.15 times "
        "their median in the time range, by more than 5 ms. The table has more tests than the verdicts: a verdict "
        "compares with the runs before the slowdown began, needs a higher difference and is confirmed by measuring "
        "again. For a test that was measured again, the time is the median of its repeats and the CPU time is that of "
        "the first. The cause follows from the "
        "share of CPU time in the added time: below 30% the test waits, above 70% it computes. The columns with a plus "
        "show what else was added. Queries and bytes read are possible reasons to wait.",
        "no test is slower than in earlier runs of this time range, or there is no earlier run",
        (
            TableColumn(name="Added", expr=_SLOWER_TESTS, unit="s"),
            TableColumn(name="Factor", expr=among(_SLOWER, _SLOWER_TESTS), unit=TIMES, thresholds=FACTOR),
            ShareColumn(name="Cause", part="+ CPU", whole="Added", words=_CAUSES),
            TableColumn(name="+ CPU", expr=_more("paceline_test_cpu_seconds"), unit="s"),
            TableColumn(
                name="+ queries",
                expr=f"{_MORE_QUERIES} or {_more('paceline_test_measure', _OF_QUERIES)}",
                unit="short",
            ),
            TableColumn(name="+ bytes read", expr=_more("paceline_test_read_bytes"), unit="bytes"),
            TableColumn(name="+ peak", expr=_more("paceline_test_memory_peak_bytes"), unit="bytes"),
        ),
    ),
    ranking(
        "Failing and flaky (30 at most)",
        "Tests of the last whole run that failed in the time range, and their share of failed attempts. Many changes "
        "between pass and failure mean a flaky test, and so do retries, the attempts after the first in a run. One "
        "change, and no pass in the last run, means a broken test.",
        "no test failed, or no run in this time range",
        (
            TableColumn(
                name="Failed",
                expr=_FAILING_TESTS,
                unit="percentunit",
                thresholds=(Threshold("text"), Threshold(colors.WARNING, 0.01), Threshold(colors.BAD, 0.5)),
            ),
            TableColumn(name="Changes", expr=among(over("changes", _PASSED), _FAILING_TESTS), unit="none"),
            TableColumn(name="Retries", expr=among(_RETRIES, _FAILING_TESTS), unit="none"),
            TableColumn(
                name="Passes now",
                expr=among(at_end(_PASSED), _FAILING_TESTS),
                unit="bool_yes_no",
                thresholds=(Threshold(colors.BAD), Threshold(colors.GOOD, 1)),
            ),
        ),
        height=7,
    ),
    ranking(
        "Over their budget (30 at most)",
        "Tests of the last whole run with a call phase longer than their budget, the highest share first. A failed "
        "test is listed without a duration: Paceline keeps the duration of passed tests only.",
        "no test is over its budget, or no run in this time range",
        (
            TableColumn(name="Of budget", expr=_OVER_BUDGET, unit="percentunit", thresholds=_OF_BUDGET),
            TableColumn(name="Took", expr=among(at_end(_DURATION), _OVER_BUDGET), unit="s"),
            TableColumn(name="Budget", expr=among(at_end("paceline_test_budget_seconds"), _OVER_BUDGET), unit="s"),
        ),
        height=7,
    ),
    ranking(
        "More work than usual (30 at most)",
        "Counts of queries, requests, calls and the like that are higher in the last whole run than their median in "
        "the time range. Counts that vary between runs are left out. A verdict of the kind count also needs enough "
        "runs, and no earlier run with as high a count. If a count has been higher for most of the time range, choose "
        "a longer time range.",
        "no count is higher than in earlier runs of this time range, or there is no earlier run",
        (
            TableColumn(name="Added", expr=_RISEN, unit="short", thresholds=(Threshold(colors.WARNING),)),
            TableColumn(name="Usually", expr=_of_risen(_USUAL), unit="short"),
            TableColumn(name="Now", expr=_of_risen(_counts(at_end)), unit="short"),
        ),
        overrides=(TO_TEST, in_words("Measure", _WORK, 250)),
        height=7,
    ),
    ranking(
        "More calls than usual (20 at most)",
        "Tests of the last whole run that call functions of the project more often than their median in the time "
        "range, by more than a hundredth and more than 5 calls, of tests whose calls did not fall in that time. Calls "
        "do not depend on the machine. The report of the run names the function: paceline report.",
        "no test calls more than in earlier runs, or the runs in this time range did not count calls",
        (
            TableColumn(name="Factor", expr=_CALLING_MORE, unit=TIMES, thresholds=FACTOR),
            TableColumn(name="Usually", expr=among(usual(_CALLS), _CALLING_MORE), unit="short"),
            TableColumn(name="Now", expr=among(at_end(_CALLS), _CALLING_MORE), unit="short"),
        ),
        height=7,
    ),
)

STATES: tuple[Panel, ...] = (
    ranking(
        "Repeating queries (30 at most)",
        "Tests of the last whole run that send one query for each row of another query (N+1). The report of the run "
        "has the statement and its line. Usually 0 means that it is new in the time range.",
        "no test repeats a query, or no run in this time range",
        (
            TableColumn(name="Repeated", expr=_REPEATING, unit="short", thresholds=(Threshold(colors.WARNING),)),
            TableColumn(name="Usually", expr=among(_usual_or_0(_REPEATED, OF_TESTS), _REPEATING), unit="short"),
            TableColumn(name="Queries", expr=among(at_end(_QUERIES), _REPEATING), unit="short"),
        ),
        height=7,
    ),
    ranking(
        "Slowest (15 at most)",
        "Tests of the last whole run with the longest call phase by the clock, passed tests only. Above 100%, a "
        "budget is broken.",
        "no run in this time range",
        (
            TableColumn(name="Took", expr=_SLOWEST, unit="s"),
            TableColumn(
                name="Of budget",
                expr=among(at_end(_BUDGET_USED), _SLOWEST),
                unit="percentunit",
                thresholds=_OF_BUDGET,
            ),
        ),
        height=7,
    ),
    ranking(
        "Growing fastest (15 at most)",
        "Rise of the normalised time of a test in a week, as a share of its mean, along a straight line through all "
        "runs in the time range. Only tests of the last whole run with a rise above 1 ms a week, at least eight runs, "
        "and runs on at least three days.",
        "no test grows, or none has runs on three days",
        (
            TableColumn(
                name="In a week",
                expr=_GROWING,
                unit="percentunit",
                thresholds=(Threshold("text"), Threshold(colors.WARNING, 0.05), Threshold(colors.BAD, 0.2)),
            ),
        ),
        height=7,
    ),
    ranking(
        "Keeping memory (15 at most)",
        "Memory that a test of the last whole run kept after its teardown. Only tests that kept more than 1 MiB in "
        "each run of the time range. Such memory is a leak or a cache.",
        "no test keeps memory each time, or no run in this time range",
        (
            TableColumn(
                name="Kept",
                expr=worst(15, _KEPT),
                unit="bytes",
                thresholds=(Threshold(colors.WARNING), Threshold(colors.BAD, 64 << 20)),
            ),
        ),
        height=7,
    ),
)

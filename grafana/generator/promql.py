"""
Expressions over samples of which there is one a run.

A bare selector sees a sample for five minutes and a rate needs two samples in a scrape interval or so: both find
nothing between runs. So everything here looks back over a range.
"""

# Names have brackets, quotes and backslashes: `json` is the only format of Grafana that keeps all of them.
SUITE = "suite=${suite:json},branch=${branch:json}"
TESTS = SUITE + ',test_type=~"$test_type"'
TEST = TESTS + ",test=${test:json}"
# A run of a few chosen tests does not represent the suite.
WHOLE = SUITE + ',partial!="true"'


def over(function: str, metric: str, labels: str = TESTS) -> str:
    """
    A function of all samples within the time range, each run weighing the same.
    """
    return f"{function}({metric}{{{labels}}}[$__range])"


def last(metric: str, labels: str = TESTS) -> str:
    """
    The latest sample of each series within the time range.
    """
    return over("last_over_time", metric, labels)


def at_end(metric: str, labels: str = TESTS) -> str:
    """
    The sample that the last whole run gave each series: of tests that it did not try there is none, though an earlier
    run tried them.
    """
    # Without such a run, `end` is 0, a time without samples.
    return f"last_over_time({metric}{{{labels}}}[1s] @ ${{end}})"


def still(expr: str) -> str:
    """
    The values of those tests that the last whole run tried.
    """
    return f"{expr} and on (test, test_type) {at_end('paceline_test_passed')}"


def ended(labels: str) -> str:
    """
    When the last run ended, in seconds since 1970.
    """
    stamp = f"timestamp(paceline_run_duration_seconds{{{labels}}})"
    # In steps of a minute alone, the run of the last minute would be missing.
    return f"max(max_over_time({stamp}[1m:1s]) or max_over_time({stamp}[$__range:1m]))"


def usual(metric: str, labels: str = TESTS) -> str:
    """
    The median of the runs within the time range.
    """
    return f"quantile_over_time(0.5, {metric}{{{labels}}}[$__range])"


def usual_at_end(metric: str, labels: str = TESTS) -> str:
    """
    The median of the runs up to the right edge of a graph, the same at each step of the graph.
    """
    # As in `in_step`: the last step begins at the end.
    return f"quantile_over_time(0.5, {metric}{{{labels}}}[$__range] @ end() offset -$__interval)"


def each_run(metric: str, labels: str = TESTS) -> str:
    """
    The sample of each run, at the beginning of the step that it falls into; of several in a step the latest.
    """
    return in_step(f"{metric}{{{labels}}}")


def in_step(selector: str) -> str:
    """
    The latest sample within the step that begins at a point.
    """
    # Within the one that ends there, what is new would be missing for up to a step: Grafana asks for whole ones.
    return f"last_over_time({selector}[$__interval] offset -$__interval)"


def before_step(selector: str) -> str:
    """
    The latest sample within the step before.
    """
    return f"last_over_time({selector}[$__interval])"


def added(metric: str, window: str = "$__range") -> str:
    """
    By how much counters rose in a time, also those that began with their first event: `increase` misses that one.
    """
    before = f"present_over_time({metric}[10m] offset {window})"
    return f"(increase({metric}[{window}]) and {before} or last_over_time({metric}[{window}]) unless {before})"


def with_earlier_runs(figure: str, runs: str) -> str:
    """
    A figure of the last whole run after that of earlier runs, for a graph that ends with exactly that figure.

    Args:
        figure: what `at_end` makes, which is one value.
        runs: the same for each run, by `each_run`; where several runs fall into one step, it may mix them.
    """
    # From the step on that has the end of the last whole run.
    return f"({figure}) and on () (vector(time()) > ${{end}} - $__interval_ms / 1000) or on () {held(runs)}"


def held(runs: str) -> str:
    """
    A figure of each run without gaps: the small graph of a tile draws no line from one run to the next.
    """
    return f"last_over_time(({runs})[$__range:$__interval])"


def by_test(expr: str) -> str:
    """
    One series for each test, whoever it was scraped from.
    """
    return f"max by (test, test_type) ({expr})"


def worst(count: int, expr: str) -> str:
    """
    So many tests with the highest values.
    """
    return f"topk({count}, {by_test(expr)})"


def among(expr: str, tests: str) -> str:
    """
    The values of those tests that another expression has.
    """
    return f"{by_test(expr)} and on (test, test_type) {tests}"

"""
Live: a run as it happens.
"""

from functools import partial

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.live_usage_panels import MACHINE, NO_RUN, PROCESSES, as_it_happens
from grafana.generator.panel import Override, Panel, Query, Threshold, as_thresholds, by_name, fixed
from grafana.generator.panel_kinds import BY_NAMES, OF_TESTS, STAT_OPTIONS, stat
from grafana.generator.promql import SUITE as OF_SUITE
from grafana.generator.promql import WHOLE, at_end
from grafana.generator.tables import TO_TEST_OF_LATE, TableColumn, ranking
from grafana.generator.variables import LATEST_BRANCH, LATEST_END, LATEST_SUITE, TYPE_VARIABLE, data_source, hidden
from paceline import colors

_TRIED = ',outcome!="skipped"'
_FAILED = ',outcome=~"failed|error"'
_OF_BUDGET = (Threshold(colors.GOOD), Threshold(colors.WARNING, 0.8), Threshold(colors.BAD, 1))
_SHARE, _AS_SHARE = "of its budget", {"unit": "percentunit", "thresholds": as_thresholds(_OF_BUDGET)}
_RUNNING = f"max by (test) (paceline_active_case_seconds{{{OF_SUITE}}})"
# The type of a test is known from its earlier runs.
_KNOWN = "[7d])"


def _now(expr: str) -> tuple[Query]:
    return (Query(expr=expr, now=True),)


def _of_earlier_runs(function: str, metric: str) -> str:
    return f"max by (test) ({function}{metric}{{{OF_SUITE}}}{_KNOWN}) and on (test) {_RUNNING}"


_BUDGET = _of_earlier_runs("last_over_time(", "paceline_test_budget_seconds")


# A bound is written as 2.0, and a value as 2.
_BUDGET_AS_BOUND = (
    'label_replace(count_values by (test_type) ("le", '
    "max by (test_type) (paceline_budget_seconds{suite=${suite:json}})), "
    '"le", "$1.0", "le", "([0-9]+)")'
)


def _by_type(of: str, beside: str = "") -> str:
    """
    A part of the histogram of durations, as live endpoints have it.
    """
    counted = f"paceline_case_duration_seconds_{of}{{{OF_SUITE}}} and on (instance) paceline_build_info"
    return f"sum by (test_type{beside}) ({counted})"


def _parts(metric: str, which: str = "") -> str:
    """
    A figure of each part of the run, once, though an exporter and a live endpoint may both have it.
    """
    return f"max by (suite, branch, shard, outcome) ({metric}{{{OF_SUITE}{which}}})"


def _ended(which: str = "") -> str:
    """
    Tests that have ended, as parts of the run report to an exporter, else as live endpoints count from their start.
    """
    counted = f"paceline_cases_total{{{OF_SUITE}{which}}} and on (instance) paceline_build_info"
    return f"{_parts('paceline_active_run_cases', which)} or on () max by (instance, outcome) ({counted})"


_LEFT = f"sum({_parts('paceline_expected_cases')}) - sum({_ended()})"


def _of_last_whole_run(metric: str, which: str = "") -> str:
    return f"last_over_time({metric}{{{WHOLE}{which}}}{_KNOWN}"


_SECONDS_A_TEST = (
    f"max({_of_last_whole_run('paceline_run_duration_seconds')}) / "
    f"sum(max by (outcome) ({_of_last_whole_run('paceline_run_cases', _TRIED)}))"
)
_ENDED_SHARE = f"avg({_parts('paceline_run_progress_ratio')})"
_AT_THIS_PACE = f"(1 - {_ENDED_SHARE}) / (deriv({_ENDED_SHARE}[2m:5s]) > 0)"

# With one figure, a tile leaves out its name.
_WITH_NAMES = {**STAT_OPTIONS, "textMode": "value_and_name"}
# Four in a line: in narrow ones, Grafana shrinks the texts of empty tiles until nobody can read them.
_tile = partial(stat, width=6, height=3)

_PROGRESS: tuple[Panel, ...] = (
    _tile(
        title="Progress",
        description="Share of the tests of this run that have ended.",
        queries=_now(f"avg({_parts('paceline_run_progress_ratio')})"),
        unit="percentunit",
        empty=NO_RUN,
        kind="gauge",
        defaults={"min": 0, "max": 1, "decimals": 0, "color": fixed(colors.GOOD)},
        options={"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}},
    ),
    _tile(
        title="Time left",
        description="Estimate: the tests that are left, at the pace of the last whole run of the last seven days; "
        "without such a run, at the pace of the last two minutes.",
        queries=_now(f"({_LEFT}) * ({_SECONDS_A_TEST}) or on () {_AT_THIS_PACE}"),
        unit="s",
        empty="not known now",
        defaults={"decimals": 0},
    ),
    _tile(
        title="Left to run",
        description="Tests that this run planned at its start and that have not ended, and all that it planned.",
        queries=(
            Query(expr=_LEFT, legend="left", now=True),
            Query(expr=f"sum({_parts('paceline_expected_cases')})", legend="planned", now=True),
        ),
        unit="none",
        empty=NO_RUN,
        options=_WITH_NAMES,
    ),
    _tile(
        title="Running now",
        description="Tests that run at this moment. Under xdist, each worker runs one test.",
        queries=_now(f"sum({_parts('paceline_active_cases')})"),
        unit="none",
        empty=NO_RUN,
    ),
    _tile(
        title="Longest running",
        description="Running time of the test that started first, and the highest share of a budget that a running "
        "test has used. A budget is known only from earlier runs. A test far beyond its budget may hang.",
        queries=(
            Query(expr=f"max({_RUNNING})", legend="running for", now=True),
            Query(expr=f"max({_RUNNING} / {_BUDGET})", legend=_SHARE, now=True),
        ),
        unit="s",
        empty="no test runs now",
        options=_WITH_NAMES,
        defaults={"decimals": 0},
        overrides=(Override(matcher="byName", pattern=_SHARE, properties=_AS_SHARE),),
    ),
    _tile(
        title="Failed so far",
        description="Failed tests of this run. The table below names the first 100.",
        queries=_now(f"sum({_ended(_FAILED)}) or 0 * sum({_parts('paceline_expected_cases')})"),
        unit="none",
        empty=NO_RUN,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.BAD, 1)),
    ),
    _tile(
        title="Previous run",
        description="Outcome and commit of the last run that ended, whole or partial, and the time since its end.",
        queries=(
            Query(
                expr=f"time() - ${{end}} + 0 * max by (outcome, commit) ({at_end('paceline_run_info', OF_SUITE)})",
                legend="{{outcome}} {{commit}}",
                now=True,
            ),
        ),
        unit="s",
        empty="no run ended in the last seven days",
        defaults={"decimals": 0},
        overrides=(
            Override(matcher="byRegexp", pattern="/^passed/", properties={"color": fixed(colors.GOOD)}),
            Override(matcher="byRegexp", pattern="/^(?!passed)/", properties={"color": fixed(colors.BAD)}),
        ),
        options=_WITH_NAMES,
    ),
    _tile(
        title="Internal errors",
        description="Internal errors of Paceline that it kept from the tests. Report a bug if the number is not 0.",
        queries=_now("sum(paceline_internal_failures_total)"),
        unit="none",
        empty="no live endpoint is scraped",
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 1)),
    ),
)

_TESTS: tuple[Panel, ...] = (
    ranking(
        "Tests that run now",
        "Running tests, the longest running first, with budget and usual duration. Budget and usual duration come "
        "from runs of the last seven days. New tests have neither.",
        "nothing runs; a run reports with pytest --paceline --paceline-live http://EXPORTER:10464",
        (
            TableColumn(name="Running for", expr=_RUNNING, unit="s"),
            TableColumn(name="Of budget", expr=f"{_RUNNING} / {_BUDGET}", unit="percentunit", thresholds=_OF_BUDGET),
            TableColumn(name="Budget", expr=_BUDGET, unit="s"),
            TableColumn(
                name="Usually",
                expr=_of_earlier_runs("quantile_over_time(0.5, ", "paceline_test_duration_seconds"),
                unit="s",
            ),
        ),
        overrides=(TO_TEST_OF_LATE,),
        height=7,
    ),
    ranking(
        "Tests that failed (100 at most)",
        "Tests of this run that have failed so far.",
        "no test has failed, or no run reports now",
        (
            TableColumn(
                name="Failed",
                expr=f"max by (test) (paceline_active_failed_case{{{OF_SUITE}}})",
                unit="bool_yes_no",
                thresholds=(Threshold(colors.BAD),),
            ),
        ),
        overrides=(TO_TEST_OF_LATE,),
        height=7,
    ),
    as_it_happens(
        title="Tests ended",
        description="Tests that have ended, by outcome. A line that stops rising before the end of the run means that "
        "a test takes very long.",
        queries=(Query(expr=f"sum by (outcome) ({_ended()})", legend="{{outcome}}"),),
        unit="none",
        empty=NO_RUN,
        height=9,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=by_name(passed=colors.GOOD, failed=colors.BAD, error=colors.WARNING),
    ),
    as_it_happens(
        title="Over budget so far",
        description="Share of the tests that have ended with a call phase longer than the budget of their test type. "
        "Only a scraped live endpoint has these figures, and only for budgets that are a bound of its histogram, like "
        "the default budgets. Budgets of single tests do not count here.",
        queries=(
            Query(
                # As far as it is now: within a run a rate is known only after two scrapes.
                expr=f"1 - sum by (test_type) ({_by_type('bucket', ', le')} "
                f"* on (test_type, le) group_left () {_BUDGET_AS_BOUND}) / {_by_type('count')}",
                legend="{{test_type}}",
            ),
        ),
        unit="percentunit",
        empty="no run with a live endpoint is scraped",
        height=9,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=by_name(unit=colors.GOOD, integration=colors.WARNING, api=colors.GREEN, e2e=colors.PURPLE),
    ),
)


def _of_load(title: str, metric: str, description: str, unit: str, color: str) -> Panel:
    expr = f"max by (test, load) (paceline_active_load_{metric}{{{OF_SUITE}}})"
    return as_it_happens(
        title=title,
        description=description,
        queries=(Query(expr=expr, legend="{{test}} {{load}}"),),
        unit=unit,
        empty="no load test runs now",
        width=6,
        **{**OF_TESTS, "options": BY_NAMES},
        defaults={"color": fixed(color), "min": 0},
    )


_LOADS: tuple[Panel, ...] = (
    _of_load(
        "Requests per second",
        "requests_per_second",
        "Requests of each second of the running load tests, also failed ones.",
        "reqps",
        colors.GOOD,
    ),
    _of_load(
        "95% latency",
        "latency_seconds",
        "95 of 100 requests of each second that succeeded were quicker. A line that rises while the rate is constant "
        "means that requests wait for one another.",
        "s",
        colors.WARNING,
    ),
    _of_load(
        "Failed requests so far",
        "failures",
        "Requests of the running load tests without a correct answer, since their start.",
        "none",
        colors.BAD,
    ),
    _of_load(
        "Load users",
        "users",
        "Users of the running load tests; with a rate, the maximum of requests in flight.",
        "none",
        colors.PURPLE,
    ),
)

LIVE = Dashboard(
    uid="paceline-live",
    title="Live",
    description="Which tests does the current run execute now?",
    variables=(
        data_source(),
        LATEST_SUITE,
        LATEST_BRANCH,
        hidden(TYPE_VARIABLE),
        LATEST_END,
    ),
    rows=(
        Row("The run", _PROGRESS),
        Row("Tests", _TESTS),
        Row("Load tests", _LOADS, is_closed=True),
        Row("Processes of the tests", PROCESSES),
        Row("The machine", MACHINE),
    ),
    since="now-15m",
    refresh="5s",
    has_runs=False,
)

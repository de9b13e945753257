"""
Suite: is it healthy, and what changed?
"""

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.panel import TIMES, Override, Panel, Query, Threshold, as_thresholds, fixed, in_colors
from grafana.generator.panel_kinds import (
    BY_NAMES,
    DRAWING,
    EACH_RUN,
    FROM_ZERO,
    TILE_HEIGHT,
    bars,
    per_run,
    stacked_per_run,
    stat,
    table,
    tile,
)
from grafana.generator.promql import SUITE as OF_SUITE
from grafana.generator.promql import WHOLE, at_end, by_test, each_run, ended, over, usual_at_end, with_earlier_runs
from grafana.generator.suite_test_tables import CHANGES, STATES
from grafana.generator.tables import CAUSE, FACTOR, TO_TEST, WHOLE_OR_PART, TableColumn, as_words, rows_of
from grafana.generator.variables import END_VARIABLE, of_suite
from paceline import colors
from paceline.verdict_kinds import FAILING_KINDS

NO_RUN = "no run in this time range"
PASSES = 'outcome=~"passed|xfailed|xpassed"'
FAILURES = 'outcome=~"failed|error"'
TRIED = 'outcome!="skipped"'
SHARE_PASSED = (Threshold(colors.BAD), Threshold(colors.WARNING, 0.95), Threshold(colors.GOOD, 1))
SLOWDOWN = (Threshold(colors.GOOD), Threshold(colors.WARNING, 1.2), Threshold(colors.BAD, 1.5))
_AGE = (Threshold(colors.GOOD), Threshold(colors.WARNING, 3 * 86400), Threshold(colors.BAD, 7 * 86400))


def cases(which: str) -> str:
    """
    How many tests of the last whole run ended so.
    """
    return _sum_of_outcomes(at_end("paceline_run_cases", f"{WHOLE},{which}"))


_EACH_WHOLE_RUN = each_run("paceline_run_duration_seconds", WHOLE)
# Of the chosen test types; figures of a whole run have no test type.
_PASSED = by_test(at_end("paceline_test_passed"))
_PASSED_IN_WHOLE_RUNS = by_test(f"{each_run('paceline_test_passed')} and on (suite, branch) {_EACH_WHOLE_RUN}")


def _sum_of_outcomes(expr: str) -> str:
    # Once, however many jobs of Prometheus bring it.
    return f"sum(max by (outcome) ({expr}))"


def _named(label: str) -> dict[str, str]:
    # A single bar would have no name, unless it is set.
    return {"displayName": f"${{__field.labels.{label}}}"}


def _beside_its_median(metric: str) -> str:
    return f"max({each_run(metric, OF_SUITE)}) / scalar(max({usual_at_end(metric, OF_SUITE)}))"


_CONFIRMED = WHOLE + ',kind!="unconfirmed"'
_VERDICTS = f"max by (kind) ({at_end('paceline_run_verdicts', _CONFIRMED)})"
_VERDICTS_OF_RUNS = f"max by (kind) ({each_run('paceline_run_verdicts', _CONFIRMED)})"
_SLOWDOWN = "paceline_run_machine_slowdown_ratio"
# Runs that a Prometheus may still have.
_EVER = "count(present_over_time(paceline_run_duration_seconds[100d]))"


_FACTORS = "paceline_run_verdict_factor"
_FOUND = f"max by (kind, test, subject, cause) ({at_end(_FACTORS, _CONFIRMED)})"
# Each of its runs counts, whatever the cause was.
_RUNS_WITH_IT = (
    "sum by (kind, test, subject) "
    f"(max by (kind, test, subject, cause) ({over('count_over_time', _FACTORS, _CONFIRMED)}))"
)


def _of_alerts(series: str, labels: str = "") -> str:
    return f'{series}{{alertname=~"Paceline.*",suite=${{suite:json}}{labels}}}'


def _firing(severity: str) -> str:
    return _of_alerts("ALERTS", f',alertstate="firing",severity{severity}')


def _by_alert(expr: str) -> str:
    return f"max by (alertname, test) ({expr})"


_RANKED = f"""3 * {_firing('="critical"')} or 2 * {_firing('="warning"')} or {_firing('!~"critical|warning"')}"""
_WORST_ALERTS = f"topk(50, {_by_alert(_RANKED)})"


def _runs(which: str, by: str) -> str:
    info, took = each_run("paceline_run_info", which), each_run("paceline_run_duration_seconds", which)
    return (
        f"max by ({by}) ({info} * on (suite, branch, partial) group_left () max by (suite, branch, partial) ({took}))"
    )


def _points(partial: str) -> str:
    return _runs(f"{OF_SUITE},{partial}", "commit, outcome")


_HEALTH: tuple[Panel, ...] = (
    tile(
        title="Passed",
        description="Share of the tests of the last whole run that passed, of the chosen test types, without skipped "
        "tests. Blue is 100%, orange is 95% and more.",
        queries=(Query(expr=with_earlier_runs(f"avg({_PASSED})", f"avg({_PASSED_IN_WHOLE_RUNS})"), legend="passed"),),
        unit="percentunit",
        empty=NO_RUN,
        thresholds=SHARE_PASSED,
        defaults={**FROM_ZERO, "decimals": 2},
    ),
    tile(
        title="Failing tests",
        description="Tests of the chosen test types that failed in the last whole run. The table Failing and flaky "
        "names them.",
        queries=(
            Query(expr=with_earlier_runs(f"sum(1 - {_PASSED})", f"sum(1 - {_PASSED_IN_WHOLE_RUNS})"), legend="failing"),
        ),
        unit="none",
        empty=NO_RUN,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.BAD, 1)),
    ),
    tile(
        title="Verdicts",
        description="Confirmed verdicts of the last whole run, of all test types: broken budgets, regressions, leaks "
        "and so on.",
        queries=(Query(expr=with_earlier_runs(f"sum({_VERDICTS})", f"sum({_VERDICTS_OF_RUNS})"), legend="verdicts"),),
        unit="none",
        empty=NO_RUN,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 1)),
    ),
    tile(
        title="Run took",
        description="Duration of the last whole run, from start to end.",
        queries=(
            Query(
                expr=with_earlier_runs(
                    f"max({at_end('paceline_run_duration_seconds', WHOLE)})", f"max({_EACH_WHOLE_RUN})"
                ),
                legend="took",
            ),
        ),
        unit="s",
        empty=NO_RUN,
        defaults={**FROM_ZERO, "decimals": 1},
    ),
    tile(
        title="Machine slowdown",
        description="How many times slower than usual the machine of the last whole run was. If the value is orange, "
        "rely on normalised times, which leave out the speed of the machine.",
        queries=(
            Query(
                expr=with_earlier_runs(f"max({at_end(_SLOWDOWN, OF_SUITE)})", f"max({each_run(_SLOWDOWN, OF_SUITE)})"),
                legend="slowdown",
            ),
        ),
        unit=TIMES,
        empty="not known yet",
        thresholds=SLOWDOWN,
        defaults={**FROM_ZERO, "decimals": 2},
    ),
    stat(
        title="Last run",
        height=TILE_HEIGHT,
        description="Time since the end of the last run, whole or partial. If it is longer than usual between two "
        "runs, results no longer arrive: the dashboard Pipeline shows where they stop.",
        queries=(Query(expr=f"time() - {ended(OF_SUITE)} or on () 0 * {_EVER} - 1 or on () vector(-2)", now=True),),
        unit="s",
        empty="Prometheus does not answer",
        thresholds=_AGE,
        defaults={"decimals": 0, "mappings": [as_words({"-1": NO_RUN, "-2": "no run was ever sent"})]},
    ),
)

_FINDINGS: tuple[Panel, ...] = (
    rows_of(
        "Verdicts of the last run (100 at most)",
        "Confirmed verdicts of the last whole run, of all test types, the highest factor first. The factor is how many "
        "times as much as usual was found, or how many times the limit; 1 if nothing is compared. Cause is what grew "
        "most. Runs is the number of whole runs in the time range with this verdict: 1 means that it is new. The "
        "report of the run has the whole reason: paceline report.",
        "No verdict. If the tiles above are empty too: choose a longer time range, or send a run with "
        "pytest --paceline --paceline-push http://EXPORTER:10464. If you did, see the dashboard Pipeline.",
        (
            TableColumn(name="Factor", expr=_FOUND, unit=TIMES, thresholds=FACTOR),
            TableColumn(
                name="Runs",
                expr=f"0 * {_FOUND} + on (kind, test, subject) group_left () {_RUNS_WITH_IT}",
                unit="none",
            ),
        ),
        overrides=(
            TO_TEST,
            CAUSE,
            *(
                Override(matcher="byName", pattern=name, properties={"custom.width": width, "custom.filterable": True})
                for name, width in {"Verdict": 150, "About": 230}.items()
            ),
        ),
        height=12,
    ),
)

_NOW: tuple[Panel, ...] = (
    bars(
        title="Verdicts by kind",
        description="Confirmed verdicts of the last whole run, by kind, of all test types. The tables below name the "
        "tests.",
        queries=(
            Query(
                expr=f"sort_desc({_VERDICTS} > 0) or on () "
                f'label_replace(0 * {cases(TRIED)}, "kind", "nothing was found", "", "")',
                legend="{{kind}}",
                now=True,
            ),
        ),
        unit="none",
        empty=NO_RUN,
        width=6,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 1)),
        defaults={"min": 0, **_named("kind")},
    ),
    bars(
        title="Within budget",
        description="Share of the tests of the last whole run that kept their budget, by test type. The table Over "
        "their budget names the others.",
        queries=(
            Query(
                expr=f"avg by (test_type) ({by_test(at_end('paceline_test_budget_used_ratio'))} <= bool 1)",
                legend="{{test_type}}",
                now=True,
            ),
        ),
        unit="percentunit",
        empty="no test has a budget, or no run in this time range",
        width=6,
        thresholds=SHARE_PASSED,
        defaults={"min": 0, "max": 1, "decimals": 1, **_named("test_type")},
    ),
    rows_of(
        "Alerts",
        "Up to 50 alerts of this suite that fire now, with the time since they began and the test, if the alert is "
        "about a test. The most severe come first. The rules in Prometheus judge runs as they arrive, so an imported "
        "history, such as the one of the demonstration, has verdicts and no alerts.",
        "no alert fires; rules judge runs as they arrive, not an imported past",
        (
            TableColumn(
                name="Severity",
                expr=_WORST_ALERTS,
                unit="none",
                thresholds=(Threshold("text"), Threshold(colors.WARNING, 2), Threshold(colors.BAD, 3)),
                mappings=(as_words({"1": "info", "2": "warning", "3": "critical"}),),
            ),
            TableColumn(
                name="For",
                expr=f"time() - {_by_alert(_of_alerts('ALERTS_FOR_STATE'))} and on (alertname, test) {_WORST_ALERTS}",
                unit="s",
                letters=len("23.5 hours"),
            ),
        ),
        overrides=(TO_TEST,),
        width=12,
        height=8,
    ),
)

_WHOLE = ',partial="false"'
_LEGEND = {"legend": True, "tooltip": False, "viz": False}
_TOOLTIP = {"legend": False, "tooltip": True, "viz": False}

# The commit last: it is wide, and a phone would show nothing beside it.
_OF_LAST_RUNS = {
    "Time": "Ended",
    "outcome": "Outcome",
    "partial": "Run",
    "Value #A": "Took",
    "Value #B": "Failed",
    "Value #C": "Verdicts",
    "commit": "Commit",
}

_LAST_RUNS = table(
    title="Last runs (20 at most)",
    description="The latest runs in the time range, whole and partial, the newest first. Failed and Verdicts are of "
    "whole runs. A time is that of a point in the graphs, up to 1/4000 of the time range before the end of the run.",
    queries=(
        Query(expr=_runs(OF_SUITE, "commit, outcome, partial"), is_table=True),
        Query(expr=_sum_of_outcomes(each_run("paceline_run_cases", f"{WHOLE},{FAILURES}")), is_table=True),
        Query(expr=f"sum({_VERDICTS_OF_RUNS})", is_table=True),
    ),
    unit="none",
    empty=NO_RUN,
    points=EACH_RUN,
    height=8,
    transformations=(
        {"id": "merge", "options": {}},
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "Time", "desc": True}]}},
        {"id": "limit", "options": {"limitField": 20}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(_OF_LAST_RUNS)},
                "renameByName": _OF_LAST_RUNS,
            },
        },
    ),
    overrides=(
        Override(matcher="byName", pattern="Took", properties={"unit": "s"}),
        # As wide as a whole hash.
        Override(matcher="byName", pattern="Commit", properties={"custom.width": 370}),
        WHOLE_OR_PART,
        *(
            Override(
                matcher="byName",
                pattern=name,
                properties={
                    "thresholds": as_thresholds((Threshold("text"), Threshold(color, 1))),
                    "custom.displayMode": "color-text",
                    "noValue": "\N{EN DASH}",
                },
            )
            for name, color in {"Failed": colors.BAD, "Verdicts": colors.WARNING}.items()
        ),
    ),
)

_RUNS: tuple[Panel, ...] = (
    _LAST_RUNS,
    per_run(
        title="Duration of each run",
        description="Each point is a run. Its tooltip has the commit. The line joins whole runs. Orange runs did not "
        "pass, grey runs are partial. If several runs are closer together than 1/4000 of the time range, only the last "
        "has a point. Compare a step with the panel Machine slowdown of each run before you look for a cause in the "
        "code.",
        queries=(
            Query(expr=_points('partial!="true"'), legend="{{outcome}} {{commit}}"),
            Query(expr=_points('partial="true"'), legend="{{outcome}} {{commit}}, a part of the suite"),
            Query(expr=f"max({_EACH_WHOLE_RUN})", legend="whole runs"),
        ),
        unit="s",
        empty=NO_RUN,
        custom={"drawStyle": "points", "pointSize": 7, "showPoints": "always"},
        defaults={"color": fixed(colors.GOOD), "min": 0},
        overrides=(
            Override(matcher="byRegexp", pattern="/^(?!passed)/", properties={"color": fixed(colors.WARNING)}),
            *in_colors(B=colors.QUIET, C=colors.QUIET),
            # A name for each commit would fill the legend; the line of all of them gives last, least and most.
            *(
                Override(matcher="byFrameRefID", pattern=points, properties={"custom.hideFrom": _LEGEND})
                for points in "AB"
            ),
            Override(
                matcher="byFrameRefID",
                pattern="C",
                properties={"custom.drawStyle": "line", "custom.showPoints": "never", "custom.hideFrom": _TOOLTIP},
            ),
        ),
        options={
            "legend": {
                "displayMode": "list",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["lastNotNull", "min", "max"],
            },
            "tooltip": {"mode": "single", "sort": "none"},
        },
    ),
    per_run(
        title="Machine slowdown of each run",
        description="How many times slower than usual the machine was, by the durations of the tests and by a fixed "
        "calibration. If both rise, the machine was slower. If only the tests and the ratio of tests to calibration "
        "rise, the code is slower.",
        queries=(
            Query(expr=f"max({each_run(_SLOWDOWN, OF_SUITE)})", legend="by the tests"),
            Query(expr=_beside_its_median("paceline_run_machine_calibration_seconds"), legend="by the calibration"),
            Query(expr=_beside_its_median("paceline_run_pace"), legend="tests beside calibration"),
        ),
        unit=TIMES,
        empty="not known yet",
        thresholds=SLOWDOWN,
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING, C=colors.PURPLE),
    ),
    per_run(
        title="Passed in each run",
        description="Share of the tests of each whole run that passed, of the chosen test types, without skipped "
        "tests.",
        queries=(Query(expr=f"avg({_PASSED_IN_WHOLE_RUNS})", legend="passed"),),
        unit="percentunit",
        empty=NO_RUN,
        # A scale from the lowest value on would make a cliff of 99.94%.
        custom={**DRAWING, "axisSoftMin": 0.9},
        defaults={"color": fixed(colors.GOOD), "max": 1},
    ),
    per_run(
        title="Calls of each run",
        description="Calls of functions of the project in all tests, in whole runs that counted all of them "
        "(--paceline-work all). They do not depend on the machine: a step is a change of the code, of a dependency or "
        "of the tests. The verdicts named work name the function.",
        queries=(Query(expr=f"max({each_run('paceline_run_calls', OF_SUITE + _WHOLE)})", legend="calls"),),
        unit="short",
        empty="no run counted the calls of all tests",
        custom={"lineInterpolation": "stepAfter"},
        defaults={"color": fixed(colors.BLUE)},
    ),
    stacked_per_run(
        title="Verdicts, run after run",
        description="Confirmed verdicts of whole runs, by kind. Each bar is a span of time, and shows its last run. "
        "A kind that stays is a finding that nobody has fixed.",
        queries=(Query(expr=f"{_VERDICTS_OF_RUNS} > 0", legend="{{kind}}"),),
        unit="none",
        empty="nothing was found, or no run in this time range",
        width=24,
        options=BY_NAMES,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=tuple(
            Override(matcher="byName", pattern=kind.value, properties={"color": fixed(kind.facts.color)})
            for kind in FAILING_KINDS
        ),
    ),
)


def _of_endpoints(metric: str, which: str = "") -> str:
    return f"max by (endpoint) ({at_end(metric, f'{OF_SUITE}{which}')})"


_ENDPOINTS: tuple[Panel, ...] = (
    rows_of(
        "Endpoints",
        "Response times of the endpoints of the application over all tests of the last run that called it, the slowest "
        "first. An endpoint is method and route; requests without a route are together.",
        "no test asked an endpoint of Starlette, FastAPI, Flask or Django",
        (
            TableColumn(name="Mean", expr=_of_endpoints("paceline_endpoint_seconds", ',stat="mean"'), unit="s"),
            TableColumn(name="Slowest", expr=_of_endpoints("paceline_endpoint_seconds", ',stat="max"'), unit="s"),
            TableColumn(name="Requests", expr=_of_endpoints("paceline_endpoint_requests"), unit="short"),
            TableColumn(name="Errors", expr=_of_endpoints("paceline_endpoint_errors"), unit="short"),
        ),
    ),
)

SUITE = Dashboard(
    uid="paceline-suite",
    title="Suite",
    description="Is the suite healthy, and what changed?",
    variables=(*of_suite(), END_VARIABLE),
    rows=(
        Row("What is wrong?", (*_HEALTH, *_FINDINGS, *_NOW)),
        Row("What changed?", CHANGES),
        Row("Run after run", _RUNS),
        Row("Slowest tests, growing tests, memory", STATES, is_closed=True),
        Row("Endpoints", _ENDPOINTS, is_closed=True),
    ),
    since="now-14d",
    refresh="5m",
)

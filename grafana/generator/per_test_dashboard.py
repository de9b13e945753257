"""
Test: the life of one test.
"""

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.panel import TIMES, Override, Panel, Query, Threshold, fixed, in_colors
from grafana.generator.panel_kinds import FROM_ZERO, TILE_HEIGHT, per_run, stacked_per_run, stat, tile, timeline
from grafana.generator.per_test_usage_panels import TOUCHED, USED, each
from grafana.generator.promql import SUITE as OF_SUITE
from grafana.generator.promql import TEST as OF_TEST
from grafana.generator.promql import at_end, each_run, held, last, over, usual_at_end
from grafana.generator.tables import CAUSE, FACTOR, TableColumn, rows_of
from grafana.generator.variables import END_VARIABLE, TEST_VARIABLE, of_suite
from paceline import colors

_NO_RUN, _NO_PASS = "no run of this test in this time range", "no run that passed in this time range"
# In tiles, which shrink longer texts.
_NO_RUN_SHORT, _NO_PASS_SHORT = "no run of this test", "no run passed"
_DURATION = "paceline_test_duration_seconds"
_NORMALIZED = "paceline_test_normalized_duration_seconds"
_PASSED = "paceline_test_passed"
_SHARE = (Threshold(colors.BAD), Threshold(colors.WARNING, 0.9), Threshold(colors.GOOD, 1))
_STEP = (Threshold(colors.GOOD), Threshold(colors.WARNING, 1.15), Threshold(colors.BAD, 2))


def _now(expr: str) -> tuple[Query]:
    return (Query(expr=f"max({expr})", now=True),)


def _quantile(share: float, window: str) -> str:
    return f"max(quantile_over_time({share}, {_NORMALIZED}{{{OF_TEST}}}[{window}]))"


# Without samples, a timeline of Grafana 9 shows "no data" instead of the text of the panel; and a single run that has
# just ended is too narrow to be seen.
_NOTHING_AT_ALL = (
    f"(vector(-1) unless on () count_over_time({_PASSED}{{{OF_TEST}}}[$__range] @ end() offset -$__interval))"
)
_NOTHING_YET = f"(vector(-2) unless on () last_over_time({_PASSED}{{{OF_TEST}}}[$__range]))"
# As judgement takes it, so that a spike in a short past hides nothing.
_OF_BAND = "1h"
_TIMES_USUAL = f"max({each_run(_NORMALIZED, OF_TEST)}) / scalar(max({usual_at_end(_NORMALIZED, OF_TEST)}))"
_HIGH, _AT_MOST = _quantile(0.95, "14d"), f"1.3 * {_quantile(0.5, '14d')}"


def _of_each_run(metric: str) -> tuple[Query]:
    return (Query(expr=held(each(metric, "").expr), legend="each run"),)


_BROKE: tuple[Panel, ...] = (
    tile(
        title="Took",
        description="Duration of the call phase in the last run that passed.",
        queries=_of_each_run(_DURATION),
        unit="s",
        empty=_NO_PASS_SHORT,
    ),
    tile(
        title="Share of its budget",
        description="The latest call phase as a share of the budget, also if the test failed. Above 100%, the budget "
        "is broken.",
        queries=_of_each_run("paceline_test_budget_used_ratio"),
        unit="percentunit",
        empty="no budget, or no run",
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 0.8), Threshold(colors.BAD, 1)),
        defaults={**FROM_ZERO, "decimals": 0},
    ),
    tile(
        title="Compared with usual",
        description="The latest normalised time divided by its median in the time range. Look at the test from 1.15 "
        "on; 2 is critical.",
        queries=(Query(expr=held(_TIMES_USUAL), legend="each run"),),
        unit=TIMES,
        empty=_NO_PASS_SHORT,
        thresholds=_STEP,
        defaults={**FROM_ZERO, "decimals": 2},
    ),
    stat(
        title="Passed",
        height=TILE_HEIGHT,
        description="Share of the runs in the time range in which the test passed.",
        queries=_now(over("avg_over_time", _PASSED, OF_TEST)),
        unit="percentunit",
        empty=_NO_RUN_SHORT,
        thresholds=_SHARE,
        defaults={"decimals": 1},
    ),
    stat(
        title="Most attempts",
        height=TILE_HEIGHT,
        description="The highest number of attempts in one run of the time range. A test that passes after more than "
        "one attempt is flaky.",
        queries=_now(over("max_over_time", "paceline_test_attempts", OF_TEST)),
        unit="none",
        empty=_NO_RUN_SHORT,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 2)),
    ),
    stat(
        title="Runs",
        height=TILE_HEIGHT,
        description="Number of runs in the time range that tried the test. Judgement needs at least eight.",
        queries=_now(over("count_over_time", _PASSED, OF_TEST)),
        unit="none",
        empty=_NO_RUN_SHORT,
        thresholds=(Threshold(colors.WARNING), Threshold(colors.GOOD, 8)),
    ),
    timeline(
        title="Passed and failed",
        description="Outcome of each run, the oldest on the left: blue is passed, dark orange is failed. Grey is the "
        "time before the first run, or no run at all. Many changes on unchanged code mean a flaky test.",
        queries=(Query(expr=f"{each(_PASSED, '').expr} or {_NOTHING_AT_ALL} or {_NOTHING_YET}", legend="outcome"),),
        unit="none",
        empty=_NO_RUN,
        defaults={
            # Those of the mappings: by steps, Grafana 9 leaves them out.
            "color": fixed(colors.QUIET),
            "mappings": [
                {
                    "type": "value",
                    "options": {
                        "-2": {"text": "no run before", "color": colors.QUIET, "index": 3},
                        "-1": {"text": _NO_RUN, "color": colors.QUIET, "index": 2},
                        "0": {"text": "failed", "color": colors.BAD, "index": 0},
                        "1": {"text": "passed", "color": colors.GOOD, "index": 1},
                    },
                }
            ],
        },
    ),
)

_FOUND = f'{OF_SUITE},test=${{test:json}},kind!="unconfirmed"'
_FACTORS = "paceline_run_verdict_factor"


def _by_verdict(expr: str) -> str:
    return f"max by (kind, subject, cause) ({expr})"


_VERDICTS = rows_of(
    "Verdicts on this test",
    "Confirmed verdicts on this test in the time range, the highest factor first. The factor is how many times as much "
    "as usual, or as the limit, was found in the last run with the verdict. Runs is the number of runs with the "
    "verdict, and Now says whether the last whole run of the suite has it.",
    "no verdict on this test in this time range",
    (
        TableColumn(name="Factor", expr=_by_verdict(last(_FACTORS, _FOUND)), unit=TIMES, thresholds=FACTOR),
        TableColumn(name="Runs", expr=_by_verdict(over("count_over_time", _FACTORS, _FOUND)), unit="none"),
        TableColumn(
            name="Now",
            expr=f"0 * {_by_verdict(at_end(_FACTORS, _FOUND))} + 1 or 0 * {_by_verdict(last(_FACTORS, _FOUND))}",
            unit="bool_yes_no",
        ),
    ),
    overrides=(CAUSE,),
    height=6,
)

_TIME: tuple[Panel, ...] = (
    per_run(
        title="Normalised time, and usual time",
        description="The call phase without the wait for a CPU and without the effect of the machine's speed. The "
        "band is the usual range in the 14 days before: from the 5% quantile to the 95% quantile, or to 1.3 times the "
        "median if that is less. Points that stay above the band are a regression; single points above it are "
        "outliers.",
        queries=(
            each(_NORMALIZED, "normalised"),
            Query(expr=f"{_AT_MOST} < {_HIGH} or {_HIGH}", legend="usually at most", step=_OF_BAND),
            Query(expr=_quantile(0.05, "14d"), legend="usually at least", step=_OF_BAND),
        ),
        unit="s",
        empty=_NO_PASS,
        defaults={"min": 0},
        overrides=(
            *in_colors(A=colors.GOOD),
            Override(
                matcher="byRegexp",
                pattern="/usually/",
                properties={"color": fixed(colors.QUIET), "custom.showPoints": "never", "custom.lineWidth": 0},
            ),
            Override(
                matcher="byName",
                pattern="usually at most",
                properties={"custom.fillBelowTo": "usually at least", "custom.fillOpacity": 25},
            ),
        ),
    ),
    per_run(
        title="Time by the clock, and budget",
        description="Duration of the call phase of each run that passed, and the budget. The duration includes the "
        "wait for a CPU and is longer on a slow machine.",
        queries=(each(_DURATION, "took"), each("paceline_test_budget_seconds", "budget")),
        unit="s",
        empty=_NO_PASS,
        defaults={"min": 0},
        overrides=(
            *in_colors(A=colors.GOOD),
            Override(
                matcher="byName",
                pattern="budget",
                properties={
                    "color": fixed(colors.BAD),
                    "custom.showPoints": "never",
                    "custom.lineStyle": {"fill": "dash", "dash": [10, 10]},
                },
            ),
        ),
    ),
    per_run(
        title="Lasting changes",
        description="The normalised median of three days divided by the median of the three days before. It peaks a "
        "day or two after a lasting change of the test, and stays near 1 for outliers and noise.",
        queries=(
            Query(
                expr=f"{_quantile(0.5, '3d')} / max(quantile_over_time(0.5, {_NORMALIZED}{{{OF_TEST}}}[3d] offset 3d))",
                legend="step",
                step="1h",
            ),
        ),
        unit=TIMES,
        empty="needs runs on more than three days",
        thresholds=_STEP,
        custom={
            "drawStyle": "line",
            "lineWidth": 1,
            "spanNulls": True,
            "showPoints": "never",
            "thresholdsStyle": {"mode": "dashed"},
        },
        defaults={"color": fixed(colors.PURPLE)},
    ),
)

_PHASES = stacked_per_run(
    title="Phases",
    description="Setup, call and teardown of runs that passed, stacked. Each bar is a span of time, and shows its last "
    "run. If setup is the largest part, look at the fixtures.",
    queries=(
        each("paceline_test_setup_seconds", "setup"),
        each(_DURATION, "call"),
        each("paceline_test_teardown_seconds", "teardown"),
    ),
    unit="s",
    empty=_NO_PASS,
    overrides=in_colors(A=colors.WARNING, B=colors.GOOD, C=colors.PURPLE),
)

TEST = Dashboard(
    uid="paceline-test",
    title="Test",
    description="Duration, budget, usage and changes of one test.",
    variables=(*of_suite(), TEST_VARIABLE, END_VARIABLE),
    rows=(
        Row("What is wrong?", (*_BROKE, _VERDICTS)),
        Row("What changed?", (*_TIME, _PHASES)),
        Row("Why? What the test used", USED),
        *TOUCHED,
    ),
    since="now-90d",
    # Of the test, and of the suite as a whole.
    alerts=(f"{OF_SUITE},test=${{test:json}}", f'{OF_SUITE},test=""'),
)

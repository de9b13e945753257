"""
Load and stress: what one load or stress test found, run by run.
"""

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.panel import Override, Panel, Query, Threshold, in_colors
from grafana.generator.panel_kinds import FROM_ZERO, heatmap, per_run, tile
from grafana.generator.promql import SUITE as OF_SUITE
from grafana.generator.promql import TEST as OF_TEST
from grafana.generator.promql import TESTS, each_run, held, usual_at_end
from grafana.generator.variables import labels, of_suite
from paceline import colors

_NO_LOAD, _NO_STRESS = "no load test in this time range", "no stress test in this time range"
_NO_LOAD_SHORT = "no load test"
_LATENCY = "paceline_load_latency_seconds"
_PER_SECOND = "reqps"
_FEWER = (Threshold(colors.BAD), Threshold(colors.WARNING, 0.7), Threshold(colors.GOOD, 0.9))
_LONGER = (Threshold(colors.GOOD), Threshold(colors.WARNING, 1.2), Threshold(colors.BAD, 2))


def _of_each_run(expr: str) -> tuple[Query]:
    return (Query(expr=held(f"max({expr})"), legend="each run"),)


def _compared_with_usual(metric: str, selected: str) -> tuple[Query]:
    return _of_each_run(f"{each_run(metric, selected)} / {usual_at_end(metric, selected)}")


def _of(percentile: int) -> str:
    return f'{OF_TEST},percentile="{percentile}"'


def _each(metric: str, legend: str, selected: str = OF_TEST) -> Query:
    return Query(expr=f"max by (load) ({each_run(metric, selected)})", legend=f"{{{{load}}}} {legend}")


_WITHIN = f"sum by (within) ({each_run('paceline_load_requests_within', OF_TEST)})"
_BY_BOUND = f'label_replace({_WITHIN}, "le", "$1", "within", "(.*)")'
_ERRORS = f"{each_run('paceline_load_failures', OF_TEST)} / {each_run('paceline_load_requests', OF_TEST)}"

_LATEST: tuple[Panel, ...] = (
    tile(
        title="Throughput",
        description="Successful requests per second in the latest load test.",
        queries=_of_each_run(each_run("paceline_load_throughput", OF_TEST)),
        unit=_PER_SECOND,
        empty=_NO_LOAD_SHORT,
    ),
    tile(
        title="Throughput, of usual",
        description="The latest throughput divided by its median in the time range. Below 0.9, look at the server.",
        queries=_compared_with_usual("paceline_load_throughput", OF_TEST),
        unit="percentunit",
        empty=_NO_LOAD_SHORT,
        thresholds=_FEWER,
        defaults={**FROM_ZERO, "decimals": 0},
    ),
    tile(
        title="95% latency",
        description="Time from the due time of a request to the end of its answer; 95 of 100 successful requests were "
        "quicker.",
        queries=_of_each_run(each_run(_LATENCY, _of(95))),
        unit="s",
        empty=_NO_LOAD_SHORT,
    ),
    tile(
        title="95% latency, of usual",
        description="The latest 95% latency divided by its median in the time range. From 1.2 on, look at the server.",
        queries=_compared_with_usual(_LATENCY, _of(95)),
        unit="percentunit",
        empty=_NO_LOAD_SHORT,
        thresholds=_LONGER,
        defaults={**FROM_ZERO, "decimals": 0},
    ),
    tile(
        title="Errors",
        description="Share of the requests without a correct answer, also those without an answer when the test ended.",
        queries=_of_each_run(_ERRORS),
        unit="percentunit",
        empty=_NO_LOAD_SHORT,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 0.001), Threshold(colors.BAD, 0.01)),
        defaults={**FROM_ZERO, "decimals": 2},
    ),
    tile(
        title="Highest load carried",
        description="The highest load of the latest stress test that did not fail, in users or requests per second.",
        queries=_of_each_run(each_run("paceline_stress_max_load", OF_TEST)),
        unit="none",
        empty="no stress test",
    ),
)

_RUN_BY_RUN: tuple[Panel, ...] = (
    per_run(
        title="Latency",
        description="Quantiles of the latency of each run, of the requests that succeeded. If 99% rises alone, "
        "requests wait for one another; if all three rise, each request takes longer.",
        queries=(
            _each(_LATENCY, "50%", _of(50)),
            _each(_LATENCY, "95%", _of(95)),
            _each(_LATENCY, "99%", _of(99)),
        ),
        unit="s",
        empty=_NO_LOAD,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING, C=colors.BAD),
    ),
    heatmap(
        title="Distribution of the latency",
        description="A column for each run: how many requests took how long. Two dark bands in a column are two kinds "
        "of requests, or a cache that some of them miss.",
        queries=(Query(expr=_BY_BOUND, legend="{{le}}", is_heatmap=True),),
        unit="none",
        empty=_NO_LOAD,
    ),
    per_run(
        title="Throughput of each run",
        description="Successful requests per second. With a constant rate, a lower value means failures.",
        queries=(_each("paceline_load_throughput", "succeeded"),),
        unit=_PER_SECOND,
        empty=_NO_LOAD,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD),
    ),
    per_run(
        title="Requests and failures",
        description="All requests of each run, and requests without a correct answer.",
        queries=(_each("paceline_load_requests", "requests"), _each("paceline_load_failures", "failures")),
        unit="short",
        empty=_NO_LOAD,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.BAD),
    ),
    per_run(
        title="Lag of the generator",
        description="Delay of requests behind their due time, 99% quantile. If the lag is close to the "
        "latency, the machine of the generator is too busy and the latency is partly its own.",
        queries=(_each("paceline_load_generator_lag_seconds", "lag"), _each(_LATENCY, "99% latency", _of(99))),
        unit="s",
        empty=_NO_LOAD,
        defaults={"min": 0},
        overrides=in_colors(A=colors.WARNING, B=colors.QUIET),
    ),
    per_run(
        title="Users",
        description="Users of each load test. Figures of runs with different users cannot be compared.",
        queries=(_each("paceline_load_users", "users"),),
        unit="short",
        empty=_NO_LOAD,
        defaults={"min": 0},
        overrides=in_colors(A=colors.PURPLE),
    ),
    per_run(
        title="Duration and lost workers",
        description="Duration of each load test, and number of workers that were lost before its end. The other "
        "figures of such a run are those of the remaining workers.",
        queries=(
            _each("paceline_load_duration_seconds", "duration"),
            _each("paceline_load_workers_lost", "workers lost"),
        ),
        unit="s",
        empty=_NO_LOAD,
        defaults={"min": 0},
        overrides=(
            *in_colors(A=colors.QUIET, B=colors.BAD),
            Override(matcher="byFrameRefID", pattern="B", properties={"unit": "none", "custom.axisPlacement": "right"}),
        ),
    ),
    per_run(
        title="Capacity",
        description="The highest load of each stress test that did not fail, and the lowest that failed. Without a "
        "breaking point, the test did not try enough load.",
        queries=(_each("paceline_stress_max_load", "carried"), _each("paceline_stress_breaking_point", "failed")),
        unit="short",
        empty=_NO_STRESS,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.BAD),
    ),
)

_WITH_LOAD = f'paceline_test_measure{{{TESTS},measure=~"(load|stress)_.+"}}'

LOAD = Dashboard(
    uid="paceline-load",
    title="Load and stress",
    description="Throughput, latency, errors and capacity of one load or stress test.",
    variables=(*of_suite(), labels("test", "Test", "test", _WITH_LOAD)),
    rows=(Row("Latest run", _LATEST), Row("Run by run", _RUN_BY_RUN)),
    since="now-90d",
    alerts=(f"{OF_SUITE},test=${{test:json}}", f'{OF_SUITE},test=""'),
)

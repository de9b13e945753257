"""
Benchmarks: what one call of each function takes, group by group, and what leak tests found.
"""

from collections.abc import Mapping
from functools import partial

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.panel import TIMES, Override, Panel, Query, Threshold, in_colors
from grafana.generator.panel_kinds import DRAWING, OF_TESTS, per_run
from grafana.generator.promql import SUITE as OF_SUITE
from grafana.generator.promql import TEST as OF_TEST
from grafana.generator.promql import TESTS, each_run, last, usual
from grafana.generator.tables import TableColumn, ranking
from grafana.generator.variables import labels, of_suite
from paceline import colors

_NO_BENCHMARK, _NO_LEAK_TEST = "no benchmark in this time range", "no leak test in this time range"
_SECONDS = "paceline_benchmark_seconds"
_OF_GROUP = f'{TESTS},group=~"$group"'
_LONGER = (Threshold(colors.GOOD), Threshold(colors.WARNING, 1.15), Threshold(colors.BAD, 1.5))
_KEPT = (Threshold(colors.GOOD), Threshold(colors.BAD, 1))
_BENCHMARK = "{{test}} {{benchmark}}"


def _of(stat: str, selected: str = _OF_GROUP) -> str:
    return f'{selected},stat="{stat}"'


def _by_benchmark(expr: str) -> str:
    return f"max by (test, benchmark) ({expr})"


def _each(metric: str, selected: str = _OF_GROUP) -> Query:
    return Query(expr=_by_benchmark(each_run(metric, selected)), legend=_BENCHMARK)


def _of_one(stat: str) -> str:
    return f"max by (benchmark) ({each_run(_SECONDS, _of(stat, OF_TEST))})"


def _shades(color: str) -> Mapping[str, str]:
    return {"mode": "shades", "fixedColor": color}


def _by_leak_test(expr: str) -> str:
    return f"max by (test, leak) ({expr})"


_LATEST_MEDIANS = _by_benchmark(last(_SECONDS, _of("median")))

_USUAL_MEDIANS = _by_benchmark(usual(_SECONDS, _of("median")))

_LATEST: tuple[Panel, ...] = (
    ranking(
        "Medians of the latest runs",
        "Median time of one call in the latest run of each benchmark, by the clock, and the median of the runs in the "
        "time range. From a factor of 1.5 on, a benchmark is a regression, if the machine does not explain it. Choose "
        "one group to compare functions that do the same.",
        _NO_BENCHMARK,
        (
            TableColumn(name="Factor", expr=f"{_LATEST_MEDIANS} / {_USUAL_MEDIANS}", unit=TIMES, thresholds=_LONGER),
            TableColumn(name="Median", expr=_LATEST_MEDIANS, unit="s"),
            TableColumn(name="Usually", expr=_USUAL_MEDIANS, unit="s"),
        ),
    ),
)

# Of functions that do different things, the quick ones would be a line at 0.
_LOGARITHMIC = {**DRAWING, "scaleDistribution": {"type": "log", "log": 10}}
_chart = partial(per_run, **OF_TESTS)

_RUN_BY_RUN: tuple[Panel, ...] = (
    _chart(
        title="Operations per second",
        description="Calls per second of the median round of each run. A benchmark that falls alone became slower; if "
        "all fall, the machine did.",
        queries=(
            Query(
                expr=f"1 / ({_by_benchmark(each_run(_SECONDS, _of('median')))} > 0)",
                legend=_BENCHMARK,
            ),
        ),
        unit="ops",
        empty=_NO_BENCHMARK,
        custom=_LOGARITHMIC,
        defaults={"color": _shades(colors.GOOD)},
    ),
    _chart(
        title="CPU time of a call",
        description="CPU time of one call. If the median rises and the CPU time does not, the function waits longer.",
        queries=(_each(_SECONDS, _of("cpu")),),
        unit="s",
        empty="no CPU time of a benchmark in this time range",
        custom=_LOGARITHMIC,
        defaults={"color": _shades(colors.PURPLE)},
    ),
    _chart(
        title="Memory peak of a call",
        description="Highest memory that Python had allocated during one call, above the start of the call.",
        queries=(_each("paceline_benchmark_memory_peak_bytes"),),
        unit="bytes",
        empty="no memory of a benchmark in this time range",
        defaults={"min": 0, "color": _shades(colors.WARNING)},
    ),
    _chart(
        title="Memory blocks left by a call",
        description="Blocks of memory that one call leaves allocated. If it stays above 0, write a leak test.",
        queries=(_each("paceline_benchmark_allocated_blocks"),),
        unit="none",
        empty="no memory of a benchmark in this time range",
        defaults={"color": _shades(colors.QUIET)},
    ),
)

_EDGES = tuple(
    Override(
        matcher="byFrameRefID",
        pattern=ref,
        properties={"custom.showPoints": "never", "custom.lineStyle": {"fill": "dash", "dash": [10, 10]}},
    )
    for ref in "BC"
)

_ONE: tuple[Panel, ...] = (
    per_run(
        title="Median and interquartile range",
        description="Median time of one call in each run, the interquartile range of its rounds as a band around it "
        "(its edges are dashed), and the minimum. A wide band means a busy machine, or a function with two paths.",
        queries=(
            Query(expr=_of_one("median"), legend="{{benchmark}} median"),
            Query(expr=f"{_of_one('median')} + {_of_one('iqr')} / 2", legend="{{benchmark}} upper"),
            Query(expr=f"{_of_one('median')} - {_of_one('iqr')} / 2", legend="{{benchmark}} lower"),
            Query(expr=_of_one("min"), legend="{{benchmark}} minimum"),
        ),
        unit="s",
        empty=_NO_BENCHMARK,
        width=24,
        defaults={"min": 0},
        overrides=(*in_colors(A=colors.GOOD, B=colors.QUIET, C=colors.QUIET, D=colors.PURPLE), *_EDGES),
    ),
)

_LEAKS: tuple[Panel, ...] = (
    _chart(
        title="Memory kept by a call",
        description="Bytes that one call of each leak test keeps; 0 without a leak of memory.",
        queries=(
            Query(
                expr=_by_leak_test(each_run("paceline_leak_bytes_per_iteration")),
                legend="{{test}} {{leak}}",
            ),
        ),
        unit="bytes",
        empty=_NO_LEAK_TEST,
        defaults={"min": 0, "color": _shades(colors.WARNING)},
    ),
    ranking(
        "Resources that leak",
        "Number of resources that leak in the latest run of each leak test: memory, descriptors, threads, tasks. The "
        "report of the run names them, with the line that allocates.",
        _NO_LEAK_TEST,
        (
            TableColumn(
                name="Resources", expr=_by_leak_test(last("paceline_leak_resources")), unit="none", thresholds=_KEPT
            ),
        ),
        width=12,
        height=8,
    ),
)

_EVERY_GROUP = {
    "includeAll": True,
    "multi": True,
    # A benchmark without a group has no such label.
    "allValue": ".*",
    "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
}

BENCHMARKS = Dashboard(
    uid="paceline-benchmarks",
    title="Benchmarks",
    description="Time, operations per second and memory of benchmarks, group by group, and what leak tests found.",
    variables=(
        *of_suite(),
        labels("group", "Group", "group", f"{_SECONDS}{{{TESTS}}}", **_EVERY_GROUP),
        labels("test", "Benchmark", "test", f"{_SECONDS}{{{_OF_GROUP}}}"),
    ),
    rows=(
        Row("Latest run of each benchmark", _LATEST),
        Row("Run by run", _RUN_BY_RUN),
        Row("One benchmark", _ONE),
        Row("Leak tests", _LEAKS),
    ),
    since="now-90d",
    alerts=(f"{OF_SUITE},test=${{test:json}}", f'{OF_SUITE},test=""'),
)

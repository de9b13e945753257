"""
Test, the panels of what it used.
"""

from grafana.generator import colors
from grafana.generator.panel import Override, Panel, Query, fixed, in_colors
from grafana.generator.panel_kinds import per_run
from grafana.generator.promql import TEST as OF_TEST
from grafana.generator.promql import each_run

_NOT_MEASURED = "not measured for this test, or no run that passed in this time range"
# Names and units that figures of tests often have.
_MEASURE_COLORS = {
    "quer": colors.GOOD,
    "request|call": colors.WARNING,
    "byte|size": colors.GREEN,
    "row|item|record": colors.PURPLE,
    "error|retr": colors.BAD,
}


def each(metric: str, legend: str) -> Query:
    """
    The figure of a metric in each run of the test.
    """
    return Query(expr=f"max({each_run(metric, OF_TEST)})", legend=legend)


def _usage(title: str, description: str, unit: str, metrics: dict[str, str]) -> Panel:
    shades = (colors.GOOD, colors.WARNING, colors.GREEN, colors.PURPLE, colors.SKY)
    refs = dict(zip("ABCDE", shades, strict=True))
    return per_run(
        title=title,
        description=description,
        queries=tuple(each(f"paceline_test_{name}", legend) for name, legend in metrics.items()),
        unit=unit,
        empty=_NOT_MEASURED,
        overrides=in_colors(**dict(list(refs.items())[: len(metrics)])),
        width=8,
    )


USED: tuple[Panel, ...] = (
    _usage(
        "CPU",
        "CPU time of each run: in total, in user code, in the kernel and in child processes. If the duration rises "
        "and the CPU time does not, the test waits.",
        "s",
        {
            "cpu_seconds": "all",
            "cpu_user_seconds": "own code",
            "cpu_system_seconds": "kernel",
            "children_cpu_user_seconds": "children",
            "children_cpu_system_seconds": "children in the kernel",
        },
    ),
    _usage(
        "Wait for a CPU",
        "Time in which the test was ready to run and had no CPU. The machine causes this wait, so judgement subtracts "
        "it.",
        "s",
        {"cpu_wait_seconds": "waited"},
    ),
    _usage(
        "Memory",
        "Peak memory above the start of the test, and memory kept after its teardown. Memory kept in every run is a "
        "leak.",
        "bytes",
        {"memory_peak_bytes": "peak", "memory_retained_bytes": "kept"},
    ),
    _usage(
        "Disk",
        "Bytes that the test read from disk and wrote to disk. A read from the cache of the system counts 0.",
        "bytes",
        {"read_bytes": "read", "written_bytes": "written"},
    ),
    _usage(
        "Switches and collections",
        "Voluntary context switches (the test waits), involuntary context switches (another program gets the CPU), "
        "and garbage collections. Many voluntary switches come from many small requests, many involuntary ones from a "
        "busy machine.",
        "short",
        {
            "voluntary_context_switches": "waits",
            "involuntary_context_switches": "taken",
            "gc_collections": "garbage collections",
        },
    ),
    _usage(
        "Left behind and imported",
        "Threads and processes that still ran after the test, and modules that the test was first to import. A thread "
        "or process left behind is a leak. The first test to need a module pays for its import.",
        "short",
        {"threads_left": "threads", "processes_left": "processes", "imported_modules": "modules imported"},
    ),
    per_run(
        title="Figures of its own",
        description="Figures that the test recorded, each in its unit. Counts of queries or requests barely vary on "
        "unchanged code, so a step means a change.",
        queries=(
            Query(
                expr=f"max by (measure, unit) ({each_run('paceline_test_measure', OF_TEST)})",
                legend="{{measure}} ({{unit}})",
            ),
        ),
        unit="short",
        empty="the test recorded no figures, or did not pass, in this time range",
        width=24,
        defaults={"color": fixed(colors.SKY)},
        overrides=tuple(
            Override(matcher="byRegexp", pattern=f"/{words}/", properties={"color": fixed(color)})
            for words, color in _MEASURE_COLORS.items()
        ),
    ),
)

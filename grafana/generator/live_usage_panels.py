"""
Live, the panels of what a run uses: its processes, and the machine.
"""

from functools import partial

from grafana.generator.panel import Override, Panel, Query, Threshold, fixed, in_colors
from grafana.generator.panel_kinds import over_time
from grafana.generator.promql import SUITE as OF_SUITE
from paceline import colors

NO_RUN = "no run reports now"
_BUSY = (Threshold(colors.GOOD), Threshold(colors.WARNING, 0.8), Threshold(colors.BAD, 0.95))
_UNNAMED = 'suite=""'
_WHOSE = f"(1 + 0 * max by (instance, suite) (paceline_expected_cases{{{OF_SUITE}}}))"

# Whatever step the data source has: a run may be over in one.
as_it_happens = partial(over_time, least_step="1s")
_PART = "{{suite}} {{shard}}"
# As in `1of4`: that many colours there are.
_SHARD_COLORS = (colors.GOOD, colors.WARNING, colors.GREEN, colors.PURPLE, colors.SKY, colors.BAD, colors.YELLOW)
_OF_SHARDS = tuple(
    Override(matcher="byRegexp", pattern=f"/ {number}of\\d+$/", properties={"color": fixed(color)})
    for number, color in enumerate(_SHARD_COLORS, 1)
)


def _per_part(title: str, description: str, unit: str, expr: str) -> Panel:
    return as_it_happens(
        title=title,
        description=description,
        queries=(Query(expr=expr, legend=_PART),),
        unit=unit,
        empty=NO_RUN,
        width=8,
        defaults={"color": fixed(colors.GOOD), "min": 0},
        overrides=_OF_SHARDS,
    )


def _two_ways(title: str, description: str, **expressions: str) -> Panel:
    return as_it_happens(
        title=title,
        description=description,
        queries=tuple(Query(expr=expr, legend=f"{legend} {_PART}") for legend, expr in expressions.items()),
        unit="Bps",
        empty=NO_RUN,
        width=8,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING),
    )


def _rate(metric: str) -> str:
    # Of the last two scrapes: of an interval that is mostly before the run, a rate is too low.
    # And as long as it is scraped: once it has ended the last two would be seen for up to a minute.
    return _here(f"(irate({metric}{{{{{{0}}}}}}[$__rate_interval]) and {metric}{{{{{{0}}}}}})")


def _of_machine(metric: str) -> str:
    return _here(f"{metric}{{{{{{}}}}}}")


def _here(expr: str) -> str:
    """
    The figure from an exporter, and from a live endpoint, whose metrics have no label of the suite.
    """
    return f"{expr.format(OF_SUITE)} or {expr.format(_UNNAMED)} * on (instance) group_left (suite) {_WHOSE}"


PROCESSES: tuple[Panel, ...] = (
    _per_part(
        "CPU",
        "CPUs in use by the test processes and their children. A value above 1 needs xdist or threads.",
        "none",
        _rate("paceline_process_cpu_seconds_total"),
    ),
    _per_part(
        "Memory",
        "Resident memory of the test processes and their children. A line that only rises is a memory leak in the "
        "session.",
        "bytes",
        _of_machine("paceline_process_resident_memory_bytes"),
    ),
    _two_ways(
        "Disk",
        "Bytes a second that the test processes read from disk and write to disk.",
        read=_rate("paceline_process_read_bytes_total"),
        written=_rate("paceline_process_written_bytes_total"),
    ),
    _per_part(
        "Processes",
        "Processes of the tests and their children. A process that stays after its test was left behind by the test.",
        "none",
        _of_machine("paceline_process_processes"),
    ),
    _per_part(
        "Threads",
        "Threads of the test processes and their children. A line that only rises is a thread pool that no test "
        "closes.",
        "none",
        _of_machine("paceline_process_threads"),
    ),
    _per_part(
        "Open files",
        "Open file descriptors of the test processes and their children. A line that only rises means that files are "
        "not closed.",
        "none",
        _of_machine("paceline_process_open_files"),
    ),
)

MACHINE: tuple[Panel, ...] = (
    as_it_happens(
        title="CPU, memory and disk in use",
        description="Share of CPU, memory and disk of the machine in use. At 100% CPU, tests wait for each other and "
        "their durations are not reliable.",
        queries=(
            Query(expr=_of_machine("paceline_system_cpu_ratio"), legend="CPU {{suite}} {{shard}}"),
            Query(expr=_of_machine("paceline_system_memory_used_ratio"), legend="memory {{suite}} {{shard}}"),
            Query(expr=_of_machine("paceline_system_disk_used_ratio"), legend="disk {{suite}} {{shard}}"),
        ),
        unit="percentunit",
        empty=NO_RUN,
        width=8,
        thresholds=_BUSY,
        defaults={"min": 0, "max": 1},
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING, C=colors.PURPLE),
    ),
    _per_part(
        "Memory in use",
        "Memory in use by all programs on the machine.",
        "bytes",
        _of_machine("paceline_system_memory_used_bytes"),
    ),
    _per_part(
        "Load",
        "Programs that run or wait for a CPU, on average over a minute. Above the number of CPUs, some programs wait.",
        "none",
        _of_machine("paceline_system_load1"),
    ),
    _two_ways(
        "Disks",
        "Bytes a second that all programs read from disk and write to disk.",
        read=_rate("paceline_system_disk_read_bytes_total"),
        written=_rate("paceline_system_disk_written_bytes_total"),
    ),
    _two_ways(
        "Network",
        "Bytes a second that all programs receive and send.",
        received=_rate("paceline_system_network_receive_bytes_total"),
        sent=_rate("paceline_system_network_transmit_bytes_total"),
    ),
    _per_part(
        "All processes",
        "Processes on the machine. A jump without a change in the tests comes from another program.",
        "none",
        _of_machine("paceline_system_processes"),
    ),
)

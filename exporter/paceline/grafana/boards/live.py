"""
Live: a run as it happens.
"""

from paceline.grafana.boards import colors
from paceline.grafana.boards.board import Board, Row
from paceline.grafana.boards.panel import Panel, Query, Step, by_name, fixed, in_colors, over_time, stat
from paceline.grafana.boards.promql import SUITE as OF_SUITE
from paceline.grafana.boards.ranking import Column, ranking
from paceline.grafana.boards.variables import data_source, labels

_NO_RUN = "no run reports now"
_FAILED = ',outcome=~"failed|error"'
_BUSY = (Step(colors.GOOD), Step(colors.WARNING, 0.8), Step(colors.BAD, 0.95))
# Of a run that tells an exporter; and of a live endpoint that is scraped, where no label tells whose it is.
_HERE = 'suite=~"$suite|",branch=~"$branch|"'
_RUNNING = f"max by (test) (paceline_active_case_seconds{{{OF_SUITE}}})"
# The type of a test is known from its earlier runs.
_KNOWN = "[7d])"


def _now(expr: str) -> tuple[Query]:
    return (Query(expr=expr, now=True),)


def _of_earlier_runs(function: str, metric: str) -> str:
    return f"max by (test) ({function}{metric}{{{OF_SUITE}}}{_KNOWN}) and on (test) {_RUNNING}"


def _parts(metric: str, which: str = "") -> str:
    """
    A figure of each part of the run, once, though an exporter and a live endpoint may both tell it.
    """
    return f"max by (suite, branch, shard, outcome) ({metric}{{{OF_SUITE}{which}}})"


def _ended(which: str = "") -> str:
    """
    Tests that have ended: of parts that tell an exporter, else as live endpoints count them, from their start on.
    """
    counted = f"paceline_cases_total{{{OF_SUITE}{which}}} and on (instance) paceline_build_info"
    return f"{_parts('paceline_active_run_cases', which)} or on () max by (instance, outcome) ({counted})"


def _per_instance(title: str, description: str, unit: str, expr: str) -> Panel:
    return over_time(
        title=title,
        description=description,
        queries=(Query(expr=expr, legend="{{instance}} {{shard}}"),),
        unit=unit,
        empty=_NO_RUN,
        width=8,
        defaults={"color": fixed(colors.GOOD), "min": 0},
    )


def _two_ways(title: str, description: str, **expressions: str) -> Panel:
    return over_time(
        title=title,
        description=description,
        queries=tuple(
            Query(expr=expr, legend=f"{legend} {{{{instance}}}} {{{{shard}}}}") for legend, expr in expressions.items()
        ),
        unit="Bps",
        empty=_NO_RUN,
        width=8,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING),
    )


def _rate(metric: str) -> str:
    return f"rate({metric}{{{_HERE}}}[$__rate_interval])"


def _of_machine(metric: str) -> str:
    return f"{metric}{{{_HERE}}}"


_PROGRESS: tuple[Panel, ...] = (
    stat(
        title="Progress",
        description="Share of the tests of this run that have ended.",
        queries=_now(f"avg({_parts('paceline_run_progress_ratio')})"),
        unit="percentunit",
        empty=_NO_RUN,
        kind="gauge",
        defaults={"min": 0, "max": 1, "decimals": 0, "color": fixed(colors.GOOD)},
        options={"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}},
    ),
    stat(
        title="Running now",
        description="Tests that run at this moment; under xdist, one a worker.",
        queries=_now(f"sum({_parts('paceline_active_cases')})"),
        unit="none",
        empty=_NO_RUN,
    ),
    stat(
        title="To run",
        description="Tests that this run was to run when it began.",
        queries=_now(f"sum({_parts('paceline_expected_cases')})"),
        unit="none",
        empty=_NO_RUN,
    ),
    stat(
        title="Longest running",
        description="How long the test has been running that began first. A test far beyond its budget may hang.",
        queries=_now(f"max({_RUNNING})"),
        unit="s",
        empty="nothing runs",
        steps=(Step(colors.GOOD), Step(colors.WARNING, 10), Step(colors.BAD, 60)),
        defaults={"decimals": 0},
    ),
    stat(
        title="Failed so far",
        description="Tests of this run that have failed; the terminal names them.",
        queries=_now(f"sum({_ended(_FAILED)}) or 0 * sum({_parts('paceline_expected_cases')})"),
        unit="none",
        empty=_NO_RUN,
        steps=(Step(colors.GOOD), Step(colors.BAD, 1)),
    ),
    stat(
        title="Trouble of Paceline",
        description="Failures of Paceline itself that were kept from the tests. Anything but 0 is a bug to report.",
        queries=_now("sum(paceline_internal_failures_total)"),
        unit="none",
        empty="no live endpoint is scraped",
        steps=(Step(colors.GOOD), Step(colors.WARNING, 1)),
    ),
)

_TESTS: tuple[Panel, ...] = (
    ranking(
        "Tests that run now",
        "Each test that runs, the one that began first on top, beside its budget and what it usually takes. "
        "Both are from its runs of the last seven days; new tests have neither.",
        "nothing runs",
        (
            Column(name="Running for", expr=_RUNNING, unit="s"),
            Column(
                name="Budget",
                expr=_of_earlier_runs("last_over_time(", "paceline_test_budget_seconds"),
                unit="s",
            ),
            Column(
                name="Usually",
                expr=_of_earlier_runs("quantile_over_time(0.5, ", "paceline_test_duration_seconds"),
                unit="s",
            ),
        ),
        width=12,
    ),
    over_time(
        title="Tests ended",
        description="Tests that have ended so far, by how they ended. A line that no longer rises before the end is a "
        "test that takes very long.",
        queries=(Query(expr=f"sum by (outcome) ({_ended()})", legend="{{outcome}}"),),
        unit="none",
        empty=_NO_RUN,
        width=6,
        height=9,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=by_name(passed=colors.GOOD, failed=colors.BAD, error=colors.WARNING),
    ),
    over_time(
        title="Call phase, of the budget",
        description="What 95 of 100 tests of each type that end now stay below, as a share of the budget of that type. "
        "Above 100% more than a few break it.",
        queries=(
            Query(
                expr="histogram_quantile(0.95, sum by (le, test_type) "
                f"(rate(paceline_case_duration_seconds_bucket{{{OF_SUITE}}}[$__rate_interval]))) "
                '/ on (test_type) max by (test_type) (paceline_budget_seconds{suite="$suite"})',
                legend="{{test_type}}",
            ),
        ),
        unit="percentunit",
        empty=_NO_RUN,
        width=6,
        height=9,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=by_name(unit=colors.GOOD, integration=colors.WARNING, api=colors.GREEN, e2e=colors.PURPLE),
    ),
)

_PROCESSES: tuple[Panel, ...] = (
    _per_instance(
        "CPU",
        "CPUs that the test processes and all below them use. 1 is one CPU; more needs xdist or threads.",
        "none",
        _rate("paceline_process_cpu_seconds_total"),
    ),
    _per_instance(
        "Memory",
        "Resident memory of the test processes and all below them. A line that only rises is a leak of the session.",
        "bytes",
        _of_machine("paceline_process_resident_memory_bytes"),
    ),
    _two_ways(
        "Disk",
        "Bytes a second that the test processes read from disk and write to it.",
        read=_rate("paceline_process_read_bytes_total"),
        written=_rate("paceline_process_written_bytes_total"),
    ),
    _per_instance(
        "Processes",
        "Processes in the tree of the tests. What stays after a test was left behind by it.",
        "none",
        _of_machine("paceline_process_processes"),
    ),
    _per_instance(
        "Threads",
        "Threads in the tree of the tests. A line that only rises is a pool that nobody closes.",
        "none",
        _of_machine("paceline_process_threads"),
    ),
    _per_instance(
        "Open files",
        "Open file descriptors in the tree of the tests. A line that only rises is files that nobody closes.",
        "none",
        _of_machine("paceline_process_open_files"),
    ),
)

_MACHINE: tuple[Panel, ...] = (
    over_time(
        title="In use",
        description="Shares of the machine's CPU, memory and disk. "
        "With the CPU at 100% tests wait for each other, and times by the clock say little.",
        queries=(
            Query(expr=_of_machine("paceline_system_cpu_ratio"), legend="CPU {{instance}} {{shard}}"),
            Query(expr=_of_machine("paceline_system_memory_used_ratio"), legend="memory {{instance}} {{shard}}"),
            Query(expr=_of_machine("paceline_system_disk_used_ratio"), legend="disk {{instance}} {{shard}}"),
        ),
        unit="percentunit",
        empty=_NO_RUN,
        width=8,
        steps=_BUSY,
        defaults={"min": 0, "max": 1},
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING, C=colors.PURPLE),
    ),
    _per_instance(
        "Memory in use",
        "Memory of the machine in use, of all programs.",
        "bytes",
        _of_machine("paceline_system_memory_used_bytes"),
    ),
    _per_instance(
        "Load",
        "Programs that run or want to, on average over a minute. Above the number of CPUs, some wait.",
        "none",
        _of_machine("paceline_system_load1"),
    ),
    _two_ways(
        "Disks",
        "Bytes a second that all programs read from the disks and write to them.",
        read=_rate("paceline_system_disk_read_bytes_total"),
        written=_rate("paceline_system_disk_written_bytes_total"),
    ),
    _two_ways(
        "Network",
        "Bytes a second that all programs receive and send.",
        received=_rate("paceline_system_network_receive_bytes_total"),
        sent=_rate("paceline_system_network_transmit_bytes_total"),
    ),
    _per_instance(
        "All processes",
        "Processes on the machine. A jump beside a run of yours is somebody else's work.",
        "none",
        _of_machine("paceline_system_processes"),
    ),
)

LIVE = Board(
    uid="paceline-live",
    title="Live",
    description="What does the run do that is under way?",
    variables=(
        data_source(),
        labels("suite", "Suite", "suite", "paceline_active_cases"),
        labels("branch", "Branch", "branch", 'paceline_active_cases{suite="$suite"}'),
    ),
    rows=(
        Row("The run", _PROGRESS),
        Row("Tests", _TESTS),
        Row("Processes of the tests", _PROCESSES),
        Row("The machine", _MACHINE),
    ),
    since="now-15m",
    refresh="5s",
    has_runs=False,
)

"""
The metric catalogue: one table, from which names, help and labels come.
"""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """
    The types of metric that Prometheus knows, as far as they are used.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(Struct, frozen=True):
    """
    One row of the table. A counter's name carries its `_total`.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


_RUN = ("suite", "branch")

BUILD_INFO = Metric("paceline_build_info", Kind.GAUGE, "Version of Paceline; always 1.", ("version",))
ACTIVE_CASES = Metric("paceline_active_cases", Kind.GAUGE, "Tests that run now.", _RUN)
ACTIVE_CASE_SECONDS = Metric(
    "paceline_active_case_seconds",
    Kind.GAUGE,
    "How long each test that runs now has been running.",
    (*_RUN, "test"),
)
EXPECTED_CASES = Metric("paceline_expected_cases", Kind.GAUGE, "Tests that this run is going to run.", _RUN)
PROGRESS = Metric("paceline_run_progress_ratio", Kind.GAUGE, "Share of the expected tests that have ended.", _RUN)
CASES = Metric("paceline_cases_total", Kind.COUNTER, "Tests that have ended.", (*_RUN, "test_type", "outcome"))
CASE_DURATION = Metric(
    "paceline_case_duration_seconds",
    Kind.HISTOGRAM,
    "Call phase of tests that have ended.",
    (*_RUN, "test_type"),
)
BUDGET = Metric("paceline_budget_seconds", Kind.GAUGE, "Budget of the call phase by test type.", ("suite", "test_type"))
INTERNAL_FAILURES = Metric(
    "paceline_internal_failures_total",
    Kind.COUNTER,
    "Failures of Paceline itself that were kept from the tests.",
)
PROCESS_CPU = Metric(
    "paceline_process_cpu_seconds_total", Kind.COUNTER, "CPU time of the test processes and all below them."
)
PROCESS_MEMORY = Metric(
    "paceline_process_resident_memory_bytes",
    Kind.GAUGE,
    "Resident memory of the test processes and all below them.",
)
PROCESS_COUNT = Metric("paceline_process_processes", Kind.GAUGE, "Processes in the tree of the tests.")
PROCESS_THREADS = Metric("paceline_process_threads", Kind.GAUGE, "Threads in the process tree of the tests.")
PROCESS_FILES = Metric("paceline_process_open_files", Kind.GAUGE, "Open file descriptors in the process tree.")
PROCESS_READ = Metric("paceline_process_read_bytes_total", Kind.COUNTER, "Bytes that the process tree read from disk.")
PROCESS_WRITTEN = Metric(
    "paceline_process_written_bytes_total", Kind.COUNTER, "Bytes that the process tree wrote to disk."
)
SYSTEM_CPU = Metric("paceline_system_cpu_ratio", Kind.GAUGE, "Share of the machine's CPU time in use.")
SYSTEM_MEMORY = Metric("paceline_system_memory_used_bytes", Kind.GAUGE, "Memory of the machine in use.")
SYSTEM_MEMORY_RATIO = Metric("paceline_system_memory_used_ratio", Kind.GAUGE, "Share of the machine's memory in use.")
SYSTEM_LOAD = Metric("paceline_system_load1", Kind.GAUGE, "Load average of the machine over a minute.")
SYSTEM_PROCESSES = Metric("paceline_system_processes", Kind.GAUGE, "Processes on the machine.")
SYSTEM_DISK_READ = Metric("paceline_system_disk_read_bytes_total", Kind.COUNTER, "Bytes read from the disks.")
SYSTEM_DISK_WRITTEN = Metric("paceline_system_disk_written_bytes_total", Kind.COUNTER, "Bytes written to the disks.")
SYSTEM_NETWORK_RECEIVED = Metric(
    "paceline_system_network_receive_bytes_total", Kind.COUNTER, "Bytes received over the network."
)
SYSTEM_NETWORK_SENT = Metric(
    "paceline_system_network_transmit_bytes_total", Kind.COUNTER, "Bytes sent over the network."
)

CATALOGUE = tuple(value for value in globals().values() if isinstance(value, Metric))

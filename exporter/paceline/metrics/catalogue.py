"""
The metric catalogue: one table, from which names, help and labels come.
"""

from enum import StrEnum

from msgspec import Struct

from paceline.usage import UsageKey


class Kind(StrEnum):
    """
    The types of metric that Prometheus knows, as far as they are used.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Channel(StrEnum):
    """
    How a metric reaches Prometheus.

    State is scraped as it is now: of a session while it runs, and of the exporter. A run sample is one sample a
    run, stamped with the end of the run.
    """

    STATE = "state"
    EXPORTER = "exporter"
    RUN_SAMPLE = "run sample"


class Metric(Struct, frozen=True):
    """
    One row of the table. A counter's name carries its `_total`.

    `at_exporter` are the labels of what a session tells of itself while it runs where it is an exporter that tells it;
    None where only the endpoint of the session does.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    channel: Channel = Channel.STATE
    at_exporter: tuple[str, ...] | None = None


_RUN = ("suite", "branch")
_SESSION = (*_RUN, "shard")
_TEST = (*_RUN, "test", "test_type")
_ACTIVE_LOAD = (*_RUN, "test", "load")


def _of_session(name: str, kind: Kind, text: str, *labels: str) -> Metric:
    beside = (label for label in labels if label not in _SESSION)
    return Metric(name, kind, text, labels, at_exporter=(*_SESSION, *beside))


def _of_cases(name: str, kind: Kind, text: str, *labels: str) -> Metric:
    return Metric(name, kind, text, (*_RUN, *labels), at_exporter=(*_RUN, *labels))


def _of_run(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"paceline_run_{name}", Kind.GAUGE, text, (*_RUN, *labels), Channel.RUN_SAMPLE)


def _of_test(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"paceline_test_{name}", Kind.GAUGE, text, (*_TEST, *labels), Channel.RUN_SAMPLE)


def _of_benchmark(name: str, text: str, *labels: str) -> Metric:
    names = (*_TEST, "benchmark", "group", *labels)
    return Metric(f"paceline_benchmark_{name}", Kind.GAUGE, text, names, Channel.RUN_SAMPLE)


def _of_leak(name: str, text: str) -> Metric:
    return Metric(f"paceline_leak_{name}", Kind.GAUGE, text, (*_TEST, "leak"), Channel.RUN_SAMPLE)


def _of_load(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"paceline_{name}", Kind.GAUGE, text, (*_TEST, "load", *labels), Channel.RUN_SAMPLE)


def _of_exporter(name: str, kind: Kind, text: str, *labels: str) -> Metric:
    return Metric(name, kind, text, labels, Channel.EXPORTER)


BUILD_INFO = Metric("paceline_build_info", Kind.GAUGE, "Version of Paceline; always 1.", ("version",))
ACTIVE_CASES = _of_session("paceline_active_cases", Kind.GAUGE, "Tests that run now.", *_RUN)
ACTIVE_CASE_SECONDS = _of_session(
    "paceline_active_case_seconds",
    Kind.GAUGE,
    "Time since the start of each test that runs now.",
    *(*_RUN, "test"),
)
ACTIVE_FAILED_CASE = _of_session(
    "paceline_active_failed_case",
    Kind.GAUGE,
    "Tests of this run that have failed, 1 for each of the first 100.",
    *(*_RUN, "test"),
)
ACTIVE_LOAD_RATE = _of_session(
    "paceline_active_load_requests_per_second",
    Kind.GAUGE,
    "Requests of a running load test in its latest second.",
    *_ACTIVE_LOAD,
)
ACTIVE_LOAD_LATENCY = _of_session(
    "paceline_active_load_latency_seconds",
    Kind.GAUGE,
    "Latency of a running load test in its latest second, 95% quantile.",
    *_ACTIVE_LOAD,
)
ACTIVE_LOAD_FAILURES = _of_session(
    "paceline_active_load_failures",
    Kind.GAUGE,
    "Failed requests of a running load test so far.",
    *_ACTIVE_LOAD,
)
ACTIVE_LOAD_USERS = _of_session(
    "paceline_active_load_users", Kind.GAUGE, "Users of a running load test.", *_ACTIVE_LOAD
)
EXPECTED_CASES = _of_session("paceline_expected_cases", Kind.GAUGE, "Tests that this run will run.", *_RUN)
PROGRESS = _of_session("paceline_run_progress_ratio", Kind.GAUGE, "Share of the expected tests that have ended.", *_RUN)
CASES = _of_cases("paceline_cases_total", Kind.COUNTER, "Tests that have ended.", "test_type", "outcome")
CASE_DURATION = _of_cases(
    "paceline_case_duration_seconds", Kind.HISTOGRAM, "Call phase of tests that have ended.", "test_type"
)
BUDGET = Metric("paceline_budget_seconds", Kind.GAUGE, "Budget of the call phase by test type.", ("suite", "test_type"))
INTERNAL_FAILURES = Metric(
    "paceline_internal_failures_total",
    Kind.COUNTER,
    "Failures inside Paceline that did not reach the tests.",
)
PROCESS_CPU = _of_session(
    "paceline_process_cpu_seconds_total", Kind.COUNTER, "CPU time of the process tree of the tests."
)
PROCESS_MEMORY = _of_session(
    "paceline_process_resident_memory_bytes",
    Kind.GAUGE,
    "Resident memory of the process tree of the tests.",
)
PROCESS_COUNT = _of_session("paceline_process_processes", Kind.GAUGE, "Processes in the process tree of the tests.")
PROCESS_THREADS = _of_session("paceline_process_threads", Kind.GAUGE, "Threads in the process tree of the tests.")
PROCESS_FILES = _of_session("paceline_process_open_files", Kind.GAUGE, "Open file descriptors in the process tree.")
PROCESS_READ = _of_session(
    "paceline_process_read_bytes_total", Kind.COUNTER, "Bytes that the process tree read from disk."
)
PROCESS_WRITTEN = _of_session(
    "paceline_process_written_bytes_total", Kind.COUNTER, "Bytes that the process tree wrote to disk."
)
SYSTEM_CPU = _of_session("paceline_system_cpu_ratio", Kind.GAUGE, "Share of the machine's CPU time in use.")
SYSTEM_MEMORY = _of_session("paceline_system_memory_used_bytes", Kind.GAUGE, "Memory of the machine in use.")
SYSTEM_MEMORY_RATIO = _of_session(
    "paceline_system_memory_used_ratio", Kind.GAUGE, "Share of the machine's memory in use."
)
SYSTEM_LOAD = _of_session("paceline_system_load1", Kind.GAUGE, "Load average of the machine over a minute.")
SYSTEM_PROCESSES = _of_session("paceline_system_processes", Kind.GAUGE, "Processes on the machine.")
SYSTEM_DISK_READ = _of_session("paceline_system_disk_read_bytes_total", Kind.COUNTER, "Bytes read from the disks.")
SYSTEM_DISK_WRITTEN = _of_session(
    "paceline_system_disk_written_bytes_total", Kind.COUNTER, "Bytes written to the disks."
)
SYSTEM_DISK_RATIO = _of_session("paceline_system_disk_used_ratio", Kind.GAUGE, "Used share of the disk of the tests.")
SYSTEM_NETWORK_RECEIVED = _of_session(
    "paceline_system_network_receive_bytes_total", Kind.COUNTER, "Bytes received over the network."
)
SYSTEM_NETWORK_SENT = _of_session(
    "paceline_system_network_transmit_bytes_total", Kind.COUNTER, "Bytes sent over the network."
)

RUNS = _of_exporter("paceline_runs_total", Kind.COUNTER, "Runs that have ended.", *_RUN, "outcome")
LAST_RUN_END = _of_exporter(
    "paceline_last_run_end_timestamp_seconds", Kind.GAUGE, "When the latest run ended, in seconds since 1970.", *_RUN
)
ACTIVE_RUN_CASES = _of_exporter(
    "paceline_active_run_cases",
    Kind.GAUGE,
    "Tests of current runs that have ended, by outcome.",
    *(*_RUN, "shard", "outcome"),
)
ACTIVE_RUNS = _of_exporter("paceline_active_runs", Kind.GAUGE, "Runs that send live reports now.", *_RUN, "shard")
EXPORTER_BUILD_INFO = _of_exporter(
    "paceline_exporter_build_info", Kind.GAUGE, "Version of the exporter; always 1.", "version", "pythonversion"
)
EXPORTER_REPORTS = _of_exporter(
    "paceline_exporter_reports_total", Kind.COUNTER, "Runs that the exporter received, by result.", "result"
)
EXPORTER_DROPPED = _of_exporter(
    "paceline_exporter_series_dropped_total",
    Kind.COUNTER,
    "Dropped samples of runs, by suite and reason.",
    *("suite", "reason"),
)
EXPORTER_LATE = _of_exporter(
    "paceline_exporter_late_runs_total",
    Kind.COUNTER,
    "Kept runs that the exporter does not expose to every Prometheus, because they ended before the window.",
    "suite",
)
EXPORTER_SKEWED = _of_exporter(
    "paceline_exporter_clock_skewed_runs_total",
    Kind.COUNTER,
    "Runs from a clock that differs from the exporter's clock by more than a minute.",
    "suite",
)
EXPORTER_FILES = _of_exporter(
    "paceline_exporter_watched_files_total",
    Kind.COUNTER,
    "Files in the folder of --watch, by result.",
    "result",
)
EXPORTER_HOUSEKEEPING_FAILURES = _of_exporter(
    "paceline_exporter_housekeeping_failures_total",
    Kind.COUNTER,
    "Failed rounds of the exporter's background work, such as reading the folder of --watch.",
)
EXPORTER_WAITING = _of_exporter("paceline_exporter_exposed_runs", Kind.GAUGE, "Runs that are exposed now.")
EXPORTER_INGEST = _of_exporter(
    "paceline_exporter_ingest_duration_seconds",
    Kind.HISTOGRAM,
    "Time from the complete body of a request to its answer.",
)
EXPORTER_SCRAPE = _of_exporter(
    "paceline_exporter_scrape_duration_seconds",
    Kind.HISTOGRAM,
    "Time to build the answer to a scrape.",
    "path",
)

RUN_INFO = _of_run(
    "info",
    "Identity of a run in its labels, always 1; ref is the name of the branch, also if branch is other.",
    *("ref", "run_id", "commit", "dirty", "partial", "outcome"),
)
RUN_DURATION = _of_run("duration_seconds", "Time from the start of a run to its end.", "partial")
RUN_CASES = _of_run("cases", "Tests of a run, by outcome.", "partial", "outcome")
RUN_VERDICTS = _of_run("verdicts", "Verdicts on a run, by kind.", "partial", "kind")
RUN_VERDICT_FACTOR = _of_run(
    "verdict_factor",
    "Ratio of the figure of a verdict to its usual value or limit, 1 without a comparison; subject is the function, "
    "file, fixture or measure of the verdict, cause is the figure that grew most; at most 100 a run.",
    *("partial", "kind", "test", "subject", "cause"),
)
RUN_CALLS = _of_run("calls", "Calls of the project's functions in a run that counted all of its tests.", "partial")
RUN_ACCOUNTS = _of_run(
    "accounts", "Collected tests of a run, by `account`: measured, skipped, and so on.", "partial", "account"
)
FIXTURE_SECONDS = Metric(
    "paceline_fixture_seconds",
    Kind.GAUGE,
    "Total time of the setups of a fixture in a run, without the fixtures that it requests; on Linux also "
    "without the wait for a CPU.",
    (*_RUN, "fixture", "scope"),
    Channel.RUN_SAMPLE,
)
FIXTURE_SETUPS = Metric(
    "paceline_fixture_setups",
    Kind.GAUGE,
    "How often a fixture was set up in a run.",
    (*_RUN, "fixture", "scope"),
    Channel.RUN_SAMPLE,
)
RUN_PROBES = _of_run(
    "probes",
    "Probes that were on from the first test to the last, always 1; their counts are 0 if they saw no call.",
    "probe",
)
ENDPOINT_REQUESTS = Metric(
    "paceline_endpoint_requests",
    Kind.GAUGE,
    "Requests of the tests of a run to an endpoint of the project.",
    (*_RUN, "endpoint"),
    Channel.RUN_SAMPLE,
)
ENDPOINT_ERRORS = Metric(
    "paceline_endpoint_errors",
    Kind.GAUGE,
    "Requests of the tests of a run that an endpoint answered with a server error.",
    (*_RUN, "endpoint"),
    Channel.RUN_SAMPLE,
)
ENDPOINT_SECONDS = Metric(
    "paceline_endpoint_seconds",
    Kind.GAUGE,
    "Response time of an endpoint over all tests of a run; stat is mean or max.",
    (*_RUN, "endpoint", "stat"),
    Channel.RUN_SAMPLE,
)
RUN_SLOWDOWN = _of_run("machine_slowdown_ratio", "Slowdown of the whole suite; 1 is usual.")
RUN_CALIBRATION = _of_run(
    "machine_calibration_seconds",
    "CPU time of a fixed piece of work, the slower of before and after the tests: the speed of the machine.",
)
RUN_OTHERS_CPU = _of_run(
    "machine_others_cpu_ratio",
    "CPU time of other processes while the tests ran, as a share of all CPUs.",
)
RUN_THRESHOLD = _of_run("threshold", "Threshold by which the run was judged, in base units.", "rule")
RUN_WRECKED = _of_run("wrecked", "Whether most tests of a run failed (1).")
RUN_PACE = _of_run(
    "pace",
    "Slowdown of the suite divided by the slowdown of its machine (calibration); whole runs only.",
)

TEST_PASSED = _of_test("passed", "Whether a test passed (1) or failed (0).")
TEST_ATTEMPTS = _of_test("attempts", "Attempts of a test in the run.")
TEST_DURATION = _of_test("duration_seconds", "Call phase of a passed test, by the clock.")
TEST_NORMALIZED = _of_test(
    "normalized_duration_seconds",
    "Normalised call phase, without the wait for a CPU, and on a machine of usual speed; of a benchmark the median "
    "of its rounds, of a test that was measured again the median of its repeats.",
)
TEST_SETUP = _of_test("setup_seconds", "Setup of a passed test.")
TEST_TEARDOWN = _of_test("teardown_seconds", "Teardown of a passed test.")
TEST_BUDGET = _of_test("budget_seconds", "Budget of the call phase of a test, also of a failed test.")
TEST_BUDGET_USED = _of_test(
    "budget_used_ratio", "Call phase without the wait for a CPU, divided by its budget, also of a failed test."
)
TEST_MEASURE = _of_test(
    "measure",
    "Figure that a test recorded; better is its direction, if it is compared with earlier runs.",
    *("measure", "unit", "better"),
)
TEST_MEASURE_LIMIT = _of_test(
    "measure_limit",
    "Limit of a figure that a test recorded, or of its usage, such as db_queries: the highest value, or the lowest if "
    "better is higher.",
    *("measure", "unit", "better"),
)
TEST_MEASURE_BEYOND_LIMIT = _of_test(
    "measure_beyond_limit",
    "Whether a figure that a test recorded, or its usage, is beyond its limit (1) or not (0); also of a failed test.",
    *("measure", "unit", "better"),
)
TEST_USAGE = {key: _of_test(key, key.quantity.help) for key in UsageKey if key.quantity.is_exported}

BENCHMARK_SECONDS = _of_benchmark(
    "seconds",
    "Seconds of one call of a benchmark; stat is median, mean, min or iqr (of the rounds), or cpu.",
    "stat",
)
BENCHMARK_MEMORY_PEAK = _of_benchmark("memory_peak_bytes", "Memory peak of one call of a benchmark.")
BENCHMARK_BLOCKS = _of_benchmark("allocated_blocks", "Memory blocks that one call of a benchmark keeps.")
LEAK_BYTES = _of_leak("bytes_per_iteration", "Bytes that one call in a leak test keeps; 0 without a leak of memory.")
LEAK_RESOURCES = _of_leak(
    "resources", "Number of resources that leak in a leak test: memory, descriptors, threads, tasks."
)
LOAD_REQUESTS = _of_load("load_requests", "Requests of a load test, also failed ones.")
LOAD_FAILURES = _of_load(
    "load_failures", "Requests of a load test without a correct answer, also those in flight at the end."
)
LOAD_DURATION = _of_load("load_duration_seconds", "Duration of a load test, without its warm-up.")
LOAD_USERS = _of_load("load_users", "Users of a load test; with a rate, the maximum of requests in flight.")
LOAD_THROUGHPUT = _of_load("load_throughput", "Successful requests of a load test per second.")
LOAD_LATENCY = _of_load(
    "load_latency_seconds",
    "Latency of a load test, from the due time of a request to the end of its answer; percentile is 50, 95 or 99.",
    "percentile",
)
LOAD_WITHIN = _of_load(
    "load_requests_within",
    "Successful requests of a load test that were answered within this many seconds of their due time.",
    "within",
)
LOAD_LAG = _of_load(
    "load_generator_lag_seconds", "Delay of the requests of a load test behind their due time, 99% quantile."
)
LOAD_WORKERS_LOST = _of_load("load_workers_lost", "Workers of a load test that were lost before its end.")
STRESS_MAX_LOAD = _of_load(
    "stress_max_load", "Highest load of a stress test that did not fail; 0 if the first step failed.", "unit"
)
STRESS_BREAKING_POINT = _of_load(
    "stress_breaking_point", "Lowest load of a stress test that failed; absent if none failed.", "unit"
)

CATALOGUE = (*(value for value in globals().values() if isinstance(value, Metric)), *TEST_USAGE.values())

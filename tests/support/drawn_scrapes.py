"""
Scraped series that give the panels about the chain and about a running suite something to show, and the figures that
these panels have to show.

A figure is under its labels, as in `test=a,test_type=unit`.
"""

from collections.abc import Iterator, Mapping, Sequence

from paceline.accounts import Account
from support.drawn_figures import Figures, Table
from support.drawn_runs import MAIN, SUITE, UNTIL, drawn_runs

# How the panels are asked: over an hour, of scrapes that are a minute apart.
RANGE, APART = 3600, 60
_SCRAPES = 181
_RUN = f'suite="{SUITE}",branch="{MAIN}"'
_HERE = f'{_RUN},instance="exporter",job="paceline"'
_LABELS_OF_HERE = f"branch={MAIN},instance=exporter,job=paceline,suite={SUITE}"

# A figure that stays, or what is added from each scrape to the next after a first value.
Scraped = float | tuple[float, float]


def scraped_text() -> Iterator[str]:
    """
    The series in the format of OpenMetrics, three hours of scrapes.
    """
    for name, scraped in _SERIES.items():
        first, added = scraped if isinstance(scraped, tuple) else (scraped, 0.0)
        for number in range(_SCRAPES):
            # At the edges of a range, versions of Prometheus differ.
            at = UNTIL - APART / 2 - (_SCRAPES - 1 - number) * APART
            if name not in _LATE or at > UNTIL - RANGE / 2:
                yield f"{name} {first + added * number} {at}\n"
    yield "# EOF\n"


# Counters that begin with their first event.
_LATE = {
    'paceline_exporter_reports_total{result="conflict",job="paceline",instance="exporter"}',
    'alertmanager_notifications_failed_total{instance="alertmanager"}',
}
_RATE = 0.5

_LIVE_SERIES: Mapping[str, Scraped] = {
    f'paceline_expected_cases{{{_HERE},shard="1"}}': 10,
    f'paceline_expected_cases{{{_HERE},shard="2"}}': 15,
    f'paceline_active_run_cases{{{_HERE},shard="1",outcome="passed"}}': 4,
    f'paceline_active_run_cases{{{_HERE},shard="2",outcome="passed"}}': 3,
    f'paceline_active_run_cases{{{_HERE},shard="2",outcome="failed"}}': 2,
    f'paceline_run_progress_ratio{{{_HERE},shard="1"}}': 0.4,
    f'paceline_run_progress_ratio{{{_HERE},shard="2"}}': 0.6,
    f'paceline_active_cases{{{_HERE},shard="1"}}': 2,
    f'paceline_active_cases{{{_HERE},shard="2"}}': 1,
    f'paceline_active_case_seconds{{{_HERE},test="all"}}': 0.3,
    f'paceline_active_case_seconds{{{_HERE},test="new"}}': 20,
    f'paceline_active_failed_case{{{_HERE},test="broken"}}': 1,
    f"paceline_internal_failures_total{{{_HERE}}}": 2,
    **{
        f'paceline_active_load_{figure}{{{_HERE},test="loaded",load="cart"}}': value
        for figure, value in (("requests_per_second", 40), ("latency_seconds", 0.2), ("failures", 3), ("users", 5))
    },
    'paceline_build_info{instance="laptop",version="0.2.0"}': 1,
    f'paceline_case_duration_seconds_bucket{{{_RUN},instance="laptop",test_type="unit",le="0.1"}}': 3,
    f'paceline_case_duration_seconds_bucket{{{_RUN},instance="laptop",test_type="unit",le="2.0"}}': 4,
    f'paceline_case_duration_seconds_count{{{_RUN},instance="laptop",test_type="unit"}}': 4,
    f'paceline_budget_seconds{{suite="{SUITE}",instance="laptop",test_type="unit"}}': 0.1,
}

# Of processes and of the machine: panel and the metrics of its queries; those that end in `_total` are drawn by second.
_USAGE: Mapping[str, Sequence[str]] = {
    "CPU": ("process_cpu_seconds_total",),
    "Memory": ("process_resident_memory_bytes",),
    "Disk": ("process_read_bytes_total", "process_written_bytes_total"),
    "Processes": ("process_processes",),
    "Threads": ("process_threads",),
    "Open files": ("process_open_files",),
    "CPU, memory and disk in use": ("system_cpu_ratio", "system_memory_used_ratio", "system_disk_used_ratio"),
    "Memory in use": ("system_memory_used_bytes",),
    "Load": ("system_load1",),
    "Disks": ("system_disk_read_bytes_total", "system_disk_written_bytes_total"),
    "Network": ("system_network_receive_bytes_total", "system_network_transmit_bytes_total"),
    "All processes": ("system_processes",),
}
_VALUES = {name: float(place + 1) for place, name in enumerate(name for names in _USAGE.values() for name in names)}

_PIPELINE_SERIES: Mapping[str, Scraped] = {
    'up{job="paceline",instance="exporter"}': 1,
    'up{job="paceline-runs",instance="exporter"}': 0,
    'scrape_duration_seconds{job="paceline",instance="exporter"}': 0.25,
    'scrape_samples_scraped{job="paceline",instance="exporter"}': 320,
    'paceline_exporter_build_info{job="paceline",instance="exporter",version="0.2.0"}': 1,
    'paceline_exporter_reports_total{result="accepted",job="paceline",instance="exporter"}': (5, 1),
    'paceline_exporter_reports_total{result="duplicate",job="paceline",instance="exporter"}': (0, 2),
    'paceline_exporter_reports_total{result="conflict",job="paceline",instance="exporter"}': 3,
    f'paceline_exporter_series_dropped_total{{suite="{SUITE}",reason="limit",job="paceline",instance="exporter"}}': (
        *(0, 10),
    ),
    'prometheus_target_scrapes_sample_out_of_order_total{instance="prometheus"}': (100, 1),
    'prometheus_target_scrapes_sample_out_of_bounds_total{instance="prometheus"}': (0, 2),
    'prometheus_rule_evaluation_failures_total{instance="prometheus",rule_group="f;Paceline"}': (0, 1),
    'alertmanager_notifications_failed_total{instance="alertmanager"}': 4,
    'prometheus_notifications_dropped_total{instance="prometheus"}': (7, 1),
    f'paceline_runs_total{{{_HERE},outcome="passed"}}': (20, 1),
    f'paceline_runs_total{{{_HERE},outcome="failed"}}': 6,
    'paceline_exporter_exposed_runs{job="paceline",instance="exporter"}': 12,
    f"paceline_last_run_end_timestamp_seconds{{{_HERE}}}": UNTIL - 60,
    'prometheus_tsdb_head_series{instance="prometheus"}': 123_456,
    'prometheus_rule_group_last_duration_seconds{instance="prometheus",rule_group="/rules;Paceline: budgets"}': 3,
    'prometheus_rule_group_interval_seconds{instance="prometheus",rule_group="/rules;Paceline: budgets"}': 60,
    'prometheus_rule_group_iterations_missed_total{instance="prometheus",rule_group="/rules;Paceline: budgets"}': (
        *(0, 1),
    ),
    'paceline_exporter_late_runs_total{job="paceline",instance="exporter"}': (0, 1),
    'paceline_exporter_clock_skewed_runs_total{job="paceline",instance="exporter"}': (0, 2),
    # All runs within 10 to 20 ms, and all scrapes within 0.1 to 0.2 s.
    'paceline_exporter_ingest_duration_seconds_bucket{job="paceline",instance="exporter",le="0.01"}': 0,
    'paceline_exporter_ingest_duration_seconds_bucket{job="paceline",instance="exporter",le="0.02"}': (0, 1),
    'paceline_exporter_ingest_duration_seconds_bucket{job="paceline",instance="exporter",le="+Inf"}': (0, 1),
    'paceline_exporter_scrape_duration_seconds_bucket{job="paceline",instance="exporter",le="0.1"}': 0,
    'paceline_exporter_scrape_duration_seconds_bucket{job="paceline",instance="exporter",le="0.2"}': (0, 1),
    'paceline_exporter_scrape_duration_seconds_bucket{job="paceline",instance="exporter",le="+Inf"}': (0, 1),
    'process_resident_memory_bytes{job="paceline",instance="exporter"}': 7e7,
    'process_resident_memory_bytes{job="prometheus",instance="prometheus"}': 3e8,
    'process_resident_memory_bytes{job="node",instance="other"}': 1e9,
}

_ALERTS: Mapping[str, Scraped] = {
    f'ALERTS{{alertname="PacelineTestOverBudget",{_RUN},test="slower",severity="critical",alertstate="firing"}}': 1,
    f'ALERTS{{alertname="PacelineSuiteSlower",{_RUN},severity="warning",alertstate="firing"}}': 1,
    f'ALERTS{{alertname="PacelineTestFlaky",{_RUN},test="flaky",severity="warning",alertstate="pending"}}': 1,
    f'ALERTS_FOR_STATE{{alertname="PacelineTestOverBudget",{_RUN},test="slower",severity="critical"}}': UNTIL - 900,
    f'ALERTS_FOR_STATE{{alertname="PacelineSuiteSlower",{_RUN},severity="warning"}}': UNTIL - 7200,
    f'ALERTS_FOR_STATE{{alertname="PacelineTestFlaky",{_RUN},test="flaky",severity="warning"}}': UNTIL - 60,
}

_SERIES: Mapping[str, Scraped] = {
    **_LIVE_SERIES,
    **{
        f'paceline_{name}{{{_HERE},shard="1"}}': (0.0, value * APART) if name.endswith("_total") else value
        for name, value in _VALUES.items()
    },
    **_PIPELINE_SERIES,
    **_ALERTS,
}


def figures_of_scrapes() -> Table:
    """
    Of each panel that is about the chain, a running suite or alerts.
    """
    return {**_live(), **_usage(), **_pipeline(), **_alerts()}


def _one(value: float) -> tuple[Figures]:
    return ({"": value},)


def _live() -> Table:
    whole = [run for run in drawn_runs() if run.branch == MAIN and not run.is_partial]
    last = max(whole, key=lambda run: run.ended)
    tried = [case for case in last.cases if case.outcome != "skipped"]
    (before,) = (case for case in last.cases if case.id == "all")
    budget = before.budget_seconds or 0.0
    took = sorted(
        case.duration_seconds or 0.0
        for run in drawn_runs()
        for case in run.cases
        if case.id == "all" and run.branch == MAIN and run.ended > UNTIL - 7 * 86400
    )
    usual = (took[(len(took) - 1) // 2] + took[len(took) // 2]) / 2
    # Of 25 tests, 9 ended.
    left = 25 - 9
    return {
        ("live", "Progress"): _one(0.5),
        ("live", "Time left"): _one(left * (last.ended - last.started) / len(tried)),
        ("live", "Left to run"): ({"": left}, {"": 25}),
        ("live", "Running now"): _one(3),
        ("live", "Longest running"): ({"": 20}, {"": 0.3 / budget}),
        ("live", "Failed so far"): _one(2),
        ("live", "Previous run"): ({f"commit={last.commit},outcome={last.outcome}": UNTIL - last.ended},),
        ("live", "Internal errors"): _one(2),
        ("live", "Tests that run now"): (
            {"test=all": 0.3, "test=new": 20},
            {"test=all": 0.3 / budget},
            {"test=all": budget},
            {"test=all": usual},
        ),
        ("live", "Tests that failed"): ({"test=broken": 1},),
        ("live", "Tests ended"): ({"outcome=passed": 7, "outcome=failed": 2},),
        ("live", "Over budget so far"): ({"test_type=unit": 0.25},),
        ("live", "Requests per second"): ({"load=cart,test=loaded": 40},),
        ("live", "95% latency"): ({"load=cart,test=loaded": 0.2},),
        ("live", "Failed requests so far"): ({"load=cart,test=loaded": 3},),
        ("live", "Load users"): ({"load=cart,test=loaded": 5},),
    }


def _usage() -> Table:
    of_shard = _LABELS_OF_HERE.replace("suite=", "shard=1,suite=")
    return {("live", panel): tuple({of_shard: _VALUES[name]} for name in names) for panel, names in _USAGE.items()}


def _pipeline() -> Table:
    # What a counter gains in the hour at one a scrape.
    hour = RANGE / APART
    whole = [run for run in drawn_runs() if run.ended > UNTIL - RANGE]
    accounts = {
        account: {f"branch={MAIN},partial=false,suite={SUITE}": float(run.accounts.get(account, 0)) for run in whole}
        for account in (
            *(Account.NOT_RUN, Account.NOT_MEASURED, Account.SKIPPED),
            *(Account.DESELECTED, Account.MEASURED),
        )
    }
    group = "rule_group=Paceline: budgets"
    return {
        ("pipeline", "Exporters up"): _one(0.5),
        ("pipeline", "Reports refused"): _one(3),
        ("pipeline", "Series dropped"): _one(10 * hour),
        ("pipeline", "Samples refused"): _one(3 * hour),
        ("pipeline", "Rules failing"): _one(hour),
        ("pipeline", "Messages not sent"): _one(4 + hour),
        ("pipeline", "Runs accepted and runs in Prometheus"): (
            {f"branch={run.branch},suite={SUITE}": 1.0 for run in whole},
            # From the first scrape of the hour to its last.
            {f"branch={MAIN},suite={SUITE}": hour - 1},
            {f"branch={MAIN},suite={SUITE}": 1000 * (UNTIL - 60)},
        ),
        ("pipeline", "Targets"): (
            {"instance=exporter,job=paceline": 1, "instance=exporter,job=paceline-runs": 0},
            {"instance=exporter,job=paceline": 0.25},
            {"instance=exporter,job=paceline": 320},
        ),
        ("pipeline", "What became of the tests"): tuple(accounts.values()),
        ("pipeline", "Reports by result"): (
            {"result=accepted": hour, "result=duplicate": 2 * hour, "result=conflict": 3},
        ),
        ("pipeline", "Dropped by suite"): ({f"reason=limit,suite={SUITE}": 10 * hour},),
        ("pipeline", "Series in Prometheus"): ({"instance=prometheus": 123_456},),
        ("pipeline", "Rules"): ({group: 3 / 60}, {group: 3}, {group: hour}),
        ("pipeline", "Notifications"): ({"": hour}, {"": 4}),
        ("pipeline", "Versions"): ({"version=0.2.0": 1},),
        ("pipeline", "Exposed runs and late runs"): ({"": 12}, {"": hour}, {"": 2 * hour}),
        # 95% of the way through the only bucket that has any.
        ("pipeline", "The exporter takes"): ({"": 0.01 + 0.95 * 0.01}, {"": 0.1 + 0.95 * 0.1}),
        ("pipeline", "Memory"): ({"job=paceline": 7e7, "job=prometheus": 3e8},),
    }


def _alerts() -> Table:
    over, slower = "alertname=PacelineTestOverBudget,test=slower", "alertname=PacelineSuiteSlower"
    return {("suite", "Alerts"): ({over: 3, slower: 2}, {over: 900, slower: 7200})}

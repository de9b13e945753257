"""
Pipeline, the panels of what is on the way: reports, rules, notifications.
"""

from grafana.generator.panel import Override, Panel, Query, Threshold, by_name, fixed, in_colors
from grafana.generator.panel_kinds import over_time
from grafana.generator.promql import added
from grafana.generator.tables import TableColumn, rows_of
from paceline import colors

ANY_IS_BAD = (Threshold(colors.GOOD), Threshold(colors.BAD, 1))
NO_SERVER = "Prometheus is not scraped"
NO_EXPORTER = "no exporter is scraped"
# As they are called in a Prometheus of one's own, and by the Prometheus Operator's chart behind the name of a release.
SERVERS = "(.*-)?(prometheus|alertmanager)"
_OF_JOBS = {"paceline": colors.WARNING, "prometheus": colors.GOOD, "alertmanager": colors.PURPLE}
_ONE_COLOR = {"color": fixed(colors.GOOD), "min": 0}


def _by_group(metric: str, rest: str = "") -> str:
    # Without the path of its file, which is in front of the name.
    selected = f'{metric}{{rule_group=~"(?i).*paceline.*"}}{rest}'
    return f'max by (rule_group) (label_replace({selected}, "rule_group", "$1", "rule_group", ".*;(.*)"))'


def _p95(metric: str, window: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket[{window}])))"


DETAIL: tuple[Panel, ...] = (
    over_time(
        title="Reports by result",
        description="Runs that senders sent in each hour, by result. Duplicates are harmless: a sender sends a run "
        "again if it got no answer.",
        queries=(
            Query(
                expr=f"sum by (result) ({added('paceline_exporter_reports_total', '1h')})",
                legend="{{result}}",
            ),
        ),
        unit="none",
        empty=NO_EXPORTER,
        width=8,
        defaults={"color": fixed(colors.BAD), "min": 0},
        overrides=by_name(accepted=colors.GOOD, duplicate=colors.QUIET),
    ),
    over_time(
        title="Dropped by suite",
        description="Samples that the exporter dropped in each hour, by suite and reason. Raise the limit of the "
        "exporter, or expose fewer branches.",
        queries=(
            Query(
                expr=f"sum by (suite, reason) ({added('paceline_exporter_series_dropped_total', '1h')})",
                legend="{{suite}}: {{reason}}",
            ),
        ),
        unit="none",
        empty="no sample was dropped",
        width=8,
        defaults=_ONE_COLOR,
    ),
    over_time(
        title="Series in Prometheus",
        description="Active series in Prometheus. Each test has one series for each metric and branch. A step is a "
        "new suite. A steady rise means that a label has too many values.",
        queries=(Query(expr="prometheus_tsdb_head_series", legend="{{instance}}"),),
        unit="short",
        empty=NO_SERVER,
        width=8,
        defaults=_ONE_COLOR,
    ),
    rows_of(
        "Rules",
        "Duration of the last evaluation of each group of rules of Paceline, its share of the interval of the group, "
        "and missed evaluations in the time range. Prometheus misses an evaluation if the evaluation before still "
        "runs.",
        "no rules of Paceline are loaded, or Prometheus does not scrape itself",
        (
            TableColumn(
                name="Share of interval",
                expr=_by_group("prometheus_rule_group_last_duration_seconds")
                + " / "
                + _by_group("prometheus_rule_group_interval_seconds"),
                unit="percentunit",
                thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 0.5), Threshold(colors.BAD, 0.9)),
            ),
            TableColumn(name="Takes", expr=_by_group("prometheus_rule_group_last_duration_seconds"), unit="s"),
            TableColumn(
                name="Missed",
                expr=_by_group("increase(prometheus_rule_group_iterations_missed_total", "[$__range])"),
                unit="none",
                thresholds=ANY_IS_BAD,
            ),
        ),
        width=12,
        height=8,
    ),
    over_time(
        title="Notifications",
        description="Alerts in each hour that Prometheus could not send to Alertmanager, and notifications that "
        "Alertmanager could not deliver.",
        queries=(
            Query(expr=f"sum({added('prometheus_notifications_dropped_total', '1h')})", legend="not handed over"),
            Query(expr=f"sum({added('alertmanager_notifications_failed_total', '1h')})", legend="not delivered"),
        ),
        unit="none",
        empty=NO_SERVER,
        width=6,
        overrides=in_colors(A=colors.WARNING, B=colors.BAD),
    ),
    rows_of(
        "Versions",
        "Versions of the exporters, and of the plugins with a scraped live endpoint.",
        NO_EXPORTER,
        (
            TableColumn(
                name="Processes",
                expr="count by (version) (paceline_exporter_build_info) or count by (version) (paceline_build_info)",
                unit="none",
            ),
        ),
        width=6,
        height=8,
    ),
    over_time(
        title="Exposed runs and late runs",
        description="Runs that the exporter exposes, each for 15 minutes and three scrapes: if the line only rises, "
        "Prometheus does not scrape the exporter. The second line shows the runs of each hour that arrived after the "
        "out-of-order window of Prometheus: the exporter keeps them, and the dashboards do not show them. The third "
        "shows runs of senders whose clock is off by more than a minute.",
        queries=(
            Query(expr="sum(paceline_exporter_exposed_runs)", legend="exposed"),
            Query(expr=f"sum({added('paceline_exporter_late_runs_total', '1h')})", legend="too late"),
            Query(expr=f"sum({added('paceline_exporter_clock_skewed_runs_total', '1h')})", legend="clock off"),
        ),
        unit="none",
        empty=NO_EXPORTER,
        width=8,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.BAD, C=colors.WARNING),
    ),
    over_time(
        title="The exporter takes",
        description="The 95th percentile of the time that the exporter needs to receive a run, over an hour, and to "
        "answer a scrape. A scrape that exceeds its timeout of 10 s has no samples.",
        queries=(
            Query(expr=_p95("paceline_exporter_ingest_duration_seconds", "1h"), legend="for a run"),
            Query(expr=_p95("paceline_exporter_scrape_duration_seconds", "$__rate_interval"), legend="for a scrape"),
        ),
        unit="s",
        empty=NO_EXPORTER,
        width=8,
        defaults={"min": 0},
        overrides=in_colors(A=colors.WARNING, B=colors.GOOD),
    ),
    over_time(
        title="Memory",
        description="Resident memory of the exporter, Prometheus and Alertmanager. The system ends a program whose "
        "memory rises for days.",
        queries=(
            Query(
                expr=f'max by (job) (process_resident_memory_bytes{{job=~"paceline|{SERVERS}"}})',
                legend="{{job}}",
            ),
        ),
        unit="bytes",
        empty=NO_EXPORTER,
        width=8,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=tuple(
            Override(matcher="byRegexp", pattern=f"/{job}$/", properties={"color": fixed(color)})
            for job, color in _OF_JOBS.items()
        ),
    ),
)

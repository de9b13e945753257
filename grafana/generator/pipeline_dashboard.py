"""
Pipeline: is what I see complete?
"""

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.panel import Panel, Query, Threshold
from grafana.generator.panel_kinds import stat
from grafana.generator.pipeline_detail_panels import ANY_IS_BAD, DETAIL, NO_EXPORTER, NO_SERVER, SERVERS
from grafana.generator.promql import added
from grafana.generator.tables import TableColumn, rows_of
from grafana.generator.variables import LATEST_BRANCH, LATEST_SUITE, TYPE_VARIABLE, data_source, hidden
from paceline import colors
from paceline.accounts import Account


def _now(expr: str) -> tuple[Query]:
    return (Query(expr=expr, now=True),)


def _increase(metric: str, by: str = "") -> str:
    return f"sum{by}({added(metric)})"


_CHAIN: tuple[Panel, ...] = (
    stat(
        title="Exporters up",
        description="Share of the exporters that the last scrape reached.",
        queries=_now('avg(up{job=~"paceline.*",job!="paceline-live"})'),
        unit="percentunit",
        empty=NO_EXPORTER,
        thresholds=(Threshold(colors.BAD), Threshold(colors.GOOD, 1)),
    ),
    stat(
        title="Reports refused",
        description="Runs that the exporter refused in the time range. The log of the exporter has the reasons.",
        queries=_now(
            _increase('paceline_exporter_reports_total{result!~"accepted|duplicate"}')
            + " or 0 * sum(paceline_exporter_reports_total)"
        ),
        unit="none",
        empty=NO_EXPORTER,
        thresholds=ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Series dropped",
        description="Samples that the exporter dropped because they exceeded its limit. Samples of tests with a "
        "verdict are dropped last.",
        queries=_now(f"{_increase('paceline_exporter_series_dropped_total')} or 0 * sum(paceline_exporter_build_info)"),
        unit="none",
        empty=NO_EXPORTER,
        thresholds=ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Samples refused",
        description="Samples that Prometheus refused because they were out of order or too old. Their runs are "
        "missing from the dashboards. Set out_of_order_time_window in the configuration of Prometheus.",
        queries=_now(
            f"{_increase('prometheus_target_scrapes_sample_out_of_order_total')} + "
            f"{_increase('prometheus_target_scrapes_sample_out_of_bounds_total')}"
        ),
        unit="none",
        empty=NO_SERVER,
        thresholds=ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Rules failing",
        description="Failed evaluations of rules in the time range. While a rule fails, its alerts do not fire.",
        queries=_now(_increase("prometheus_rule_evaluation_failures_total")),
        unit="none",
        empty=NO_SERVER,
        thresholds=ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Messages not sent",
        description="Alerts that Prometheus could not hand over to Alertmanager in the time range, and notifications "
        "that Alertmanager could not deliver.",
        queries=_now(
            f"({_increase('alertmanager_notifications_failed_total')} or vector(0)) + "
            f"({_increase('prometheus_notifications_dropped_total')} or vector(0)) "
            "and on () (alertmanager_notifications_failed_total or prometheus_notifications_dropped_total)"
        ),
        unit="none",
        empty="no Alertmanager is scraped",
        thresholds=ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
)


def _of_chain(metric: str) -> str:
    return f'max by (job, instance) ({metric}{{job=~"paceline.*|{SERVERS}"}})'


# A counter that begins between two scrapes begins with what it counts then; `increase` would leave that out.
_TAKEN = "last_over_time(paceline_runs_total[$__range])"
_FIRST = "min_over_time(paceline_runs_total[$__range])"
_BEGUN = (
    "(count_over_time(paceline_runs_total[$__range]) < on (job, instance) group_left () "
    "count_over_time(paceline_exporter_exposed_runs[$__range]))"
)


def _account(account: Account) -> str:
    selected = f'paceline_run_accounts{{account="{account}"}}'
    return f"max by (suite, branch, partial) (last_over_time({selected}[$__range]))"


_RUNS: tuple[Panel, ...] = (
    rows_of(
        "Runs accepted and runs in Prometheus",
        "Runs in Prometheus and runs that the exporter accepted in the time range, by suite and branch, and the end "
        "of the last run. If Prometheus has fewer runs than the exporter accepted, runs are missing.",
        "no run in this time range",
        (
            TableColumn(
                name="Stored",
                expr="sum by (suite, branch) (max by (suite, branch, partial) "
                "(count_over_time(paceline_run_duration_seconds[$__range])))",
                unit="none",
            ),
            TableColumn(
                name="Accepted",
                expr=f"sum by (suite, branch) ({_TAKEN} - ({_FIRST} unless {_BEGUN}) or {_TAKEN})",
                unit="none",
            ),
            TableColumn(
                name="Last run ended",
                expr="1000 * max by (suite, branch) (paceline_last_run_end_timestamp_seconds)",
                unit="dateTimeFromNow",
                letters=len("a few seconds ago"),
            ),
        ),
        width=12,
    ),
    rows_of(
        "Targets",
        "Scrape targets of the exporter, Prometheus and Alertmanager: whether the last scrape succeeded, its duration "
        "and its number of samples. A scrape that exceeds its timeout has no samples.",
        "nothing is scraped",
        (
            TableColumn(
                name="Up",
                expr=_of_chain("up"),
                unit="bool_yes_no",
                lowest_first=True,
                thresholds=(Threshold(colors.BAD), Threshold(colors.GOOD, 1)),
            ),
            TableColumn(
                name="Scrape takes",
                expr=_of_chain("scrape_duration_seconds"),
                unit="s",
                thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 5), Threshold(colors.BAD, 9)),
            ),
            TableColumn(
                name="Samples",
                expr=_of_chain("scrape_samples_scraped"),
                unit="short",
            ),
        ),
        width=12,
    ),
    rows_of(
        "What became of the tests",
        "Collected tests of the last whole run and of the last part of each suite, by account; each test "
        "is in one column. A selected test that did not run was lost: its session was interrupted, or a worker died. "
        "A test that is not measured ran without figures, for example under a debugger.",
        "no run in this time range has an account of its tests",
        (
            TableColumn(name="Not run", expr=_account(Account.NOT_RUN), unit="none", thresholds=ANY_IS_BAD),
            TableColumn(
                name="Not measured",
                expr=_account(Account.NOT_MEASURED),
                unit="none",
                thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 1)),
            ),
            TableColumn(name="Skipped", expr=_account(Account.SKIPPED), unit="none"),
            TableColumn(name="Deselected", expr=_account(Account.DESELECTED), unit="none"),
            TableColumn(name="Measured", expr=_account(Account.MEASURED), unit="none"),
        ),
        height=8,
    ),
)

PIPELINE = Dashboard(
    uid="paceline-pipeline",
    title="Pipeline",
    description="Do all runs arrive in Prometheus, and does Alertmanager send all alerts?",
    variables=(data_source(), hidden(LATEST_SUITE), hidden(LATEST_BRANCH), hidden(TYPE_VARIABLE)),
    rows=(Row("The chain", _CHAIN), Row("What arrives", _RUNS), Row("On the way", DETAIL)),
    since="now-24h",
    refresh="1m",
    has_runs=False,
)

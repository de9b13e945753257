"""
Pipeline: is what I see complete?
"""

from paceline.grafana.boards import colors
from paceline.grafana.boards.board import Board, Row
from paceline.grafana.boards.panel import Panel, Query, Step, by_name, fixed, in_colors, over_time, stat
from paceline.grafana.boards.ranking import Column, rows_of
from paceline.grafana.boards.variables import data_source

_ANY_IS_BAD = (Step(colors.GOOD), Step(colors.BAD, 1))
_NO_SERVER = "Prometheus does not scrape itself"
_NO_EXPORTER = "no exporter is scraped"
_ONE_COLOR = {"color": fixed(colors.GOOD), "min": 0}


def _now(expr: str) -> tuple[Query]:
    return (Query(expr=expr, now=True),)


def _increase(metric: str, by: str = "") -> str:
    return f"sum{by}(increase({metric}[$__range]))"


def _by_group(metric: str, rest: str = "") -> str:
    # Without the path of its file, which is in front of the name.
    selected = f'{metric}{{rule_group=~"(?i).*paceline.*"}}{rest}'
    return f'max by (rule_group) (label_replace({selected}, "rule_group", "$1", "rule_group", ".*;(.*)"))'


def _p95(metric: str, window: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket[{window}])))"


_CHAIN: tuple[Panel, ...] = (
    stat(
        title="Exporters up",
        description="Share of the exporters that Prometheus reached when it last tried.",
        queries=_now('avg(up{job=~"paceline.*",job!="paceline-live"})'),
        unit="percentunit",
        empty=_NO_EXPORTER,
        steps=(Step(colors.BAD), Step(colors.GOOD, 1)),
    ),
    stat(
        title="Reports refused",
        description="Runs that were sent and not taken, in this time. The log of the exporter says why.",
        queries=_now(
            'sum(increase(paceline_exporter_reports_total{result!~"accepted|duplicate"}[$__range])) or '
            "0 * sum(paceline_exporter_reports_total)"
        ),
        unit="none",
        empty=_NO_EXPORTER,
        steps=_ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Series dropped",
        description="Samples of runs that the exporter left out, as there were too many. "
        "Tests with a verdict are the last to be left out.",
        queries=_now(f"{_increase('paceline_exporter_series_dropped_total')} or 0 * sum(paceline_exporter_build_info)"),
        unit="none",
        empty=_NO_EXPORTER,
        steps=_ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Samples refused",
        description="Samples that Prometheus refused, as they were out of order or too old: runs that miss here. "
        "Set out_of_order_time_window in its configuration.",
        queries=_now(
            f"{_increase('prometheus_target_scrapes_sample_out_of_order_total')} + "
            f"{_increase('prometheus_target_scrapes_sample_out_of_bounds_total')}"
        ),
        unit="none",
        empty=_NO_SERVER,
        steps=_ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Rules failing",
        description="Evaluations of rules that failed in this time. While a rule fails, its alerts do not come.",
        queries=_now(_increase("prometheus_rule_evaluation_failures_total")),
        unit="none",
        empty=_NO_SERVER,
        steps=_ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
    stat(
        title="Messages not sent",
        description="Notifications that Alertmanager could not deliver in this time.",
        queries=_now(_increase("alertmanager_notifications_failed_total")),
        unit="none",
        empty="no Alertmanager is scraped",
        steps=_ANY_IS_BAD,
        defaults={"decimals": 0},
    ),
)

_RUNS: tuple[Panel, ...] = (
    rows_of(
        "Runs sent and runs here",
        "Of each suite and branch: runs that Prometheus has of this time, beside those that the exporter took in "
        "meanwhile (the first of a suite does not count), and when the last one ended. "
        "Fewer here than taken in are missing.",
        "no run in this time",
        (
            Column(
                name="Here",
                expr="max by (suite, branch) (count_over_time(paceline_run_duration_seconds[$__range]))",
                unit="none",
            ),
            Column(
                name="Taken in",
                expr="sum by (suite, branch) (round(increase(paceline_runs_total[$__range])))",
                unit="none",
            ),
            Column(
                name="Last run ended",
                expr="1000 * max by (suite, branch) (paceline_last_run_end_timestamp_seconds)",
                unit="dateTimeFromNow",
            ),
        ),
        width=12,
    ),
    rows_of(
        "Targets",
        "Everything that Prometheus scrapes of this chain: whether it is reached, how long a scrape takes and how many "
        "samples it brings. A scrape that takes as long as its timeout brings nothing.",
        "nothing is scraped",
        (
            Column(
                name="Up",
                expr='max by (job, instance) (up{job=~"paceline.*|prometheus|alertmanager"})',
                unit="bool_yes_no",
                lowest_first=True,
                steps=(Step(colors.BAD), Step(colors.GOOD, 1)),
            ),
            Column(
                name="Scrape takes",
                expr='max by (job, instance) (scrape_duration_seconds{job=~"paceline.*|prometheus|alertmanager"})',
                unit="s",
                steps=(Step(colors.GOOD), Step(colors.WARNING, 5), Step(colors.BAD, 9)),
            ),
            Column(
                name="Samples",
                expr='max by (job, instance) (scrape_samples_scraped{job=~"paceline.*|prometheus|alertmanager"})',
                unit="short",
            ),
        ),
        width=12,
    ),
)

_DETAIL: tuple[Panel, ...] = (
    over_time(
        title="Reports by result",
        description="What became of the runs that were sent, in each hour. Duplicates are harmless: a sender that "
        "did not hear the answer sends again.",
        queries=(
            Query(
                expr="sum by (result) (increase(paceline_exporter_reports_total[1h]))",
                legend="{{result}}",
            ),
        ),
        unit="none",
        empty=_NO_EXPORTER,
        width=8,
        defaults={"color": fixed(colors.BAD), "min": 0},
        overrides=by_name(accepted=colors.GOOD, duplicate=colors.QUIET),
    ),
    over_time(
        title="Dropped by suite",
        description="Samples that the exporter left out in each hour, by suite and reason. "
        "Raise its limit, or expose fewer branches.",
        queries=(
            Query(
                expr="sum by (suite, reason) (increase(paceline_exporter_series_dropped_total[1h]))",
                legend="{{suite}}: {{reason}}",
            ),
        ),
        unit="none",
        empty="nothing was dropped",
        width=8,
        defaults=_ONE_COLOR,
    ),
    over_time(
        title="Series in Prometheus",
        description="Series that Prometheus keeps at hand; those of a test are one for each metric and branch. "
        "Steps are suites that began to report, a steady rise is a label that should not be one.",
        queries=(Query(expr="prometheus_tsdb_head_series", legend="{{instance}}"),),
        unit="short",
        empty=_NO_SERVER,
        width=8,
        defaults=_ONE_COLOR,
    ),
    rows_of(
        "Rules",
        "How long each group of rules of Paceline took when it was last evaluated, also as a share of its interval, "
        "and evaluations that were left out in this time, as the one before still ran. None should be.",
        "no rules of Paceline are loaded",
        (
            Column(
                name="Of interval",
                expr=_by_group("prometheus_rule_group_last_duration_seconds")
                + " / "
                + _by_group("prometheus_rule_group_interval_seconds"),
                unit="percentunit",
                steps=(Step(colors.GOOD), Step(colors.WARNING, 0.5), Step(colors.BAD, 0.9)),
            ),
            Column(name="Takes", expr=_by_group("prometheus_rule_group_last_duration_seconds"), unit="s"),
            Column(
                name="Left out",
                expr=_by_group("increase(prometheus_rule_group_iterations_missed_total", "[$__range])"),
                unit="none",
                steps=_ANY_IS_BAD,
            ),
        ),
        width=12,
        height=8,
    ),
    over_time(
        title="Notifications",
        description="Alerts that Prometheus could not hand to Alertmanager, and that Alertmanager could not deliver, "
        "in each hour.",
        queries=(
            Query(expr="sum(increase(prometheus_notifications_dropped_total[1h]))", legend="not handed over"),
            Query(expr="sum(increase(alertmanager_notifications_failed_total[1h]))", legend="not delivered"),
        ),
        unit="none",
        empty=_NO_SERVER,
        width=6,
        overrides=in_colors(A=colors.WARNING, B=colors.BAD),
    ),
    rows_of(
        "Versions",
        "The versions of the exporters, and of plugins whose live endpoint is scraped.",
        _NO_EXPORTER,
        (
            Column(
                name="Processes",
                expr="count by (version) (paceline_exporter_build_info) or count by (version) (paceline_build_info)",
                unit="none",
            ),
        ),
        width=6,
        height=8,
    ),
    over_time(
        title="Runs exposed, and too late",
        description="Runs that the exporter holds out to Prometheus, for a quarter of an hour and three scrapes: where "
        "it only rises, nobody fetches them. And runs of each hour that came after the window of Prometheus: "
        "they are kept, and not shown here.",
        queries=(
            Query(expr="sum(paceline_exporter_exposed_runs)", legend="exposed"),
            Query(expr="sum(increase(paceline_exporter_late_runs_total[1h]))", legend="too late"),
        ),
        unit="none",
        empty=_NO_EXPORTER,
        width=8,
        defaults={"min": 0},
        overrides=in_colors(A=colors.GOOD, B=colors.BAD),
    ),
    over_time(
        title="The exporter takes",
        description="What 95 of 100 answers stay below: to a run that is sent, over an hour, and to scrapes. "
        "A scrape that takes as long as its timeout, 10 s, brings nothing.",
        queries=(
            Query(expr=_p95("paceline_exporter_ingest_duration_seconds", "1h"), legend="for a run"),
            Query(expr=_p95("paceline_exporter_scrape_duration_seconds", "$__rate_interval"), legend="for a scrape"),
        ),
        unit="s",
        empty=_NO_EXPORTER,
        width=8,
        defaults={"min": 0},
        overrides=in_colors(A=colors.WARNING, B=colors.GOOD),
    ),
    over_time(
        title="Memory",
        description="Resident memory of the programs of the chain. One that rises for days is ended by the system.",
        queries=(
            Query(
                expr='max by (job) (process_resident_memory_bytes{job=~"paceline|prometheus|alertmanager"})',
                legend="{{job}}",
            ),
        ),
        unit="bytes",
        empty=_NO_EXPORTER,
        width=8,
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=by_name(paceline=colors.WARNING, prometheus=colors.GOOD, alertmanager=colors.PURPLE),
    ),
)

PIPELINE = Board(
    uid="paceline-pipeline",
    title="Pipeline",
    description="Is what I see complete: do all runs arrive, and all alerts leave?",
    variables=(data_source(),),
    rows=(Row("The chain", _CHAIN), Row("What arrives", _RUNS), Row("On the way", _DETAIL)),
    since="now-24h",
    refresh="1m",
    has_runs=False,
)

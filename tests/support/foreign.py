"""
Series that are no part of the catalogue of this release: those of other programs, and of other parts of Paceline.
"""

from collections.abc import Mapping

_SCRAPED = frozenset({"job", "instance"})

# Of Prometheus, by its rules and its scrapes.
OF_PROMETHEUS: Mapping[str, frozenset[str]] = {
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "suite", "branch", "test", "test_type"}),
    "up": _SCRAPED,
    "scrape_duration_seconds": _SCRAPED,
    "scrape_samples_scraped": _SCRAPED,
    "prometheus_target_scrapes_sample_out_of_order_total": _SCRAPED,
    "prometheus_target_scrapes_sample_out_of_bounds_total": _SCRAPED,
    "prometheus_rule_evaluation_failures_total": _SCRAPED | {"rule_group"},
    "prometheus_rule_group_last_duration_seconds": _SCRAPED | {"rule_group"},
    "prometheus_notifications_dropped_total": _SCRAPED | {"alertmanager"},
    "prometheus_tsdb_head_series": _SCRAPED,
    "alertmanager_notifications_failed_total": _SCRAPED | {"integration", "reason"},
}

# Of the exporter.
OF_EXPORTER: Mapping[str, frozenset[str]] = {
    "paceline_runs_total": frozenset({"suite", "branch", "outcome"}),
    "paceline_last_run_end_timestamp_seconds": frozenset({"suite", "branch"}),
    "paceline_exporter_build_info": frozenset({"version"}),
    "paceline_exporter_reports_total": frozenset({"result"}),
    "paceline_exporter_series_dropped_total": frozenset({"suite", "reason"}),
}

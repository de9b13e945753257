"""
Series of other programs, which are no part of the catalogue.
"""

from collections.abc import Mapping

_SCRAPED = frozenset({"job", "instance"})

# Of Prometheus, by its rules and its scrapes.
OF_PROMETHEUS: Mapping[str, frozenset[str]] = {
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "part_of", "suite", "branch", "test", "test_type"}),
    "ALERTS_FOR_STATE": frozenset({"alertname", "severity", "part_of", "suite", "branch", "test", "test_type"}),
    "up": _SCRAPED,
    "scrape_duration_seconds": _SCRAPED,
    "scrape_samples_scraped": _SCRAPED,
    "prometheus_target_scrapes_sample_out_of_order_total": _SCRAPED,
    "prometheus_target_scrapes_sample_out_of_bounds_total": _SCRAPED,
    "prometheus_rule_evaluation_failures_total": _SCRAPED | {"rule_group"},
    "prometheus_rule_group_last_duration_seconds": _SCRAPED | {"rule_group"},
    "prometheus_rule_group_interval_seconds": _SCRAPED | {"rule_group"},
    "prometheus_rule_group_iterations_missed_total": _SCRAPED | {"rule_group"},
    "process_resident_memory_bytes": _SCRAPED,
    "prometheus_notifications_dropped_total": _SCRAPED | {"alertmanager"},
    "prometheus_tsdb_head_series": _SCRAPED,
    "alertmanager_notifications_failed_total": _SCRAPED | {"integration", "reason"},
}

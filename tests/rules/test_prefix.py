"""
Rules for names of one's own, with the configuration that is written beside them.
"""

import time
from pathlib import Path

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.files import write_files
from support.exporter import exporter_in
from support.servers import prometheus_reading
from support.values import make_case, make_run


def test_what_is_written_for_a_prefix_works_as_it_is(tmp_path: Path) -> None:
    """
    The exporter knows no prefix: names are changed where they are scraped, and alerts fire on them.
    """
    run = make_run(1, [make_case("test_a", seconds=1, budget_seconds=0.1)], ended=time.time() - 5)
    with exporter_in(tmp_path, "--branches=main") as exporter:
        assert exporter.push(run).status_code < 300
        options = Options(
            prefix="acme_", interval_seconds=1, scrape_seconds=1, exporter=exporter.url.removeprefix("http://")
        )
        write_files(tmp_path / "rules", render(options), force=False)
        with prometheus_reading(tmp_path / "rules" / "prometheus" / "prometheus.yml", tmp_path) as server:
            exporter.wait_for_scrapes(3)
            alerts = {(alert["alertname"], alert.get("test", "")) for alert in server.alerts(1)}
            unchanged = server.samples('{__name__=~"paceline_.*"}', time.time())

    assert ("PacelineBudgetBroken", "test_a") in alerts
    assert unchanged == []

"""
A redundant pair of Prometheus that send to one Alertmanager.
"""

import json
import time
from contextlib import ExitStack
from pathlib import Path

import yaml

from support.receiving import receiving
from support.servers import prometheus_reading

_ROOT = Path(__file__).parents[2]
# Until a Prometheus has found its Alertmanagers, it sends an alert to none, and again after a minute.
_ALERT = {"alert": "PacelineIt", "expr": "vector(1)", "for": "10s"}
_RULE = {"groups": [{"name": "it", "interval": "1s", "rules": [_ALERT]}]}


def test_both_of_a_pair_send_one_alert(tmp_path: Path) -> None:
    """
    Though `external_labels` tells them apart: Alertmanager would tell it twice otherwise.
    """
    labels: list[dict[str, str]] = []
    with receiving(status=200) as alertmanager, ExitStack() as stack:
        for replica in ("a", "b"):
            settings = yaml.safe_load((_ROOT / "prometheus" / "prometheus.yml").read_text("utf-8"))
            settings["global"] |= {"external_labels": {"replica": replica}, "evaluation_interval": "1s"}
            settings["alerting"]["alertmanagers"] = [
                {"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}
            ]
            folder = tmp_path / replica
            folder.mkdir()
            (folder / "rules.yml").write_text(yaml.safe_dump(_RULE), "utf-8")
            file = folder / "settings.yml"
            file.write_text(yaml.safe_dump(settings | {"rule_files": ["rules.yml"], "scrape_configs": []}), "utf-8")
            stack.enter_context(prometheus_reading(file, folder))
        end = time.monotonic() + 60
        while len(alertmanager.requests) < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
        labels = [alert["labels"] for one in alertmanager.requests for alert in json.loads(one.body)]

    assert {tuple(sorted(one.items())) for one in labels} == {(("alertname", "PacelineIt"),)}

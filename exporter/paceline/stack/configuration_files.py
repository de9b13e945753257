"""
The configuration of a local stack: the project's own, with the ports that were chosen.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.stack.stack_settings import ALERTMANAGER, EXPORTER, PROMETHEUS, StackSettings

_ALERTMANAGER_FILE = "alerts/alertmanager.yml"
_PACE = ("group_wait", "group_interval")


def configuration(settings: StackSettings, ports: Mapping[str, int], grafana: str | None = None) -> dict[str, str]:
    """
    All files but those of Grafana.

    Args:
        settings: of the stack.
        ports: of each server.
        grafana: address that alerts link to (default: where it usually is).

    Returns:
        The text of each, by its path from the folder they are written to.
    """
    options = Options(
        interval_seconds=settings.interval_seconds,
        scrape_seconds=settings.interval_seconds,
        exporter=f"127.0.0.1:{ports[EXPORTER]}",
        prometheus=f"127.0.0.1:{ports[PROMETHEUS]}",
        alertmanager=f"127.0.0.1:{ports[ALERTMANAGER]}",
        dashboards=grafana or Options().dashboards,
    )
    texts = render(options)
    return texts | {_ALERTMANAGER_FILE: _local(texts[_ALERTMANAGER_FILE], settings)}


def _local(text: str, settings: StackSettings) -> str:
    """
    The same routes and inhibitions, at the pace of the stack, to one webhook or to nobody: a channel needs secrets.
    """
    config: dict[str, Any] = yaml.safe_load(text)
    del config["global"]
    config["route"] = _paced(config["route"], f"{settings.interval_seconds}s")
    config["receivers"] = [_told(one, settings.webhook) for one in config["receivers"]]
    return yaml.safe_dump(config, sort_keys=False)


def _told(receiver: Mapping[str, Any], address: str) -> dict[str, Any]:
    """
    A receiver that has its name alone tells nobody.
    """
    hooks = {"webhook_configs": [{"url": address, "send_resolved": True}]}
    return {"name": receiver["name"], **(hooks if address and len(receiver) > 1 else {})}


def _paced(route: Mapping[str, Any], pace: str) -> dict[str, Any]:
    routes = [_paced(inner, pace) for inner in route.get("routes", [])]
    return {**route, **{key: pace for key in _PACE if key in route}, **({"routes": routes} if routes else {})}

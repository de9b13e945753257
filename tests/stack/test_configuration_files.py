"""
The configuration of a local stack.
"""

from typing import Any

import yaml

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.stack.configuration_files import configuration
from paceline.stack.stack_settings import StackSettings

_PORTS = {"exporter": 1001, "prometheus": 1002, "alertmanager": 1003}


def _written(webhook: str = "") -> dict[str, Any]:
    settings = StackSettings(interval_seconds=3, webhook=webhook)
    texts = configuration(settings, _PORTS)
    return {name: yaml.safe_load(text) for name, text in texts.items() if name.endswith(".yml")}


def test_prometheus_is_that_of_the_rules_on_the_ports_that_were_chosen() -> None:
    """
    At the pace of the stack.
    """
    found = _written()["prometheus/prometheus.yml"]
    targets = {target for job in found["scrape_configs"] for one in job["static_configs"] for target in one["targets"]}

    assert found["global"] == {"scrape_interval": "3s", "evaluation_interval": "3s"}
    assert targets == {"127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003"}
    assert found["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:1003"]}]}]


def test_rules_are_those_that_the_command_writes() -> None:
    """
    But for how often they are evaluated.
    """
    texts = render(Options(interval_seconds=3))
    rules = {name: yaml.safe_load(text) for name, text in texts.items() if name.endswith(".rules.yml")}

    assert rules.items() <= _written().items()


def test_alertmanager_keeps_routes_and_inhibitions() -> None:
    """
    Receivers have a webhook instead of channels, which need secrets.
    """
    committed = yaml.safe_load(render(Options())["alerts/alertmanager.yml"])
    found = _written("http://127.0.0.1:9099/")["alerts/alertmanager.yml"]

    assert found["inhibit_rules"] == committed["inhibit_rules"]
    assert _receivers(found["route"]) == _receivers(committed["route"])
    assert found["receivers"] == [
        {"name": one["name"], "webhook_configs": [{"url": "http://127.0.0.1:9099/", "send_resolved": True}]}
        for one in committed["receivers"][:-1]
    ] + [{"name": "nobody"}]


def test_alertmanager_waits_no_longer_than_prometheus() -> None:
    """
    A group waits for others for one interval, in each route that says how long.
    """
    (route,) = _written()["alerts/alertmanager.yml"]["route"]["routes"]
    paces = {one[key] for one in (route, *route["routes"]) for key in ("group_wait", "group_interval") if key in one}

    assert paces == {"3s"}
    assert route["repeat_interval"] == "1d"


def test_without_a_webhook_nobody_is_told() -> None:
    """
    Receivers are there, so that routes lead somewhere.
    """
    receivers = _written()["alerts/alertmanager.yml"]["receivers"]

    assert {"channel", "urgent"} <= {one["name"] for one in receivers}
    assert all(one.keys() == {"name"} for one in receivers)


def _receivers(route: dict[str, Any]) -> list[Any]:
    return [route["receiver"], route.get("matchers"), *(_receivers(inner) for inner in route.get("routes", []))]

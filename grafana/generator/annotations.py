"""
Marks on the time axis: runs, deployments, alerts.
"""

from grafana.generator.panel import PROMETHEUS, Json
from grafana.generator.promql import SUITE, before_step, in_step
from paceline import colors

# As a bare selector looks back: each run is within a step or two of it.
_STEP = "5m"
_INFO = f"paceline_run_info{{{SUITE}}}"
_ENDED = (
    f"last_over_time(timestamp({_INFO})[$__interval:{_STEP}] offset -$__interval) "
    # The steps are round times; the latest runs come after the last one.
    f"or timestamp({_INFO} offset -$__interval)"
)


def annotations(*alerts: str) -> list[Json]:
    """
    Marks for runs, for alerts, and for deployments: annotations in Grafana with the tag `deployment`.

    Grafana asks at a hundred points or so, hours apart, so that the value of each mark is its time, in ms.

    Args:
        alerts: label matchers of the alerts to mark.
    """
    return [
        _builtin(
            "Deployments", colors.PURPLE, {"type": "tags", "tags": ["deployment"], "limit": 100, "matchAny": True}
        ),
        _asked(
            "Alerts",
            colors.BAD,
            # Only when each alert begins: many spans would cover the curves.
            f"1000 * min by (alertname, severity) ({' or '.join(_begun(labels) for labels in alerts)})",
            {"titleFormat": "{{alertname}}", "tagKeys": "severity"},
        ),
        # Off at first: the marks of many runs hide the curves.
        _asked(
            "Runs",
            colors.QUIET,
            f"1000 * max by (run_id, ref, commit, outcome) ({_ENDED})",
            {"titleFormat": "{{outcome}} {{commit}}", "textFormat": "{{run_id}} on {{ref}}", "enable": False},
        ),
    ]


def _begun(labels: str) -> str:
    """
    The time in seconds at which the condition of an alert became true, for alerts that fire in this step and did not
    fire in the step before.
    """
    chosen = f'alertname=~"Paceline.*",{labels}'
    firing = f'ALERTS{{{chosen},alertstate="firing"}}'
    return (
        f"{in_step(f'ALERTS_FOR_STATE{{{chosen}}}')} and ignoring (alertstate) {in_step(firing)} "
        f"unless ignoring (alertstate) {before_step(firing)}"
    )


def _builtin(name: str, color: str, target: Json) -> Json:
    return {
        "name": name,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": False,
        "iconColor": color,
        "target": target,
    }


def _asked(name: str, color: str, expr: str, changes: Json) -> Json:
    return {
        "name": name,
        "datasource": dict(PROMETHEUS),
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": "60s",
        "useValueForTime": True,
        "titleFormat": "",
        "textFormat": "",
        "tagKeys": "",
        **changes,
    }

"""
What is marked on the time axis: runs, deployments, alerts.
"""

from paceline.grafana.boards import colors
from paceline.grafana.boards.panel import PROMETHEUS, Json
from paceline.grafana.boards.promql import SUITE, before_step, each_run, in_step

_FIRING = f'ALERTS{{alertname=~"Paceline.*",alertstate="firing",{SUITE}}}'


def _by_alert(expr: str) -> str:
    return f"max by (alertname, severity) ({expr})"


def annotations() -> list[Json]:
    """
    Of the suite that is looked at. Deployments are those that somebody told Grafana, with the tag `deployment`.
    """
    return [
        _builtin(
            "Deployments", colors.PURPLE, {"type": "tags", "tags": ["deployment"], "limit": 100, "matchAny": True}
        ),
        _asked(
            "Alerts",
            colors.BAD,
            # When each begins: as spans, many would cover what they are to explain.
            f"{_by_alert(in_step(_FIRING))} unless {_by_alert(before_step(_FIRING))}",
            {"titleFormat": "{{alertname}}", "tagKeys": "severity"},
        ),
        # Off at first: where there are many runs, marks hide what they are to explain.
        _asked(
            "Runs",
            colors.QUIET,
            each_run("paceline_run_info", SUITE),
            {"titleFormat": "{{outcome}} {{commit}}", "textFormat": "{{run_id}} on {{ref}}", "enable": False},
        ),
    ]


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
        "titleFormat": "",
        "textFormat": "",
        "tagKeys": "",
        **changes,
    }

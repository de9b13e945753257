"""
A link from the dashboard of a test to its traces, in the time range of the dashboard.
"""

import json
from typing import Any
from urllib.parse import quote

# What a run is sent as, unless OTEL_SERVICE_NAME says otherwise.
_SERVICE = "paceline"
_DASHBOARD = "paceline-test"
# Grafana puts its variables into the address of a link.
_TEST, _FROM, _TO = "${test:percentencode}", "${__from}", "${__to}"
# They stand for the variables until the rest is quoted; quoting leaves them as they are.
_PLACEHOLDERS = {"~test~": _TEST, "~from~": _FROM, "~to~": _TO}


def jaeger_link(address: str) -> str:
    """
    The search of a Jaeger for the spans of a test.

    Args:
        address: of its pages, as who looks at the dashboard reaches them.
    """
    # Milliseconds and microseconds.
    return f"{address}/search?service={_SERVICE}&operation={_TEST}&lookback=custom&start={_FROM}000&end={_TO}000"


def tempo_link(uid: str) -> str:
    """
    Grafana's Explore with the spans of a test in a Tempo.

    Args:
        uid: of the data source.
    """
    source = {"type": "tempo", "uid": uid}
    query = {"refId": "A", "datasource": source, "queryType": "traceql", "query": '{name="~test~"}'}
    shown = {"datasource": uid, "queries": [query], "range": {"from": "~from~", "to": "~to~"}}
    state = quote(json.dumps(shown, separators=(",", ":")))
    for name, variable in _PLACEHOLDERS.items():
        state = state.replace(name, variable)
    return f"/explore?left={state}"


def with_trace_link(board: dict[str, Any], url: str) -> dict[str, Any]:
    """
    A dashboard with a link to traces, if it is that of a test.

    Args:
        board: the dashboard.
        url: of the link; "" for none.
    """
    if not url or board["uid"] != _DASHBOARD:
        return board
    link = {
        "type": "link",
        "title": "Traces",
        "tooltip": "Runs in which the test is a span, with what it did",
        "icon": "external link",
        "url": url,
        "targetBlank": True,
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "tags": [],
    }
    return {**board, "links": [*board["links"], link]}

"""
The variables of the dashboards; each query uses the variables before it.
"""

from collections.abc import Sequence

from grafana.generator.panel import PROMETHEUS, Json
from grafana.generator.promql import SUITE, TESTS, WHOLE, ended

_ON_TIME_RANGE = 2
_AS_IT_COMES, _ALPHABETICAL = 0, 1
_HIDDEN = 2


def data_source() -> Json:
    """
    The Prometheus to query; by default the default data source of Grafana.
    """
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "current": {"selected": False, "text": "default", "value": "default"},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "skipUrlSync": False,
    }


def labels(name: str, label: str, of: str, text: str, **changes: object) -> Json:
    """
    The values of a label.

    Args:
        name: of the variable.
        label: as it is shown.
        of: the label of the metrics.
        text: a selector of series that have it.
        changes: of single keys.
    """
    return _asked(name, label, f"label_values({text}, {of})", **changes)


def results(name: str, label: str, expr: str, regex: str, **changes: object) -> Json:
    """
    The results of an expression at the end of the time range, in their order.

    Args:
        name: of the variable.
        label: as it is shown.
        expr: an instant vector.
        regex: what is taken of `{label="value"} 1.5 1795478400000`.
        changes: of single keys.
    """
    return _asked(name, label, f"query_result({expr})", **{"regex": regex, "sort": _AS_IT_COMES, **changes})


def _asked(name: str, label: str, query: str, **changes: object) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": dict(PROMETHEUS),
        "definition": query,
        "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": _ON_TIME_RANGE,
        "sort": _ALPHABETICAL,
        "regex": "",
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "skipUrlSync": False,
        **changes,
    }


_EVERYTHING = {"includeAll": True, "multi": True, "allValue": ".+"}
_ALL = {"current": {"selected": True, "text": ["All"], "value": ["$__all"]}}

SUITE_VARIABLE = labels("suite", "Suite", "suite", "paceline_run_duration_seconds")
# The branch to begin with, where the suite has it.
MAIN = {"current": {"selected": True, "text": "main", "value": "main"}}
BRANCH_VARIABLE = labels("branch", "Branch", "branch", "paceline_run_duration_seconds{suite=${suite:json}}", **MAIN)
TYPE_VARIABLE = labels("test_type", "Test type", "test_type", f"paceline_test_passed{{{SUITE}}}", **_EVERYTHING, **_ALL)
TEST_VARIABLE = labels("test", "Test", "test", f"paceline_test_passed{{{TESTS}}}")
# Of what a link or a bookmark brings it would be that of another time.
_OF_NOW = {"hide": _HIDDEN, "skipUrlSync": True}
END_VARIABLE = results(
    "end",
    "End of the last whole run",
    f"{ended(WHOLE)} or vector(0)",
    r"/^\{\} ([\d.]+) /",
    **_OF_NOW,
    current={"selected": True, "text": "0", "value": "0"},
)


def hidden(variable: Json) -> Json:
    """
    A variable that the dashboard hides, and passes on by its links to other dashboards.
    """
    return {**variable, "hide": _HIDDEN}


def _latest(name: str, label: str, of: str) -> Json:
    """
    The values of `suite` or `branch`, the current or latest run first, whatever the time range.
    """
    stamps = f"max_over_time(timestamp(paceline_run_duration_seconds{of})[30d:5m])"
    running = f"time() + 0 * paceline_active_cases{of}"
    return results(name, label, f"sort_desc(max by ({name}) ({running} or {stamps}))", f'/^\\{{{name}="(.*)"\\}} /')


# Of a run that is under way, be it the first, and where none is.
LATEST_SUITE = _latest("suite", "Suite", "")
LATEST_BRANCH = _latest("branch", "Branch", "{suite=${suite:json}}")


# The end of the last run, whole or partial, of the last days.
_LAST = "max_over_time(timestamp(paceline_run_duration_seconds{" + SUITE + "})"
LATEST_END = results(
    "end",
    "End of the last run",
    f"max({_LAST}[1m:1s]) or {_LAST}[7d:1m])) or vector(0)",
    END_VARIABLE["regex"],
    **_OF_NOW,
    current=END_VARIABLE["current"],
)


def of_suite() -> Sequence[Json]:
    """
    Data source, suite, branch and test type.
    """
    return (data_source(), SUITE_VARIABLE, BRANCH_VARIABLE, TYPE_VARIABLE)

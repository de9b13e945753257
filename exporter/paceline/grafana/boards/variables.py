"""
The variables of the dashboards, each asking for no more than those before it leave.
"""

from collections.abc import Mapping, Sequence

from paceline.grafana.boards.panel import PROMETHEUS, Json
from paceline.grafana.boards.promql import SUITE, TESTS

_ON_TIME_RANGE = 2
_ALPHABETICAL = 1


def data_source() -> Json:
    """
    Which Prometheus; Grafana's default where nothing is chosen.
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
    query = f"label_values({text}, {of})"
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


def choice(name: str, label: str, values: Mapping[str, str]) -> Json:
    """
    One of a few values, the first to begin with.

    Args:
        name: of the variable.
        label: as it is shown.
        values: text → value.
    """
    options = [
        {"selected": place == 0, "text": text, "value": value} for place, (text, value) in enumerate(values.items())
    ]
    return {
        "name": name,
        "label": label,
        "type": "custom",
        "query": ",".join(f"{text} : {value}" for text, value in values.items()),
        "current": options[0],
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": options,
        "skipUrlSync": False,
    }


_EVERYTHING = {"includeAll": True, "multi": True, "allValue": ".+"}
_ALL = {"current": {"selected": True, "text": ["All"], "value": ["$__all"]}}

SUITE_VARIABLE = labels("suite", "Suite", "suite", "paceline_run_duration_seconds")
# The branch to begin with, where the suite has it.
MAIN = {"current": {"selected": True, "text": "main", "value": "main"}}
BRANCH_VARIABLE = labels("branch", "Branch", "branch", "paceline_run_duration_seconds{suite=${suite:json}}", **MAIN)
TYPE_VARIABLE = labels("test_type", "Test type", "test_type", f"paceline_test_passed{{{SUITE}}}", **_EVERYTHING, **_ALL)
TEST_VARIABLE = labels("test", "Test", "test", f"paceline_test_passed{{{TESTS}}}")


def of_suite() -> Sequence[Json]:
    """
    Data source, suite, branch and test type.
    """
    return (data_source(), SUITE_VARIABLE, BRANCH_VARIABLE, TYPE_VARIABLE)

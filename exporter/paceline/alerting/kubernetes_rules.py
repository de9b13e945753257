"""
The rules as the Prometheus Operator takes them.
"""

from collections.abc import Mapping
from pathlib import PurePath
from textwrap import indent

_SUFFIX = ".rules.yml"
_RESOURCE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: paceline-{name}
  labels:
    app.kubernetes.io/name: paceline
spec:
{groups}"""


def prometheus_rules(texts: Mapping[str, str]) -> dict[str, str]:
    """
    A PrometheusRule for each file of rules.

    Args:
        texts: all files, by their path, as `render` makes them.

    Returns:
        The text of one file, by its name.
    """
    made = (
        _RESOURCE.format(name=_name(path), groups=indent(text, "  "))
        for path, text in texts.items()
        if path.endswith(_SUFFIX)
    )
    return {"rules.yml": "---\n".join(["# Made by `paceline rules --format prometheusrule`.\n", *made])}


def _name(path: str) -> str:
    """
    `alerts/budget.rules.yml` is alerts-budget, `prometheus/rules/budget.rules.yml` is rules-budget.
    """
    folder, name = PurePath(path).parts[-2:]
    return f"{folder}-{name.removesuffix(_SUFFIX)}"

"""
The reference page of all alerts and recorded series, from the rule files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import yaml
from tabulate import tabulate

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options

_PAGE = """\
# Alerts and recorded series

Made by `make generated` from the rule files that `paceline rules` writes without options.

## Alerts

An alert fires as soon as its expression has a result, or when it had one for the whole time in the column `for`.
Each alert links to its runbook. [How alerts cover each other](../explanation/alert-chain.md) explains `part_of`.

{alerts}

## Names of recorded series

Names follow Prometheus' `level:metric:operations`, with two differences: the middle names a finding where no single
metric has the value, and the last part is then the unit (`seconds`, `count`, `bool`) instead of an operation.
The level is `suite` (labels `suite` and `branch`) or `test` (labels `suite`, `branch` and `test`); some series have
more labels, such as `measure`.

The last part `whole` marks the alert on a suite that covers a finding, and `part_of` what each finding got as the label
`part_of` of its alert.
"The same" in a row refers to the row above it.

{series}
"""
_GROUP = """\
## {file}: group {group}

Evaluated every {interval}.

{table}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """
    A group of rules of one file.
    """

    file: str
    name: str
    interval: str
    rules: tuple[Mapping[str, Any], ...]


class _Commented(yaml.SafeLoader):
    """
    Loads mappings with their first line, because no loader keeps comments.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {**super().construct_mapping(node, deep), "line": node.start_mark.line}


def rules_page() -> str:
    """
    The text of the page.
    """
    groups = [
        group for path, text in render(Options()).items() if path.endswith(".rules.yml") for group in _read(path, text)
    ]
    alerts = [_alert_row(rule) for group in groups for rule in group.rules if "alert" in rule]
    series = [_series(group) for group in groups if any("record" in rule for rule in group.rules)]
    return _PAGE.format(alerts=_table(alerts), series="\n\n".join(series))


def _read(path: str, text: str) -> Iterator[_Group]:
    lines = text.splitlines()
    for group in yaml.load(text, _Commented)["groups"]:  # noqa: S506
        rules = tuple({**rule, "comment": _comment_above(lines, rule["line"])} for rule in group["rules"])
        yield _Group(file=PurePath(path).name, name=group["name"], interval=group["interval"], rules=rules)


def _comment_above(lines: list[str], line: int) -> str:
    start = line
    while lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return " ".join(text.strip().removeprefix("# ") for text in lines[start:line])


def _alert_row(rule: Mapping[str, Any]) -> dict[str, str]:
    name = rule["alert"]
    return {
        "alert": f"[{name}](../how-to/runbooks/{PurePath(rule['annotations']['runbook_url']).name})",
        "severity": rule["labels"]["severity"],
        "what it says": rule["annotations"]["summary"],
        "for": rule.get("for", ""),
        "note": rule["comment"],
    }


def _series(group: _Group) -> str:
    """
    One row for each name: rules of one name differ in the label `measure`, and only the first has a comment.
    """
    comments: dict[str, str] = {}
    for rule in group.rules:
        comments.setdefault(rule["record"], rule["comment"])
    rows = [{"series": f"`{name}`", "meaning": comment} for name, comment in comments.items()]
    return _GROUP.format(file=group.file, group=group.name, interval=group.interval, table=_table(rows))


def _table(rows: list[dict[str, str]]) -> str:
    escaped = [{key: text.replace("|", r"\|") for key, text in row.items()} for row in rows]
    return tabulate(escaped, headers="keys", tablefmt="github", disable_numparse=True)

"""
Tables of tests: a row for each, a column for each query.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from paceline.grafana.boards.panel import Override, Panel, Query, Step, ref_id, table

_OF_TEST = (
    "/d/paceline-test?var-datasource=${datasource}&var-suite=${suite:percentencode}"
    "&var-branch=${branch:percentencode}&var-test=${__data.fields.test:percentencode}&${__url_time_range}"
)
# In pixels; what is left is for the name of the test.
_LETTER, _MARGIN, _ARROW, _LEAST, _TYPE_WIDTH = 8, 24, 20, 72, 100


class Column(Struct, frozen=True, kw_only=True):
    """
    A figure of each test; `steps` colour its cells. `lowest_first` matters in the column that a table is sorted by.
    """

    name: str
    expr: str
    unit: str
    lowest_first: bool = False
    steps: tuple[Step, ...] = ()
    mappings: Sequence[Mapping[str, Any]] = ()

    def as_override(self, *, is_sorted: bool) -> Override:
        """
        How the column looks; what a table is sorted by has an arrow beside its name.
        """
        width = _MARGIN + _LETTER * len(self.name) + (_ARROW if is_sorted else 0)
        properties: dict[str, Any] = {
            "unit": self.unit,
            "noValue": "\N{EN DASH}",
            "custom.width": max(width, _LEAST),
        }
        if self.steps:
            steps = [{"color": step.color, "value": step.value} for step in self.steps]
            properties |= {"thresholds": {"mode": "absolute", "steps": steps}, "custom.displayMode": "color-text"}
        if self.mappings:
            properties |= {"mappings": list(self.mappings)}
        return Override(matcher="byName", pattern=self.name, properties=properties)


def ranking(title: str, description: str, empty: str, columns: Sequence[Column], **changes: object) -> Panel:
    """
    A table of tests, sorted by the first column; the name of a test leads to its dashboard.

    Args:
        title: of the panel.
        description: how to read it.
        empty: what it means that no test is in it.
        columns: the first decides which tests are in it and their order.
        changes: of other fields of the panel.
    """
    link = {"title": "Show this test", "url": _OF_TEST, "targetBlank": False}
    test = Override(matcher="byName", pattern="Test", properties={"links": [link], "custom.filterable": True})
    kind = Override(
        matcher="byName", pattern="Type", properties={"custom.width": _TYPE_WIDTH, "custom.filterable": True}
    )
    return rows_of(title, description, empty, columns, overrides=(test, kind), **changes)


def rows_of(
    title: str,
    description: str,
    empty: str,
    columns: Sequence[Column],
    overrides: tuple[Override, ...] = (),
    **changes: object,
) -> Panel:
    """
    A table of whatever the labels of the queries tell apart.
    """
    made = table(
        title=title,
        description=description,
        empty=empty,
        unit="none",
        queries=tuple(Query(expr=column.expr, now=True, is_table=True) for column in columns),
        overrides=(*overrides, _SEVERITY, *(one.as_override(is_sorted=one is columns[0]) for one in columns)),
        transformations=_in_columns(columns),
    )
    order = [{"displayName": columns[0].name, "desc": not columns[0].lowest_first}]
    return replace(made, options={**made.options, "sortBy": order}, **changes)


_SEVERITY = Override(matcher="byName", pattern="Severity", properties={"custom.width": _TYPE_WIDTH})


def _in_columns(columns: Sequence[Column]) -> tuple[Mapping[str, Any], ...]:
    values = [f"Value #{ref_id(place)}" for place in range(len(columns))]
    names = {value: column.name for value, column in zip(values, columns, strict=True)}
    # So it is called where no other query has an answer.
    names |= {"Value": columns[0].name}
    order = [*_LABELS, "Value", *values]
    organize = {
        "excludeByName": {"Time": True},
        "indexByName": {name: place for place, name in enumerate(order)},
        "renameByName": {**_LABELS, **names},
    }
    return {"id": "merge", "options": {}}, {"id": "organize", "options": organize}


_LABELS = {
    "test": "Test",
    "test_type": "Type",
    "alertname": "Alert",
    "severity": "Severity",
    "suite": "Suite",
    "branch": "Branch",
    "job": "Job",
    "instance": "Instance",
    "version": "Version",
    "rule_group": "Rules",
}

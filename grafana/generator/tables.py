"""
Tables of tests: a row for each, a column for each query.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from grafana.generator.panel import Override, Panel, Query, Threshold, as_thresholds, ref_id
from grafana.generator.panel_kinds import table
from paceline import colors
from paceline.quantity import CauseRole
from paceline.usage import UsageKey

_OF_TEST = (
    "/d/paceline-test?var-datasource=${datasource}&var-suite=${suite:percentencode}"
    "&var-branch=${branch:percentencode}&${test_type:queryparam}&var-test=${__value.raw:percentencode}"
)
_SAME_TIME = "&${__url_time_range}"
# In pixels; the name of the test gets the rest of the width.
_LETTER, _MARGIN, _ARROW, _LEAST, _TYPE_WIDTH = 8, 24, 20, 72, 110
# On a phone, so that more of a name is seen than its folder.
_NAME_LEAST = 300


FACTOR = (Threshold("text"), Threshold(colors.WARNING, 1.15), Threshold(colors.BAD, 2))
"""
Colours of how many times as much as usual.
"""

# Grafana takes a bound that is missing for 0.
_FAR = 1e12


class TableColumn(Struct, frozen=True, kw_only=True):
    """
    A figure of each test; `thresholds` colour its cells.

    `lowest_first` matters in the column that sorts the table. `letters` is the length of the longest value, if a value
    is longer than the name.
    """

    name: str
    expr: str
    unit: str
    lowest_first: bool = False
    letters: int = 0
    thresholds: tuple[Threshold, ...] = ()
    mappings: Sequence[Mapping[str, Any]] = ()

    def as_override(self, *, is_sorted: bool) -> Override:
        """
        How the column looks; what a table is sorted by has an arrow beside its name.
        """
        width = _MARGIN + _LETTER * max(len(self.name), self.letters) + (_ARROW if is_sorted else 0)
        properties: dict[str, Any] = {
            "unit": self.unit,
            "noValue": "\N{EN DASH}",
            "custom.width": max(width, _LEAST),
        }
        if self.thresholds:
            properties |= {"thresholds": as_thresholds(self.thresholds), "custom.displayMode": "color-text"}
        if self.mappings:
            properties |= {"mappings": list(self.mappings)}
        return Override(matcher="byName", pattern=self.name, properties=properties)


def as_words(words: Mapping[str, str]) -> Mapping[str, Any]:
    """
    The mapping of values to what is shown for them.
    """
    return {
        "type": "value",
        "options": {value: {"text": word, "index": place} for place, (value, word) in enumerate(words.items())},
    }


class ShareColumn(Struct, frozen=True, kw_only=True):
    """
    A column with a word for the share of one column in another.

    `words` are ascending: each is for shares below its number, the last for all above.
    """

    name: str
    part: str
    whole: str
    words: Sequence[tuple[float, str]]

    def as_override(self) -> Override:
        """
        How the column looks.
        """
        bounds = [-_FAR, *(bound for bound, _ in self.words[:-1]), _FAR]
        mappings = [
            {
                "type": "range",
                "options": {"from": bounds[place], "to": bounds[place + 1], "result": {"index": place, "text": word}},
            }
            for place, (_, word) in enumerate(self.words)
        ]
        width = _MARGIN + _LETTER * max(len(word) for _, word in self.words)
        properties = {
            "mappings": [*mappings, _NO_NUMBER],
            "noValue": "\N{EN DASH}",
            "custom.width": width,
            "custom.align": "left",
        }
        return Override(matcher="byName", pattern=self.name, properties=properties)


# The share of a part that is missing.
_NO_NUMBER = {"type": "special", "options": {"match": "nan", "result": {"text": "\N{EN DASH}", "index": 0}}}
# A label that a row does not have would have the text of an empty panel.
_NO_LABEL = Override(matcher="byType", pattern="string", properties={"noValue": "\N{EN DASH}"})
WHOLE_OR_PART = Override(
    matcher="byName", pattern="Run", properties={"mappings": [as_words({"false": "whole", "true": "a part"})]}
)
"""
The label `partial` in words.
"""


def in_words(name: str, keys: Iterable[UsageKey], width: int) -> Override:
    """
    The column of a label whose values are keys of usage, in the words of reports.
    """
    words = as_words({key.value: key.quantity.words for key in keys})
    return Override(matcher="byName", pattern=name, properties={"custom.width": width, "mappings": [words]})


CAUSE = in_words("Cause", (key for key in UsageKey if key.quantity.cause is not CauseRole.NEVER), 170)

Columns = Sequence[TableColumn | ShareColumn]


def _to_test(time: str) -> Override:
    link = {"title": "Show this test", "url": _OF_TEST + time, "targetBlank": False}
    return Override(matcher="byName", pattern="Test", properties={**_AS_LINK, "links": [link]})


# Grafana breaks lines at spaces only. A space that is seen is no danger when a name is copied; the value keeps none.
_BREAKABLE = {"type": "regex", "options": {"pattern": "/::/g", "result": {"text": " ::", "index": 0}}}
# A row without a test has a link too; its text is a space, so that readers neither see nor click it.
_AS_LINK = {
    "custom.filterable": True,
    "custom.minWidth": _NAME_LEAST,
    "noValue": " ",
    # Names differ at their ends: they are wrapped (Grafana 11 and later), and a view of their own shows them whole.
    "custom.cellOptions": {"type": "auto", "wrapText": True},
    "custom.inspect": True,
    "mappings": [_BREAKABLE],
}
TO_TEST = _to_test(_SAME_TIME)
"""
Makes the name of a test lead to its dashboard, with the same time range.
"""

TO_TEST_OF_LATE = _to_test("&from=now-14d&to=now")
"""
The same from a dashboard of minutes, in which a test has at most one run.
"""


def ranking(
    title: str,
    description: str,
    empty: str,
    columns: Columns,
    overrides: tuple[Override, ...] = (TO_TEST,),
    **changes: object,
) -> Panel:
    """
    A table of tests, sorted by the first column; the name of a test leads to its dashboard.

    Args:
        title: of the panel.
        description: how to read it.
        empty: what it means that no test is in it.
        columns: the first, which is no share, decides which tests are in it and their order.
        overrides: where the name of a test leads to, and how other labels look.
        changes: of other fields of the panel.
    """
    kind = Override(
        matcher="byName", pattern="Type", properties={"custom.width": _TYPE_WIDTH, "custom.filterable": True}
    )
    return rows_of(title, description, empty, columns, overrides=(*overrides, kind), **changes)


def rows_of(
    title: str,
    description: str,
    empty: str,
    columns: Columns,
    overrides: tuple[Override, ...] = (),
    **changes: object,
) -> Panel:
    """
    A table of whatever the labels of the queries tell apart.
    """
    asked = [one for one in columns if isinstance(one, TableColumn)]
    looks = (
        one.as_override(is_sorted=one is asked[0]) if isinstance(one, TableColumn) else one.as_override()
        for one in columns
    )
    made = table(
        title=title,
        description=description,
        empty=empty,
        unit="none",
        queries=tuple(Query(expr=one.expr, now=True, is_table=True) for one in asked),
        overrides=(_NO_LABEL, WHOLE_OR_PART, *overrides, *looks),
        transformations=_in_columns(columns),
    )
    order = [{"displayName": asked[0].name, "desc": not asked[0].lowest_first}]
    return replace(made, options={**made.options, "sortBy": order}, **changes)


# The name of the value column if only one query has a result.
_ALONE = "Value"


def _in_columns(columns: Columns) -> tuple[Mapping[str, Any], ...]:
    asked = [column.name for column in columns if isinstance(column, TableColumn)]
    values = {name: f"Value #{ref_id(place)}" for place, name in enumerate(asked)}
    order = [*_LABELS, _ALONE, *(values.get(column.name, column.name) for column in columns)]
    names = {value: name for name, value in values.items()}
    organize = {
        "excludeByName": {"Time": True},
        "indexByName": {name: place for place, name in enumerate(order)},
        "renameByName": {**_LABELS, **names, _ALONE: asked[0]},
    }
    ratios = (
        {"id": "calculateField", "options": _ratio(one, values)} for one in columns if isinstance(one, ShareColumn)
    )
    return {"id": "merge", "options": {}}, *ratios, {"id": "organize", "options": organize}


def _ratio(share: ShareColumn, values: Mapping[str, str]) -> Mapping[str, Any]:
    binary = {"left": values[share.part], "operator": "/", "right": values[share.whole], "reducer": "sum"}
    return {"alias": share.name, "mode": "binary", "binary": binary, "reduce": {"reducer": "sum"}}


_LABELS = {
    "alertname": "Alert",
    "kind": "Verdict",
    "test": "Test",
    "subject": "About",
    "cause": "Cause",
    "test_type": "Type",
    "measure": "Measure",
    "endpoint": "Endpoint",
    "benchmark": "Benchmark",
    "leak": "Leak",
    "suite": "Suite",
    "branch": "Branch",
    "partial": "Run",
    "job": "Job",
    "instance": "Instance",
    "version": "Version",
    "rule_group": "Rules",
}

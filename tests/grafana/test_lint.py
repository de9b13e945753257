"""
What grafana/dashboard-linter asks of a dashboard, as far as it holds for samples of runs.

Left out: `job` and `instance` as variables and in every selector (runs belong to a suite, whoever brought them), and
`$__rate_interval` and rates of counters for all (see `test_expressions`).

Source: grafana/dashboard-linter, docs/rules.
"""

import re
from typing import Any

import pytest

from support.dashboards import boards, panels

_BOARDS = boards()
_PANELS = [(board["uid"], panel) for board in _BOARDS for panel in panels(board)]
_TABLES = [panel for _, panel in _PANELS if panel["type"] == "table" and len(panel["targets"]) > 1]
_UNITS = {
    *("none", "short", "s", "bytes", "Bps", "ops", "reqps", "percentunit", "bool_yes_no", "dateTimeFromNow"),
    "suffix:\N{MULTIPLICATION SIGN}",
}
_SAFE = re.compile(r"#[0-9A-F]{6}|text")
_SAME_TIME = "${__url_time_range}"
_OF_MINUTES = {"paceline-live", "paceline-pipeline"}


_HAS_TESTS = "/d/paceline-test"


def _properties(override: dict[str, Any], name: str) -> dict[str, Any]:
    matches = override["matcher"]["options"] == name
    return {one["id"]: one["value"] for one in override["properties"]} if matches else {}


def _variables(board: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = board["templating"]["list"]
    return found


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board["uid"])
def test_the_data_source_is_chosen_first(board: dict[str, Any]) -> None:
    """
    template-datasource-rule: a variable `datasource`, which all variables, panels and queries use.
    """
    first, *others = _variables(board)
    used = [one["datasource"] for one in others if one["type"] == "query"]
    used += [one["datasource"] for panel in panels(board) for one in (panel, *panel["targets"])]

    assert (first["name"], first["label"], first["query"]) == ("datasource", "Data source", "prometheus")
    assert [one for one in used if one != {"type": "prometheus", "uid": "${datasource}"}] == []


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board["uid"])
def test_variables_ask_again_for_another_time(board: dict[str, Any]) -> None:
    """
    template-on-time-change-reload-rule; and each asks with those before it, so that there is no choice that is empty.
    """
    asked = [one for one in _variables(board) if one["type"] == "query"]
    names = [one["name"] for one in _variables(board)]
    ahead = [
        (one["name"], name)
        for one in asked
        for name in re.findall(r"\$\{?(?!__)(\w+)", one["query"]["query"])
        if name not in names[: names.index(one["name"])]
    ]

    assert [one["refresh"] for one in asked] == [2] * len(asked)
    assert ahead == []


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board["uid"])
def test_nobody_edits_what_is_made(board: dict[str, Any]) -> None:
    """
    uneditable-dashboard.
    """
    assert board["editable"] is False


@pytest.mark.parametrize(("board", "panel"), _PANELS, ids=lambda one: one if isinstance(one, str) else one["title"])
def test_a_panel_says_how_to_read_it(board: str, panel: dict[str, Any]) -> None:
    """
    panel-title-description-rule, panel-units-rule, panel-no-targets-rule; and a text for where there is nothing.
    """
    defaults = panel["fieldConfig"]["defaults"]

    assert board.startswith("paceline-")
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"] in _UNITS
    assert defaults["noValue"]
    assert panel["targets"]


@pytest.mark.parametrize(("board", "panel"), _PANELS, ids=lambda one: one if isinstance(one, str) else one["title"])
def test_colours_are_those_that_all_can_tell_apart(board: str, panel: dict[str, Any]) -> None:
    """
    Steps and fixed colours are given as figures, not as Grafana's red and green.
    """
    text = repr(panel["fieldConfig"])
    named = re.findall(r"'(?:color|fixedColor)': '([^']*)'", text)

    assert board.startswith("paceline-")
    assert [name for name in named if not _SAFE.fullmatch(name)] == []
    assert "palette-classic" not in text


def test_prometheus_answers_with_as_many_points_as_are_asked_for() -> None:
    """
    It refuses more than 11,000, and Grafana rounds the step, by up to 1.75: from nearly 3.5 minutes to 2.

    Source: grafana/grafana, packages/grafana-data/src/datetime/rangeutil.ts, `roundInterval`.
    """
    points = {panel.get("maxDataPoints", 0) for _, panel in _PANELS}

    assert max(points) * 1.75 < 11_000


def test_links_lead_to_dashboards_with_what_was_chosen() -> None:
    """
    From table to test with data source, suite, branch, types and time; between dashboards with all variables, so that
    each has those that any other shows. A time of minutes or hours stays where it is.
    """
    urls = set(re.findall(r"'url': '(/d/[^']*)'", repr(_BOARDS)))
    links = [board["links"][0] for board in _BOARDS]
    handed_on = [{one["name"] for one in _variables(board)} for board in _BOARDS]

    assert {url.partition("?")[0] for url in urls} == {"/d/paceline-test"}
    assert all(f"var-{name}=" in url for url in urls for name in ("datasource", "suite", "branch", "test"))
    assert all("&${test_type:queryparam}&" in url for url in urls)
    assert {url.rpartition("}&")[2] for url in urls} == {_SAME_TIME, "from=now-14d&to=now"}
    assert all(names >= {"datasource", "suite", "branch", "test_type"} for names in handed_on)
    assert all(link["includeVars"] and link["asDropdown"] and link["tags"] == ["paceline"] for link in links)
    assert [link["keepTime"] for link in links] == [board["uid"] not in _OF_MINUTES for board in _BOARDS]


@pytest.mark.parametrize(("board", "panel"), _PANELS, ids=lambda one: one if isinstance(one, str) else one["title"])
def test_a_cell_without_a_label_is_a_dash(board: str, panel: dict[str, Any]) -> None:
    """
    A table of labels sets a text for cells without a value; else each has the text of the empty panel.
    """
    merges = panel["type"] == "table" and len(panel["transformations"]) == 2
    dashes = [
        one
        for one in panel["fieldConfig"]["overrides"]
        if one["matcher"] == {"id": "byType", "options": "string"} and one["properties"][0]["value"] == "\N{EN DASH}"
    ]

    assert board.startswith("paceline-")
    assert dashes or not merges


@pytest.mark.parametrize("panel", _TABLES, ids=lambda panel: panel["title"])
def test_an_empty_cell_has_a_dash(panel: dict[str, Any]) -> None:
    """
    The text for an empty panel does not stand in a cell of a row that other columns fill.
    """
    (names,) = (one["options"]["renameByName"] for one in panel["transformations"] if one["id"] == "organize")
    columns = {name for value, name in names.items() if value.startswith("Value #") and value != "Value #A"}
    with_dash = {
        one["matcher"]["options"]
        for one in panel["fieldConfig"]["overrides"]
        if {"id": "noValue", "value": "\N{EN DASH}"} in one["properties"]
    }

    assert columns <= with_dash


_NAMES_OF_TESTS = [
    {name: value for one in panel["fieldConfig"]["overrides"] for name, value in _properties(one, "Test").items()}
    for _, panel in _PANELS
    if _HAS_TESTS in repr(panel["fieldConfig"])
]


def test_names_of_tests_are_wrapped_where_they_differ() -> None:
    """
    Grafana breaks lines at spaces only, so one is shown before each `::`; the link has the name without them.
    """
    (mapping,) = {repr(one["mappings"]) for one in _NAMES_OF_TESTS}
    links = {link["url"] for one in _NAMES_OF_TESTS for link in one["links"]}

    assert "'pattern': '/::/g', 'result': {'text': ' ::'" in mapping
    assert all("&var-test=${__value.raw:percentencode}" in url for url in links)
    assert {one["custom.cellOptions"]["wrapText"] for one in _NAMES_OF_TESTS} == {True}


def test_the_text_of_an_empty_tile_can_be_read() -> None:
    """
    Grafana shrinks it until it fits into two lines, each of 14 letters in a tile of four columns.
    """
    tiles = [panel for _, panel in _PANELS if panel["type"] in {"stat", "gauge"}]
    cut = [
        (panel["title"], text)
        for panel in tiles
        for text in [panel["fieldConfig"]["defaults"]["noValue"]]
        if len(text) > 7 * panel["gridPos"]["w"]
    ]

    assert tiles
    assert cut == []


def test_a_course_is_seen_as_it_is() -> None:
    """
    Grafana leaves out the course of a tile that is less than five cells high, unless the tile is wide; and from the
    lowest value on, it would make a cliff of the smallest change.
    """
    tiles = [panel for _, panel in _PANELS if panel["type"] == "stat" and panel["options"]["graphMode"] == "area"]

    assert {panel["title"] for panel in tiles if panel["gridPos"]["h"] < 5} == set()
    assert {panel["fieldConfig"]["defaults"]["min"] for panel in tiles} == {0}


def test_names_are_in_no_bar_gauge() -> None:
    """
    It has a few letters for a name, so that names of tests would be cut where they are the same.
    """
    named = [panel["title"] for _, panel in _PANELS if panel["type"] == "bargauge" and "test" in _legends(panel)]

    assert named == []


def _legends(panel: dict[str, Any]) -> list[str]:
    return [name for target in panel["targets"] for name in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])]

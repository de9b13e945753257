"""
The dashboards, as Grafana needs them.
"""

from typing import Any

import pytest

from support.dashboards import FILES, boards, panels

_BOARDS = boards()


def test_there_are_seven() -> None:
    """
    Each has the uid that links, alerts and provisioning name, and its file the same name.
    """
    boards_by_name = ("benchmarks", "compare", "live", "load", "pipeline", "suite", "test")
    uids = [f"paceline-{name}" for name in boards_by_name]

    assert [board["uid"] for board in _BOARDS] == uids
    assert [path.stem for path in FILES] == uids


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board["uid"])
def test_file_provisioning_takes_them(board: dict[str, Any]) -> None:
    """
    The classic schema, as Grafana from 9.4 on reads it from a file: no id, no inputs, no second version.
    """
    strangers = {"id", "__inputs", "__requires", "gnetId", "elements", "layout", "spec", "apiVersion"}

    assert board["schemaVersion"] <= 42
    assert strangers & set(board) == set()
    assert {panel["type"] for panel in panels(board)} <= {
        *("stat", "gauge", "bargauge", "barchart", "timeseries", "state-timeline", "table", "heatmap"),
    }


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board["uid"])
def test_panels_have_places_of_their_own(board: dict[str, Any]) -> None:
    """
    No two cover the same cell, none is wider than the page, and each has an id of its own.
    """
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    ids = [panel["id"] for panel in board["panels"]]

    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert len(set(ids)) == len(ids)

"""
Every expression of the dashboards, beside the catalogue.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from paceline.metrics.catalogue import CATALOGUE, Channel
from support.dashboards import Asked, asked_for, boards, filled, known_series, queries, selectors
from support.foreign import OF_PROMETHEUS

_VALUES = {
    "suite": "demo",
    "branch": "main",
    "base": "main",
    "back": "1d",
    "test_type": ".+",
    "group": ".*",
    "test": "test_total",
    "end": "0",
    "datasource": "paceline-prometheus",
}
_BOARDS = boards()
# What is told live, an exporter tells with the part of the run that it is of.
_OF_PARTS = {
    metric.name: frozenset({"suite", "branch", "shard"}) for metric in CATALOGUE if metric.channel is Channel.STATE
}
_KNOWN = {
    **OF_PROMETHEUS,
    **{name: labels | _OF_PARTS.get(name, frozenset()) for name, labels in known_series().items()},
}
# Prometheus puts these on whatever it scrapes.
_EVERYWHERE = {"job", "instance"}
# What the catalogue has and no dashboard shows.
_UNUSED: dict[str, str] = {
    "paceline_case_duration_seconds_sum": "means say less than the quantiles of its buckets",
    "paceline_run_machine_others_cpu_ratio": "judgement reads it, to tell a wait from a busy machine",
    "paceline_run_probes": "rules read it, to take what is absent for 0",
    "paceline_run_threshold": "rules read it; the configuration is where it is looked up",
    "paceline_fixture_setups": "divides the seconds of a fixture into those of a setup",
    "paceline_fixture_seconds": "asked for in PromQL, fixture by fixture",
    "paceline_run_wrecked": "the share that passed shows the same",
    "paceline_active_runs": "the tests that run say the same, and which",
    "paceline_exporter_ingest_duration_seconds_count": "paceline_exporter_reports_total counts the same",
    "paceline_exporter_ingest_duration_seconds_sum": "as its buckets",
    "paceline_exporter_scrape_duration_seconds_count": "up shows the same",
    "paceline_exporter_scrape_duration_seconds_sum": "as its buckets",
    "paceline_exporter_housekeeping_failures_total": "the log of the exporter says what failed",
    "paceline_test_measure_beyond_limit": "rules read it, beside the measure that is shown",
    "paceline_test_measure_limit": "rules read it, beside the measure that is shown",
    "paceline_exporter_watched_files_total": "few have a folder that is watched, and the log says more",
}
# Needs two samples within the interval of a scrape or two, which runs are too far apart for.
_BETWEEN_SCRAPES = re.compile(r"\bi?rate\(|\$__rate_interval")


def _expressions(board: dict[str, Any]) -> Iterator[str]:
    yield from (query.expr for query in queries(board))
    yield from (mark["expr"] for mark in board["annotations"]["list"] if "expr" in mark)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield asked_for(variable)


_SELECTORS = {
    board["uid"]: {one for expr in _expressions(board) for one in selectors(filled(expr, _VALUES))} for board in _BOARDS
}


@pytest.mark.parametrize("uid", _SELECTORS)
def test_every_metric_and_label_is_known(uid: str) -> None:
    """
    What is asked for, in panels, variables and annotations, is in the catalogue or of a program that is named.
    """
    unknown = [
        one for one in _SELECTORS[uid] if one.name not in _KNOWN or not one.labels <= _KNOWN[one.name] | _EVERYWHERE
    ]

    assert unknown == []


def test_every_metric_is_shown_or_left_out_for_a_reason() -> None:
    """
    A metric that nobody sees need not be measured.
    """
    used = {one.name for found in _SELECTORS.values() for one in found}

    assert sorted(set(known_series()) - used) == sorted(_UNUSED)


@pytest.mark.parametrize("asked", [one for board in _BOARDS for one in queries(board)], ids=lambda one: one.panel)
def test_run_samples_are_looked_back_for(asked: Asked) -> None:
    """
    Of what has one sample a run each selector has a range, and none is asked for what it is in a second.
    """
    run_samples = {metric.name for metric in CATALOGUE if metric.channel is Channel.RUN_SAMPLE}
    of_runs = {one for one in selectors(filled(asked.expr, _VALUES)) if one.name in run_samples}

    assert [one.name for one in of_runs if not one.has_range] == []
    assert not of_runs or not _BETWEEN_SCRAPES.search(asked.expr)


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board["uid"])
def test_labels_to_group_by_are_known(board: dict[str, Any]) -> None:
    """
    What series are grouped and matched by is a label that some series has.
    """
    groups = [re.findall(r"\b(?:by|on|without|ignoring) \(([^)]+)\)", expr) for expr in _expressions(board)]
    labels = {label for found in groups for group in found for label in group.split(", ")}

    assert labels - {label for known in _KNOWN.values() for label in known} == set()

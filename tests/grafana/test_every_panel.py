"""
Every panel of the dashboards beside figures that were computed without them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from paceline.delivery.openmetrics import exposition
from paceline.metrics.run_samples import run_samples
from support.dashboards import boards, filled, queries
from support.drawn_figures import SINCE, STEP, Figures, chosen_test, figures_of_runs
from support.drawn_runs import BASE, MAIN, SUITE, UNTIL, drawn_runs
from support.drawn_scrapes import RANGE, figures_of_scrapes, scraped_text
from support.servers import Prometheus, prometheus_of

_FIGURES = {**figures_of_runs(), **figures_of_scrapes()}
_PANELS: dict[tuple[str, str], list[tuple[str, bool]]] = {}
for _one in (one for board in boards() for one in queries(board)):
    _key = (_one.board.removeprefix("paceline-"), _one.panel)
    _PANELS.setdefault(_key, []).append((_one.expr, _one.is_instant))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    A Prometheus that has the runs and the scraped series.
    """
    samples = [sample for run in drawn_runs() for sample in run_samples(run, [MAIN, BASE])]
    with prometheus_of([exposition(samples), scraped_text()], tmp_path_factory.mktemp("drawn")) as server:
        yield server


def test_every_panel_has_its_figures() -> None:
    """
    One for each of its queries; a panel that is gone has no figures left behind.
    """
    assert {key: len(of) for key, of in _FIGURES.items()} == {key: len(of) for key, of in _PANELS.items()}


@pytest.mark.parametrize("panel", _FIGURES, ids=": ".join)
def test_a_panel_shows_the_figures_of_the_documents(prometheus: Prometheus, panel: tuple[str, str]) -> None:
    """
    Each query of a panel answers what an independent computation gives.
    """
    for (expr, is_instant), expected in zip(_PANELS[panel], _FIGURES[panel], strict=True):
        found = _shown(prometheus, expr, _values(*panel), expected, is_instant=is_instant)

        assert found == _rounded(expected)


def _values(board: str, panel: str) -> Mapping[str, str]:
    chosen = {"suite": SUITE, "branch": MAIN, "base": BASE, "back": "1ms", "test_type": ".+", "group": ".*"}
    times = {"__interval": "1h", "__interval_ms": "3600000", "__rate_interval": "4m", "end": f"{UNTIL - 60:.0f}"}
    span = f"{RANGE}s" if board == "pipeline" else "14d"
    return {**chosen, **times, "__range": span, "test": chosen_test(board, panel)}


def _shown(prometheus: Prometheus, expr: str, values: Mapping[str, str], expected: Figures, *, is_instant: bool) -> Any:
    query = filled(expr, values)
    if is_instant:
        samples: list[Any] = prometheus.samples(query, UNTIL)
        return _rounded({_labels(one["metric"]): float(one["value"][1]) for one in samples})
    courses = {_labels(one["metric"]): _points(one["values"]) for one in prometheus.courses(query, SINCE, UNTIL, STEP)}
    if any(isinstance(value, Mapping) for value in expected.values()):
        return _rounded(courses)
    return _rounded({name: points[max(points)] for name, points in courses.items()})


def _points(values: list[tuple[float, str]]) -> dict[float, float]:
    return {at: float(value) for at, value in values}


def _labels(metric: Mapping[str, str]) -> str:
    return ",".join(f"{name}={text}" for name, text in sorted(metric.items()) if text and name != "__name__")


def _rounded(figures: Figures) -> Any:
    return {
        name: {at: _digits(number) for at, number in value.items()} if isinstance(value, Mapping) else _digits(value)
        for name, value in figures.items()
    }


def _digits(value: float) -> str:
    return f"{value:.6g}"

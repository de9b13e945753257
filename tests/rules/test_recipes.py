"""
The page of PromQL recipes, run against a real Prometheus.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from paceline.analysis.estimators import quantile, spread
from paceline.analysis.past import columns_of
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.model import Run
from support.case_histories import SPACING, suite_of_histories
from support.servers import Prometheus, prometheus_with
from support.values import EPOCH

_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "promql-recipes.md"
_RECIPES = dict(re.findall(r"^## (.*?)\n.*?```promql\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE))
_WEEK = 28
Figures = Mapping[str, float]


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """
    A fortnight of runs, and one before that nobody should count.
    """
    return suite_of_histories(EPOCH)


@pytest.fixture(scope="module")
def server(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    A Prometheus that has them.
    """
    with prometheus_with(runs, tmp_path_factory.mktemp("prometheus")) as server:
        yield server


class Window:
    """
    The runs of the last fortnight, as columns.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs

    def of(self, column: str, runs: slice = slice(None)) -> dict[str, list[float]]:
        """
        The values of each test that has any.
        """
        values: dict[str, list[float]] = {}
        for case in (case for run in self.runs[runs] for case in run.cases):
            figures = columns_of(case)
            if (needed := needed_seconds(case)) is not None and case.budget_seconds:
                figures["budget"] = needed / case.budget_seconds
            if column in figures:
                values.setdefault(case.id, []).append(figures[column])
        return values

    def median(self, column: str, runs: slice = slice(None)) -> dict[str, float]:
        """
        What is usual.
        """
        return {test: quantile(sorted(values), 0.5) for test, values in self.of(column, runs).items()}


_TIME, _NORMAL = "duration_seconds", "normalized_duration_seconds"
_LAST, _LATELY, _BEFORE = slice(-4, None), slice(-_WEEK, None), slice(-2 * _WEEK, -_WEEK)


def _grown(window: Window) -> Figures:
    before = window.median(_NORMAL, _BEFORE)
    return {test: now - before[test] for test, now in window.median(_NORMAL, _LATELY).items() if test in before}


def _slower(window: Window) -> Figures:
    usual = window.median(_NORMAL)
    return {test: values[-1] / usual[test] for test, values in window.of(_NORMAL, _LAST).items()}


def _noise(window: Window) -> Figures:
    usual = window.median(_TIME)
    return {test: spread(sorted(values)) / usual[test] for test, values in window.of(_TIME).items()}


def _pass_rate(window: Window) -> Figures:
    outcomes = [value for values in window.of("outcome").values() for value in values]
    return {"unit": mean(outcomes)}


_COMPUTED: Mapping[str, Callable[[Window], Figures]] = {
    "The usual time of a test": lambda window: window.median(_TIME),
    "The slowest tests of the latest run": lambda window: {
        test: values[-1] for test, values in window.of(_TIME, _LAST).items()
    },
    "Where the time goes": lambda window: {test: sum(values) for test, values in window.of(_TIME, _LATELY).items()},
    "What grew most": _grown,
    "How much slower than usual each test was": _slower,
    "Which tests break their budget in one run of ten": lambda window: {
        test: share for test, values in window.of("budget").items() if (share := quantile(sorted(values), 0.9)) > 1
    },
    "Which tests are noisy": _noise,
    "What fails most": lambda window: {
        test: share for test, values in window.of("outcome").items() if (share := 1 - mean(values)) > 0
    },
    "Pass rate by type": _pass_rate,
    "How many runs there were": lambda window: {"": len(window.runs)},
    "Which tests keep memory": lambda window: {
        test: max(values) for test, values in window.of("memory_retained_bytes").items()
    },
    "How busy the machine was": lambda window: {
        "": max(run.machine.slowdown_ratio for run in window.runs if run.machine.slowdown_ratio)
    },
}


def _told(server: Prometheus, recipe: str) -> dict[str, float]:
    answer: list[dict[str, Any]] = list(server.samples(_RECIPES[recipe], EPOCH + SPACING / 2))
    labels = [one["metric"] for one in answer]
    names = [of.get("test", of.get("test_type", "")) for of in labels]
    return {name: float(one["value"][1]) for name, one in zip(names, answer, strict=True)}


def test_each_recipe_is_computed_here() -> None:
    """
    A recipe more needs a line more.
    """
    assert _RECIPES.keys() == _COMPUTED.keys()


@pytest.mark.parametrize("recipe", _COMPUTED)
def test_a_recipe_says_what_the_runs_say(server: Prometheus, runs: list[Run], recipe: str) -> None:
    """
    Each figure, and of a list of ten the first ten.
    """
    told = _told(server, recipe)
    # Half of the way to the next run, so that the edges of windows are not runs.
    computed = _COMPUTED[recipe](Window(runs[1:]))
    if "topk" in _RECIPES[recipe]:
        assert sorted(told.values()) == pytest.approx(sorted(computed.values())[-10:])
        computed = {test: computed[test] for test in told}

    assert told == pytest.approx(computed)

"""
Every query of the dashboards, asked of a real Prometheus.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from paceline.demo.runs import Demo
from paceline.kit_results import BenchmarkResult, LeakResult, LoadResult, StressResult
from paceline.kit_results.load import Latency
from paceline.metrics.catalogue import CATALOGUE, Channel
from paceline.model import Run
from paceline.usage import UsageKey
from paceline.work import Work
from support.dashboards import Asked, asked_for, boards, filled, option, queries, selectors, variables
from support.judged import judged_in_turn
from support.servers import prometheus_with
from support.values import make_case, make_run

# 24 November 2026, 00:00 UTC.
_UNTIL = 1_795_478_400.0
_DAY = 86400
_STEP = 3600
_VALUES = {"suite": "demo", "branch": "main", "base": "main", "back": "1ms", "test_type": ".+", "group": ".*"}
_TEST = "tests/integration/test_cart.py::test_total_of_a_large_cart"
_IN_A_BROWSER = "tests/e2e/test_report.py::test_report_of_a_year"
_BENCHMARK = "tests/unit/test_offers.py::test_price_of_an_offer"
_UNDER_LOAD = "tests/e2e/test_load.py::test_many_customers"
_NAMES = ("test_a[x=1]", 'test_a[say "it\'s"]', r"test_a[back\slash\n]", "test_a[é 漢字]", "test_a[a.b|c*(d)/$]")
_RUN_SAMPLES = {metric.name for metric in CATALOGUE if metric.channel is Channel.RUN_SAMPLE}
_ASKED = [one for board in boards() for one in queries(board)]
_END = variables()["paceline-suite end"]
# What the last run has nothing of.
_BEFORE = dict.fromkeys(("More work than usual", "Repeating queries"), _UNTIL - 12 * _DAY) | {
    "More calls than usual": _UNTIL - 20 * _DAY + 60
}


def _counted() -> Iterator[Run]:
    """
    Three runs of the demonstration that counted calls, in the last of which they rose.
    """
    for number, calls in enumerate((1000.0, 1000.0, 1500.0)):
        case = make_case(_TEST, usage={UsageKey.CALLS: calls})
        ended = _UNTIL - 20 * _DAY + number
        yield make_run(number, [case], run_id=f"counted-{number}", suite="demo", ended=ended, work=Work(mode="all"))


def _benchmarked() -> Iterator[Run]:
    """
    Three runs of the demonstration with a benchmark and a leak test.
    """
    benchmark = BenchmarkResult(
        group="prices",
        rounds=5,
        median_seconds=0.02,
        mean_seconds=0.02,
        min_seconds=0.01,
        iqr_seconds=0.002,
        cpu_seconds=0.02,
        allocated_blocks=0.0,
        peak_memory_bytes=1000.0,
    )
    leak = LeakResult(iterations=100, initial_bytes=1000.0, final_bytes=1000.0)
    for number in range(3):
        case = replace(make_case(_BENCHMARK), results=(benchmark, leak))
        ended = _UNTIL - 20 * _DAY + 600 + number
        yield make_run(number, [case], run_id=f"benchmarked-{number}", suite="demo", ended=ended)


def _loaded() -> Iterator[Run]:
    """
    Three runs of the demonstration with a load and a stress test.
    """
    within = {0.02: 500, 0.05: 940, 0.1: 990}
    latency = Latency(p50=0.02, p95=0.05, p99=0.08, mean=0.03, max=0.1, within=within)
    load = LoadResult(duration_seconds=10, elapsed_seconds=10, users=5, requests=1000, failures=10, latency=latency)
    stress = StressResult(step_seconds=10, max_load=50, max_successful_load=20, breaking_point=25)
    for number in range(3):
        case = replace(make_case(_UNDER_LOAD), results=(load, stress))
        yield make_run(number, [case], run_id=f"loaded-{number}", suite="demo", ended=_UNTIL - 20 * _DAY + 300 + number)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """
    A Prometheus that has the thirty days of the demonstration, a suite of one run, and one of names that are hard.
    """
    once = make_run(1, [make_case(seconds=0.1, usage={UsageKey.CPU_SECONDS: 0.1})], suite="once", ended=_UNTIL - 60)
    hard = make_run(2, [make_case(name) for name in _NAMES], suite="hard", ended=_UNTIL - 60)
    with prometheus_with(
        [*judged_in_turn(Demo(until=_UNTIL).runs()), *_counted(), *_benchmarked(), *_loaded(), once, hard],
        tmp_path_factory.mktemp("prometheus"),
        ["main", "faster-search"],
    ) as server:
        yield server.url


def _answer(url: str, asked: Asked, until: float = _UNTIL, **values: str) -> list[dict[str, Any]]:
    known = {**_VALUES, "test": _TEST, **values}
    query = filled(asked.expr, {"end": _end(url, known, until), **known})
    times = {"time": until} if asked.is_instant else {"start": until - 30 * _DAY, "end": until, "step": _STEP}
    path = "query" if asked.is_instant else "query_range"
    answer = requests.post(f"{url}/api/v1/{path}", data={"query": query, **times}, timeout=30).json()
    assert answer["status"] == "success", answer
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def _end(url: str, known: Mapping[str, str], until: float) -> str:
    asked: dict[str, str | float] = {"query": filled(asked_for(_END), known), "time": until}
    (found,) = requests.get(f"{url}/api/v1/query", params=asked, timeout=30).json()["data"]["result"]
    return option(_END, found) or ""


def _is_of_runs(asked: Asked) -> bool:
    found = {one.name for one in selectors(filled(asked.expr, {**_VALUES, "end": "0", "test": "a_test"}))}
    # The demonstration has whole runs only.
    return found <= _RUN_SAMPLES and 'partial="true"' not in asked.expr


@pytest.mark.parametrize(
    "asked", [one for one in _ASKED if _is_of_runs(one)], ids=lambda one: f"{one.board}: {one.panel}"
)
def test_the_demonstration_fills_every_panel(url: str, asked: Asked) -> None:
    """
    Of all that is asked of runs there is an answer in thirty days of them.
    """
    sides = {"branch": "faster-search"} if asked.board == "paceline-compare" else {}
    if asked.panel == "Slower than the base":
        sides = {"base": "faster-search"}
    if "paceline_test_page_" in asked.expr:
        sides = {"test": _IN_A_BROWSER}
    if asked.board == "paceline-benchmarks":
        sides = {"test": _BENCHMARK}
    if asked.board == "paceline-load":
        sides = {"test": _UNDER_LOAD}

    assert _answer(url, asked, _BEFORE.get(asked.panel, _UNTIL), **sides) != []


@pytest.mark.parametrize("suite", ["nobody", "once"])
def test_no_query_fails_for_want_of_runs(url: str, suite: str) -> None:
    """
    Without any run, and with a single one, each gives an answer, though it may be empty.
    """
    for asked in _ASKED:
        _answer(url, asked, suite=suite)


@pytest.mark.parametrize("name", _NAMES)
def test_a_test_of_any_name_is_found(url: str, name: str) -> None:
    """
    Brackets, quotes, backslashes and what means something in an expression are taken as they are.
    """
    (asked,) = (one for one in _ASKED if (one.board, one.panel) == ("paceline-test", "Runs"))
    (found,) = _answer(url, asked, suite="hard", test=name)

    assert found["value"][1] == "1"


def _row(url: str, panel: str, column: int, until: float = _UNTIL, **values: str) -> dict[str, float]:
    asked = [one for one in _ASKED if one.panel == panel][column]
    return {one["metric"].get("test", ""): float(one["value"][1]) for one in _answer(url, asked, until, **values)}


def test_the_stories_of_the_demonstration_are_told(url: str) -> None:
    """
    What became slower is in its table, what grows, leaks and flakes in theirs, and a regression that was mended in
    none, though it was while it lasted.
    """
    slower = _row(url, "Slower than usual", 1)

    assert slower["tests/api/test_orders.py::test_list_of_orders_is_paged"] == pytest.approx(1.7, abs=0.1)
    assert _TEST not in slower
    assert _row(url, "More work than usual", 0, _UNTIL - 12 * _DAY) == {_TEST: 40}
    assert _row(url, "More calls than usual", 0, _BEFORE["More calls than usual"]) == {_TEST: 1.5}
    assert set(_row(url, "Over their budget", 0)) == {"tests/unit/test_offers.py::test_best_of_many_offers"}
    assert "tests/integration/test_search.py::test_search_by_word" in _row(url, "Growing fastest", 0)
    assert set(_row(url, "Keeping memory", 0)) == {"tests/e2e/test_report.py::test_report_of_a_year"}
    assert "tests/e2e/test_purchase.py::test_purchase_with_a_slow_bank" in _row(url, "Failing and flaky", 0)


def test_the_latest_run_is_seen_at_once(url: str) -> None:
    """
    Its age is right within a minute, and it is a point of each graph, though Grafana asks for whole steps.
    """
    duration = next(one for one in _ASKED if one.panel == "Duration of each run")
    (point,) = _answer(url, duration, suite="once")[0]["values"]

    assert 60 <= _row(url, "Last run", 0, suite="once")[""] <= 120
    assert point[0] == _UNTIL - _STEP


def test_each_run_is_a_point(url: str) -> None:
    """
    Over ninety days, at the steps that Grafana then asks with.
    """
    cpu = next(one for one in _ASKED if (one.board, one.panel) == ("paceline-test", "CPU"))
    step = 90 * _DAY // cpu.points
    query = filled(cpu.expr, {**_VALUES, "test": _TEST, "__interval": f"{step}s"})
    times: dict[str, Any] = {"start": _UNTIL - 90 * _DAY, "end": _UNTIL, "step": step}
    answer = requests.post(f"{url}/api/v1/query_range", data={"query": query, **times}, timeout=30).json()

    assert len(answer["data"]["result"][0]["values"]) == int(_row(url, "Runs", 0, test=_TEST)[""])


def test_nothing_that_was_found_is_told_from_no_run(url: str) -> None:
    """
    A run without a verdict says so, and where there is no run there is no answer.
    """
    asked = next(one for one in _ASKED if one.panel == "Verdicts by kind")
    (found,) = _answer(url, asked, suite="once")

    assert (found["metric"], found["value"][1]) == ({"kind": "nothing was found"}, "0")
    assert _answer(url, asked, suite="nobody") == []


def test_a_failure_that_is_gone_is_not_shown(url: str) -> None:
    """
    The number of failing tests is that of the last run, not of the last run in which one failed.
    """
    (failing,) = (one for one in _ASKED if one.panel == "Failing tests")
    (found,) = _answer(url, failing)

    assert found["values"][-1][1] == "0"

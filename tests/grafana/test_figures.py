"""
What figures of the dashboards mean, of few runs whose answer is known.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from paceline.accounts import Account
from paceline.delivery.openmetrics import exposition
from paceline.measure import Measure
from paceline.metrics.run_samples import run_samples
from paceline.model import Case, Cause, Machine, Run, RunOutcome, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.dashboards import asked_for, boards, filled, option, queries, variables
from support.servers import Prometheus, prometheus_of
from support.values import TEST, failed, make_case, make_run

_UNTIL = 1_795_478_400.0
_DAY = 86400
_PAST = _UNTIL - 2 * _DAY
_MIB = 1 << 20
# Each names tests.
_TABLES = (
    *("Slower than usual", "Over their budget", "More work than usual", "Slowest", "Growing fastest"),
    *("Failing and flaky", "Keeping memory"),
)
_BUDGET = Verdict(kind=VerdictKind.BUDGET, severity=Severity.WARNING, reason="")
_UNSURE = Verdict(kind=VerdictKind.UNCONFIRMED, severity=Severity.WARNING, reason="")
_MEASURED, _LOST = {Account.MEASURED: 3}, {Account.MEASURED: 1, Account.NOT_RUN: 2}
_ODD = r'odd "co" & \d {x} $1 `y`'
_EXPRESSIONS: dict[tuple[str, str], list[str]] = {}
for _one in (one for board in boards() for one in queries(board)):
    _EXPRESSIONS.setdefault((_one.board.removeprefix("paceline-"), _one.panel), []).append(_one.expr)


def _series(suite: str, seconds: list[float], apart: float, branch: str = "main") -> Iterator[Run]:
    for number, value in enumerate(reversed(seconds)):
        case = make_case(
            "a", value, normalized_duration_seconds=value, usage={UsageKey.MEMORY_RETAINED_BYTES: value * 1000 * _MIB}
        )
        yield make_run(number, [case], suite=suite, branch=branch, ended=_UNTIL - 60 - number * apart)


def _odd_test(number: int) -> list[Case]:
    """
    A test that is in each table, as it fails every other time, grows, and is over its budget.
    """
    name, budget = "gone", {"budget_seconds": 0.1}
    if number % 2:
        return [failed(name, **budget)]
    queries = {"db_queries": Measure(value=5 if number == 0 else 3, unit="queries")}
    usage = {UsageKey.MEMORY_RETAINED_BYTES: 2.0 * _MIB}
    seconds = 2 if number == 0 else 1.5 - 0.01 * number
    return [make_case(name, seconds, normalized_duration_seconds=seconds, measures=queries, usage=usage, **budget)]


def _asking(number: int) -> list[Case]:
    """
    Tests that are slower in the last run, number 0: of queries that one sends for the first time, of more that another
    sends; a third sends none in every other run.
    """
    is_last = number == 0
    usages = {
        "new": {UsageKey.DB_QUERIES: 5.0, UsageKey.DB_REPEATED_QUERIES: 4.0} if is_last else {},
        "more": {UsageKey.DB_QUERIES: 43.0 if is_last else 3.0},
        "varying": {UsageKey.DB_QUERIES: 3.0} if number % 2 == 0 else {},
    }
    seconds = 0.2 if is_last else 0.1
    return [
        make_case(name, seconds, normalized_duration_seconds=seconds, usage=usage) for name, usage in usages.items()
    ]


def _verdicts(number: int) -> tuple[Verdict, ...]:
    """
    One in the last two runs, with another cause in each; one that is new; and one that is not confirmed.
    """
    cause = Cause(measure="cpu_seconds" if number else "db_queries", before=3, after=43)
    slower = Verdict(
        kind=VerdictKind.REGRESSION, severity=Severity.WARNING, reason="", case="more", factor=2.0, causes=(cause,)
    )
    new = Verdict(kind=VerdictKind.WORK, severity=Severity.WARNING, reason="", function="shop:total", factor=1.5)
    return (slower, *((new, _UNSURE) if number == 0 else ())) if number < 2 else ()


def _many(number: int) -> list[Case]:
    """
    Thirty tests that are slower in the last run, number 0: of short ones by a high factor, of long ones by more time.
    One of another type fails.
    """
    slower = [
        make_case(f"slower-{place}", seconds, normalized_duration_seconds=seconds)
        for place in range(30)
        for seconds in [0.001 * 2**place if number else 0.001 * 2**place * (1.2 if place > 15 else 40)]
    ]
    return [*slower, failed("broken", test_type="e2e", duration_seconds=0.1)]


def _of_a_past() -> Iterator[Run]:
    """
    Twenty runs that had a test, two days ago; then one of all tests without it, and one of that test alone.
    """
    for number in range(20):
        cases = [make_case("a", 0.05, budget_seconds=0.1), *_odd_test(number)]
        yield make_run(number, cases, suite="past", ended=_PAST - 60 - number * _DAY / 2)
    now = [make_case("a", 0.05, budget_seconds=0.1), make_case("new")]
    yield make_run(30, now, suite="past", ended=_UNTIL - 300, machine=_machine(1.1))
    yield make_run(
        31, _odd_test(0), suite="past", ended=_UNTIL - 60, is_partial=True, machine=_machine(3), verdicts=(_BUDGET,)
    )


def _machine(slowdown: float) -> Machine:
    return Machine(slowdown_ratio=slowdown, calibration_seconds=0.03)


def _runs() -> Iterator[Run]:
    yield from _of_a_past()
    whole = [make_case("a"), make_case("b"), failed("c", duration_seconds=0.3, budget_seconds=0.1)]
    at = {"started": _UNTIL - 400, "ended": _UNTIL - 300, "outcome": RunOutcome.FAILED}
    yield make_run(1, whole, suite="part", verdicts=(_BUDGET, _UNSURE), collected=3, accounts=_MEASURED, **at)
    part = {"is_partial": True, "collected": 3, "accounts": _LOST}
    yield make_run(2, [make_case("a")], suite="part", started=_UNTIL - 62, ended=_UNTIL - 60, **part)
    yield make_run(3, [make_case()], suite=_ODD, branch=_ODD, ended=_UNTIL - 60, machine=_machine(1.1))
    for number, attempts in enumerate([1, 3, 1]):
        yield make_run(number, [make_case("a", attempts=attempts)], suite="retried", ended=_UNTIL - 60 - number * _DAY)
    for number in range(10):
        ended = _UNTIL - 60 - number * _DAY
        yield make_run(number, _asking(number), suite="asking", ended=ended, verdicts=_verdicts(number))
    for number in range(5):
        yield make_run(number, _many(number), suite="many", ended=_UNTIL - 60 - number * _DAY)
    yield from _series("step", [0.02] * 9 + [0.04], _DAY / 2)
    yield from _series("step", [0.02] * 9, _DAY / 2, branch="short")
    yield from _series("step", [0.03] * 9, _DAY / 2, branch="slow")
    yield from _series("minutes", [0.1 + 0.01 * number for number in range(11)], 18)
    yield from _series("days", [0.1 + 0.01 * number for number in range(11)], _DAY / 2)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    A Prometheus that has the suites of `_runs`, each run from two jobs.
    """
    branches = ["main", "short", "slow", _ODD]
    samples = [sample for run in _runs() for sample in run_samples(run, branches)]
    texts = (exposition(samples, {"job": job}) for job in ("paceline-runs", "otlp"))
    with prometheus_of(texts, tmp_path_factory.mktemp("figures")) as server:
        yield server


@pytest.fixture(scope="module")
def one_way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    The same, each run from one job.
    """
    samples = [sample for run in _runs() for sample in run_samples(run, ["main", "short", "slow", _ODD])]
    texts = [exposition(samples, {"job": "paceline-runs"})]
    with prometheus_of(texts, tmp_path_factory.mktemp("one")) as server:
        yield server


def _asked(
    prometheus: Prometheus, panel: tuple[str, str], place: int = 0, until: float = _UNTIL, **values: str
) -> list[Any]:
    known = {"branch": "main", "base": "main", "back": "1ms", "test_type": ".+", "test": "a", **values}
    # A point of a graph is at the beginning of its step.
    at = until - 600 if "__interval" in values else until
    filled_in = filled(_EXPRESSIONS[panel][place], {"end": _end(prometheus, until, known), **known})
    answer: list[Any] = prometheus.samples(filled_in, at)
    return answer


def _end(prometheus: Prometheus, until: float, known: Mapping[str, str]) -> str:
    return _end_of(prometheus, until, known["suite"], known["branch"])


@cache
def _end_of(prometheus: Prometheus, until: float, suite: str, branch: str) -> str:
    variable = variables()["paceline-suite end"]
    (found,) = prometheus.samples(filled(asked_for(variable), {"suite": suite, "branch": branch}), until)
    return option(variable, found) or ""


def _tests(prometheus: Prometheus, panel: str, **values: Any) -> set[str]:
    return {one["metric"]["test"] for one in _asked(prometheus, ("suite", panel), **values)}


def _value(prometheus: Prometheus, panel: tuple[str, str], place: int = 0, **values: Any) -> float:
    (found,) = _asked(prometheus, panel, place, **values)
    return float(found["value"][1])


def _last_point(prometheus: Prometheus, panel: tuple[str, str], place: int = 0, **values: Any) -> float:
    return _value(prometheus, panel, place, __interval="10m", **values)


@pytest.mark.parametrize(
    ("panel", "place", "expected"),
    [
        ("More work than usual", 0, {"new": 5, "more": 40}),
        ("More work than usual", 1, {"new": 0, "more": 3}),
        ("More work than usual", 2, {"new": 5, "more": 43}),
        ("Slower than usual", 3, {"new": 5, "more": 40, "varying": 0}),
        ("Repeating queries", 0, {"new": 4}),
        ("Repeating queries", 1, {"new": 0}),
        ("Repeating queries", 2, {"new": 5}),
    ],
)
def test_queries_without_a_sample_are_none(
    prometheus: Prometheus, panel: str, place: int, expected: dict[str, float]
) -> None:
    """
    What no run before had was 0 in them, and so were the queries of a run that sent none.
    """
    found = _asked(prometheus, ("suite", panel), place, suite="asking", __range="14d")

    assert {one["metric"]["test"]: float(one["value"][1]) for one in found} == expected


@pytest.mark.parametrize(
    ("panel", "expected"), [("Passed", 2 / 3), ("Failing tests", 1), ("Verdicts", 1), ("Run took", 100)]
)
def test_a_part_of_a_suite_hides_nothing(prometheus: Prometheus, panel: str, expected: float) -> None:
    """
    The figures of the last run are those of the last whole one, though a few tests were run since; what was not
    confirmed does not count.
    """
    assert _value(prometheus, ("suite", panel), suite="part") == pytest.approx(expected)


@pytest.mark.parametrize(("account", "whole", "part"), [(0, 0, 2), (4, 3, 1)], ids=["not run", "measured"])
def test_the_account_of_a_part_is_beside_that_of_the_whole(
    prometheus: Prometheus, account: int, whole: float, part: float
) -> None:
    """
    Tests that a part lost are in its row.
    """
    found = _asked(prometheus, ("pipeline", "What became of the tests"), account, suite="part", __range="1h")
    rows = {(one["metric"]["suite"], one["metric"]["partial"]): float(one["value"][1]) for one in found}

    assert (rows["part", "false"], rows["part", "true"]) == (whole, part)


def test_each_verdict_is_in_a_row_with_its_runs(prometheus: Prometheus) -> None:
    """
    Confirmed ones of the last run, each once however many jobs bring it, with the runs that had it for any cause.
    """
    factors, runs = (
        {
            tuple(one["metric"].get(name) for name in ("kind", "test", "subject", "cause")): float(one["value"][1])
            for one in _asked(prometheus, ("suite", "Verdicts of the last run"), place, suite="asking", __range="14d")
        }
        for place in (0, 1)
    )
    slower, work = ("regression", "more", None, "db_queries"), ("work", None, "shop:total", None)

    assert factors == {slower: 2.0, work: 1.5}
    assert runs == {slower: 2.0, work: 1.0}


def test_the_last_runs_have_their_failures_and_verdicts(prometheus: Prometheus) -> None:
    """
    The whole run has a failed test and a verdict; the part after it has its duration.
    """
    panel = ("suite", "Last runs")
    took = _asked(prometheus, panel, suite="part", __interval="10m")

    assert sorted(float(one["value"][1]) for one in took) == [2, 100]
    assert [_last_point(prometheus, panel, place, suite="part") for place in (1, 2)] == [1, 1]


def test_kinds_of_verdicts_add_up_to_their_number(prometheus: Prometheus) -> None:
    """
    What was not confirmed is in neither.
    """
    (found,) = _asked(prometheus, ("suite", "Verdicts by kind"), suite="part")

    assert (found["metric"], found["value"][1]) == ({"kind": "budget"}, "1")


@pytest.mark.parametrize("panel", _TABLES)
def test_a_test_that_is_gone_is_in_no_table(prometheus: Prometheus, panel: str) -> None:
    """
    What the last whole run did not try is not told of, though somebody ran it alone since; at a time that ends before,
    it is.
    """
    assert "gone" not in _tests(prometheus, panel, suite="past")
    assert "gone" in _tests(prometheus, panel, suite="past", until=_PAST)


@pytest.mark.parametrize(
    ("panel", "now", "then"),
    [("Within budget", 1, 0.5), ("Machine slowdown", 1.1, None), ("Verdicts", 0, 0), ("Passed", 1, 1)],
)
def test_the_last_run_is_the_last_whole_one_of_the_time(
    prometheus: Prometheus, panel: str, now: float, then: float | None
) -> None:
    """
    A part that was run since changes nothing, and at a time that has passed it is the last of that time.
    """
    figures = [
        [float(one["value"][1]) for one in _asked(prometheus, ("suite", panel), suite="past", until=until)]
        for until in (_UNTIL, _PAST)
    ]

    assert figures == [[pytest.approx(now)], [] if then is None else [pytest.approx(then)]]


def test_the_end_of_the_last_whole_run_is_known_at_once(prometheus: Prometheus) -> None:
    """
    To the millisecond, as soon as a second has passed; where there is no run, it is a time at which nothing was.
    """
    known = {"branch": "main", "suite": "minutes"}

    assert _end(prometheus, _UNTIL - 59, known) == f"{_UNTIL - 60:.0f}"
    assert _end(prometheus, _UNTIL, {"suite": "nobody", "branch": "main"}) == "0"


def test_retries_are_told(prometheus: Prometheus) -> None:
    """
    Attempts beyond the first, of a test that passes in each run and so never changes.
    """
    figures = [_value(prometheus, ("suite", "Failing and flaky"), place, suite="retried") for place in range(4)]

    assert figures == pytest.approx([0.4, 0, 2, 1])


def test_runs_are_marked_when_they_ended(prometheus: Prometheus) -> None:
    """
    To the millisecond, each of them, however far apart the points are at which Grafana asks.
    """
    (expr,) = {mark["expr"] for board in boards() for mark in board["annotations"]["list"] if mark["name"] == "Runs"}
    query = filled(expr, {"suite": "minutes", "branch": "main", "__interval": "22h"})
    found: list[Any] = prometheus.samples(query, _UNTIL - 22 * 3600)
    times = sorted(float(one["value"][1]) / 1000 for one in found)

    assert times == [_UNTIL - 60 - number * 18 for number in reversed(range(11))]


def test_a_part_of_a_suite_is_marked(prometheus: Prometheus) -> None:
    """
    It is a point of its own, beside those of whole runs.
    """
    durations = [_last_point(prometheus, ("suite", "Duration of each run"), place, suite="part") for place in (0, 1)]

    assert durations == pytest.approx([100, 2])


def test_the_factor_is_the_factor(prometheus: Prometheus) -> None:
    """
    What noise is allowed decides who is shown, and is not taken off what is shown.
    """
    assert _value(prometheus, ("suite", "Slower than usual"), 1, suite="step") == pytest.approx(2)
    assert _value(
        prometheus, ("compare", "Slower than the base"), suite="step", base="short", branch="slow"
    ) == pytest.approx(1.5)
    assert _asked(prometheus, ("compare", "Slower than the base"), suite="step", base="short") == []
    assert _value(prometheus, ("compare", "Slower"), suite="step", base="short") == 0


def test_the_tests_that_gained_most_time_are_shown_with_all_figures(prometheus: Prometheus) -> None:
    """
    Twenty of thirty, those that cost most first, each with its factor.
    """
    added, factors = (_asked(prometheus, ("suite", "Slower than usual"), place, suite="many") for place in (0, 1))
    gained = {one["metric"]["test"]: float(one["value"][1]) for one in added}
    computed = {
        case.id: now - before
        for case, usual in zip(_many(0), _many(1), strict=True)
        if (now := case.normalized_duration_seconds) and (before := usual.normalized_duration_seconds)
    }
    most = sorted(computed, key=computed.__getitem__, reverse=True)[:20]

    assert gained == pytest.approx({test: computed[test] for test in most})
    assert {one["metric"]["test"] for one in factors} == set(most)


@pytest.mark.parametrize(("test_type", "failing", "passed"), [(".+", 1, 30 / 31), ("e2e", 1, 0), ("unit", 0, 1)])
def test_the_test_type_is_heeded(prometheus: Prometheus, test_type: str, failing: float, passed: float) -> None:
    """
    By the figures of the last run, and by the course of the runs.
    """
    chosen: dict[str, Any] = {"suite": "many", "test_type": test_type}

    assert _value(prometheus, ("suite", "Failing tests"), **chosen) == failing
    assert _value(prometheus, ("suite", "Passed"), **chosen) == pytest.approx(passed)
    assert _value(prometheus, ("suite", "Passed in each run"), **chosen, __interval="600s") == pytest.approx(passed)


def test_minutes_say_nothing_of_a_week(prometheus: Prometheus) -> None:
    """
    A test grows where its runs are days apart, not where they are seconds apart.
    """
    assert _value(prometheus, ("suite", "Growing fastest"), suite="days") == pytest.approx(0.933, abs=0.01)
    assert _asked(prometheus, ("suite", "Growing fastest"), suite="minutes") == []


def test_what_is_kept_is_what_is_kept_now(prometheus: Prometheus) -> None:
    """
    However long one looks back, a leak is as large as it has become.
    """
    assert _value(prometheus, ("suite", "Keeping memory"), suite="days") == pytest.approx(200 * _MIB)


def test_the_machine_of_a_single_run_is_a_point(prometheus: Prometheus) -> None:
    """
    Beside its own median it is as usual; that it ended after the point at which it is drawn does not matter.
    """
    assert _last_point(prometheus, ("suite", "Machine slowdown of each run"), 1, suite=_ODD, branch=_ODD) == 1


def test_names_may_have_any_character(prometheus: Prometheus) -> None:
    """
    Quotes, backslashes, backticks and what means something in an expression are taken as they are.
    """
    assert _value(prometheus, ("suite", "Passed"), suite=_ODD, branch=_ODD) == 1


def test_a_timeline_says_that_there_is_no_run(prometheus: Prometheus) -> None:
    """
    At all, or before the first one; where there is one, that is all that it says.
    """
    panel = ("test", "Passed and failed")
    odd: dict[str, Any] = {"suite": _ODD, "branch": _ODD, "test": TEST}
    query = filled(_EXPRESSIONS[panel][0], {**odd, "test_type": ".+", "__interval": "10m"})

    assert _last_point(prometheus, panel, suite="nobody") == -1
    assert _last_point(prometheus, panel, **odd) == 1
    assert prometheus.samples(f"min_over_time(({query})[1d:10m])", _UNTIL)[0]["value"] == [_UNTIL, "-2"]


def test_a_budget_is_judged_of_a_test_that_failed_too(prometheus: Prometheus) -> None:
    """
    Its call phase took as long as it took.
    """
    failed: dict[str, Any] = {"suite": "part", "test": "c", "__interval": "10m"}

    assert _value(prometheus, ("test", "Share of its budget"), **failed) == pytest.approx(3)
    assert _asked(prometheus, ("test", "Took"), **failed) == []


@pytest.mark.parametrize(("panel", "figure"), [("Passed", 2 / 3), ("Failing tests", 1), ("Verdicts", 1)])
def test_a_tile_ends_with_the_figure_of_the_last_whole_run(prometheus: Prometheus, panel: str, figure: float) -> None:
    """
    In the step in which that run ended and in all later ones, though a part was run since; before, there is none.
    """
    step = {"suite": "part", "branch": "main", "test_type": ".+", "__interval": "2m", "__interval_ms": "120000"}
    query = filled(_EXPRESSIONS["suite", panel][0], {**step, "end": _end_of(prometheus, _UNTIL, "part", "main")})
    found: list[Any] = [prometheus.samples(query, _UNTIL - seconds) for seconds in (600, 360, 120, 0)]

    assert [[float(one["value"][1]) for one in samples] for samples in found] == [[], *3 * [[pytest.approx(figure)]]]


def test_a_tile_has_the_course_of_its_figure(prometheus: Prometheus) -> None:
    """
    In the days before the last run of a suite, each step has the figure of its own run.
    """
    step: dict[str, str] = {
        "suite": "past",
        "branch": "main",
        "test_type": ".+",
        "__interval": "2m",
        "__interval_ms": "120000",
    }
    query = filled(_EXPRESSIONS["suite", "Passed"][0], {**step, "end": _end_of(prometheus, _UNTIL, "past", "main")})
    spans = (f"{function}(({query})[3d:1m] offset 1d)" for function in ("min_over_time", "max_over_time"))
    found: list[Any] = [prometheus.samples(span, _UNTIL) for span in spans]

    assert [float(one["value"][1]) for (one,) in found] == [0.5, 1]


@pytest.mark.parametrize(
    ("suite", "until", "age"), [("step", _UNTIL, 60), ("nobody", _UNTIL, -1), ("nobody", _UNTIL - 400 * _DAY, -2)]
)
def test_the_age_of_the_last_run_says_why_there_is_none(
    prometheus: Prometheus, suite: str, until: float, age: float
) -> None:
    """
    No run of this suite in the time range, or no run of any suite.
    """
    assert _value(prometheus, ("suite", "Last run"), suite=suite, until=until) == age


def test_the_base_is_moved_back_in_the_graph(prometheus: Prometheus) -> None:
    """
    Its runs are at the time of those that they are compared with, a step later.
    """
    runs = list(_series("days", [0.1] * 3, _DAY / 2))
    panel = ("compare", "Runs of both")
    asked: dict[str, Any] = {"suite": "days", "back": "1d"}

    assert _last_point(prometheus, panel, **asked) == runs[0].duration_seconds
    assert _value(prometheus, panel, 1, until=_UNTIL + 600, __interval="10m", **asked) == runs[2].duration_seconds


def test_parts_of_a_suite_are_no_runs_to_compare(prometheus: Prometheus) -> None:
    """
    They are neither counted nor drawn.
    """
    counts = [_value(prometheus, ("compare", f"Runs of the {side}"), suite="part") for side in ("base", "branch")]

    assert counts == [1, 1]
    assert _last_point(prometheus, ("compare", "Runs of both"), suite="part") == 100


def test_nothing_is_new_beside_nothing(prometheus: Prometheus) -> None:
    """
    Where the base has no run all tests would be; where it has, what it lacks is.
    """
    panel = ("compare", "New tests")

    assert _asked(prometheus, panel, suite="past", base="short") == []
    assert _value(prometheus, panel, suite="days", back="1d", __range="1d") == 0
    assert _value(prometheus, panel, suite="past", back="2d", __range="1d") == 1


def test_a_dashboard_of_what_runs_knows_what_ran(prometheus: Prometheus) -> None:
    """
    Whatever time is looked at, what ran last first; names are taken as they are.
    """
    suites, branches = (variables()[f"paceline-live {name}"] for name in ("suite", "branch"))
    found = [option(suites, one) for one in prometheus.samples(asked_for(suites), _UNTIL + 3600)]
    query = filled(asked_for(branches), {"suite": _ODD})

    assert {"asking", "past", "part", "step", "minutes", "days", "retried", "many", _ODD} == set(found)
    assert [option(branches, one) for one in prometheus.samples(query, _UNTIL + 3600)] == [_ODD]


@pytest.mark.parametrize("suite", ["part", "asking"])
def test_what_comes_in_two_ways_is_drawn_once(prometheus: Prometheus, one_way: Prometheus, suite: str) -> None:
    """
    From the exporter and by OTLP: every panel has the same series, with the same values, as of one of them.
    """
    for panel, expressions in _EXPRESSIONS.items():
        for place in range(len(expressions)):
            given: dict[str, Any] = {"suite": suite, "__interval": "600s", "group": ".*"}
            twice, once = (_shown(_asked(server, panel, place, **given)) for server in (prometheus, one_way))

            assert twice == once, panel


def _shown(samples: list[Any]) -> list[tuple[dict[str, str], float]]:
    labels = ({name: text for name, text in one["metric"].items() if name != "job"} for one in samples)
    values = (round(float(one["value"][1]), 9) for one in samples)
    return sorted(zip(labels, values, strict=True), key=repr)


@pytest.mark.parametrize(
    ("base", "first", "number"),
    [("main", "7d", 3), ("feature/a", "1ms", 4), (_ODD, "1ms", 4)],
    ids=["one", "two", "odd"],
)
def test_two_branches_are_compared_at_the_same_time(prometheus: Prometheus, base: str, first: str, number: int) -> None:
    """
    A branch is compared with its own week before, and another branch as of now; no span of the one is in the other's
    list, so that the choice is made anew.
    """
    variable = variables()["paceline-compare back"]
    query = filled(asked_for(variable), {"base": base, "branch": "main"})
    spans = [option(variable, one) for one in prometheus.samples(query, _UNTIL)]

    assert (spans[0], len(spans)) == (first, number)
    assert ("1d" in spans) is (base == "main")

"""
Runs that give every panel of the dashboards something to show, as documents.
"""

from collections.abc import Iterator
from typing import Any

from paceline.accounts import Account
from paceline.kit_results import BenchmarkResult, LeakResult, LoadResult, StressResult
from paceline.kit_results.leak import Growth
from paceline.kit_results.load import GeneratorUse, Latency
from paceline.measure import Measure
from paceline.model import Case, Cause, EndpointTimes, Machine, Outcome, Run, RunOutcome, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from paceline.work import Work, WorkMode
from support.values import make_case, make_run

UNTIL = 1_795_478_400.0
SUITE, MAIN, BASE = "shop", "main", "base"
_HALF_DAY, _HOUR = 43_200.0, 3600.0
_RUNS, _BASE_RUNS = 12, 8
_LAST = _RUNS - 1
_MIB = float(1 << 20)
# What tests used in each run, apart from counted calls: a test with them has no times.
_USED = [key for key in UsageKey if key.quantity.is_exported and key != UsageKey.CALLS]


def drawn_runs() -> tuple[Run, ...]:
    """
    Twelve runs of the branch `main`, half a day apart, one of a part of its suite, and eight of the branch `base`.
    """
    return (*_main_runs(), _partial_run(), *_base_runs())


def _main_runs() -> Iterator[Run]:
    for number in range(_RUNS):
        ended = UNTIL - 60 - (_LAST - number) * _HALF_DAY
        yield make_run(
            number,
            [*_cases(number), *_kit_cases(number)],
            commit=f"c{number}",
            outcome=RunOutcome.FAILED if number >= _RUNS - 3 else RunOutcome.PASSED,
            started=ended - 100 - number,
            ended=ended,
            machine=Machine(slowdown_ratio=1 + number / 100, calibration_seconds=0.03 + number / 1000),
            collected=20,
            accounts={Account.MEASURED: 14 + number % 3, Account.SKIPPED: 1, Account.NOT_RUN: 5 - number % 3},
            work=Work(mode=WorkMode.ALL),
            verdicts=_verdicts(number),
        )


def _partial_run() -> Run:
    ended = UNTIL - 7 * _HOUR - 90
    accounts = {Account.MEASURED: 1, Account.DESELECTED: 19}
    return make_run(
        50,
        _cases(_LAST - 1)[:1],
        commit="part",
        is_partial=True,
        started=ended - 5,
        ended=ended,
        machine=Machine(slowdown_ratio=1.5, calibration_seconds=0.04),
        collected=20,
        accounts=accounts,
    )


def _base_runs() -> Iterator[Run]:
    for number in range(_BASE_RUNS):
        ended = UNTIL - 60 - (_BASE_RUNS - 1 - number) * _HALF_DAY - _HOUR
        cases = [case for case in _cases(number, is_base=True) if case.id != "growing"]
        yield make_run(100 + number, cases, branch=BASE, commit=f"b{number}", started=ended - 90 - number, ended=ended)


def _cases(number: int, *, is_base: bool = False) -> list[Case]:
    is_last = number == _LAST and not is_base
    flaky = _outcome(fails=not is_base and number % 3 == 1)
    broken = _outcome(fails=not is_base and number > _RUNS - 4)
    calls = 160.0 if is_last else 100.0 + number
    return [
        _all_used(number),
        _test("slower", 0.3 if is_last else 0.1 + number / 1000, number, budget_seconds=0.2, usage=_of_slower(is_last)),
        _test("worse", 0.1 if is_base else 0.2, number, usage=_memory(2 * _MIB if is_base else 8 * _MIB, number)),
        _test("better", 0.3 if is_base else 0.1, number, usage=_memory(_MIB, number)),
        _test(
            "flaky",
            0.01,
            number,
            outcome=flaky,
            attempts=2 if number == 6 else 1,
        ),
        _test(
            "broken",
            0.5,
            number,
            outcome=broken,
            budget_seconds=0.4,
            test_type="e2e",
        ),
        _test("growing", 0.1 + number / 100, number),
        _test("keeps", 0.02, number, usage={UsageKey.MEMORY_RETAINED_BYTES: (5 + number) * _MIB}),
        _test("repeats", 0.03, number, usage=_of_repeating(number)),
        _test("counted", 0.04, number, budget_seconds=None, usage={UsageKey.CALLS: calls}),
        _test("rows", 0.04, number, measures={"read": Measure(value=9.0 if is_last else 7.0, unit="rows")}),
        _test("asked", 0.05, number, endpoints=_endpoints(number)),
        *([] if is_base or number > _RUNS // 2 else [_test("gone", 0.06, number)]),
        make_case("skipped", None, outcome=Outcome.SKIPPED),
    ]


def _test(name: str, seconds: float, number: int, **changes: Any) -> Case:
    """
    A unit test that took so long, and a thousandth more by the clock for each run before.
    """
    known = {
        "normalized_duration_seconds": seconds,
        "needed_seconds": seconds * 0.99,
        "setup_seconds": seconds / 10,
        "teardown_seconds": seconds / 20,
        "budget_seconds": 0.1,
    }
    return make_case(name, seconds * (1 + number / 1000), **(known | changes))


def _memory(peak: float, number: int) -> dict[UsageKey, float]:
    return {UsageKey.MEMORY_PEAK_BYTES: peak + number}


def _outcome(*, fails: bool) -> Outcome:
    return Outcome.FAILED if fails else Outcome.PASSED


def _all_used(number: int) -> Case:
    usage = {key: (place + 1) * (1 + number % 4 / 10) for place, key in enumerate(_USED)}
    measures = {"cart": Measure(value=3.0 + number, unit="items")}
    endpoint = EndpointTimes(endpoint="GET /cart", requests=2, seconds=0.5, max_seconds=0.4)
    seconds = 0.05 + 0.003 * (number % 4)
    attempts = 3 if number == 4 else 1
    return _test("all", seconds, number, attempts=attempts, usage=usage, measures=measures, endpoints=(endpoint,))


def _of_slower(is_last: bool) -> dict[UsageKey, float]:
    figures = (0.25, 43.0, 5e6, 9e6) if is_last else (0.09, 3.0, 1e6, 8e6)
    keys = (UsageKey.CPU_SECONDS, UsageKey.DB_QUERIES, UsageKey.READ_BYTES, UsageKey.MEMORY_PEAK_BYTES)
    return dict(zip(keys, figures, strict=True))


def _of_repeating(number: int) -> dict[UsageKey, float]:
    return {UsageKey.DB_QUERIES: 5.0, UsageKey.DB_REPEATED_QUERIES: 4.0} if number == _LAST else {}


def _endpoints(number: int) -> tuple[EndpointTimes, ...]:
    return (
        EndpointTimes(endpoint="GET /cart", requests=3, errors=1, seconds=0.6, max_seconds=0.3 + number / 100),
        EndpointTimes(endpoint="POST /order", requests=1, seconds=0.2, max_seconds=0.2),
    )


def _kit_cases(number: int) -> list[Case]:
    return [
        make_case("benchmark", 1.0, results=tuple(_benchmarks(number))),
        make_case("leaking", 1.0, results=(_leak(number),)),
        make_case("loaded", 1.0, results=(_load(number), _stress(number))),
    ]


def _benchmarks(number: int) -> Iterator[BenchmarkResult]:
    for name, factor in (("", 1.0), ("sorted", 3.0)):
        yield BenchmarkResult(
            name=name,
            group="fast",
            rounds=100,
            median_seconds=factor * (0.002 + number / 10_000),
            mean_seconds=factor * 0.003,
            min_seconds=factor * 0.001,
            iqr_seconds=factor * 0.0004,
            cpu_seconds=factor * (0.001 + number / 10_000),
            peak_memory_bytes=factor * (1000 + number),
            allocated_blocks=factor * number,
        )


def _leak(number: int) -> LeakResult:
    growth = Growth(resource="memory", per_call=64.0, low=60.0, high=70.0)
    found = (growth,) if number > 2 else ()
    return LeakResult(iterations=100, initial_bytes=1e6, final_bytes=2e6, bytes_per_call=60.0 + number, growths=found)


def _load(number: int) -> LoadResult:
    within = {0.01: 700 + number, 0.1: 900, 1.0: 990}
    return LoadResult(
        name="cart",
        users=20 + number,
        duration_seconds=10,
        elapsed_seconds=10 + number / 10,
        requests=1000 + number,
        failures=10 + number,
        latency=Latency(p50=0.01, p95=0.08 + number / 100, p99=0.2 + number / 100, within=within),
        generator=GeneratorUse(lag_p99_seconds=0.001 * number),
        expected_workers=3,
        workers=3 - number % 2,
    )


def _stress(number: int) -> StressResult:
    return StressResult(
        name="cart", step_seconds=1, max_load=100, max_successful_load=40 + number, breaking_point=60 + number
    )


def _verdicts(number: int) -> tuple[Verdict, ...]:
    """
    A regression with another cause in each of the last two runs, a budget in the last, and one that is not confirmed.
    """
    if number < _LAST - 1:
        return ()
    cause = Cause(measure="db_queries" if number == _LAST else "cpu_seconds", before=3, after=43)
    slower = _verdict(VerdictKind.REGRESSION, case="slower", factor=2.5 + number, causes=(cause,))
    budget = _verdict(VerdictKind.BUDGET, case="slower", factor=1.5)
    work = _verdict(VerdictKind.WORK, function="shop:total", factor=1.2)
    unsure = _verdict(VerdictKind.UNCONFIRMED, case="worse")
    return (slower, budget, work, unsure) if number == _LAST else (slower, budget)


def _verdict(kind: VerdictKind, **changes: Any) -> Verdict:
    return Verdict(kind=kind, severity=Severity.WARNING, reason="", **changes)

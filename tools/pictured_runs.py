"""
The runs that the pictures of the dashboards show: those of `paceline demo-history`, with a test that sends too many
queries since two days, a load test, a stress test and benchmarks.
"""

from collections.abc import Iterator
from random import Random

from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.demo.runs import BRANCH, TESTS, Demo
from paceline.kit_results import BenchmarkResult, LeakResult, LoadResult, StressResult
from paceline.kit_results.kit_result import KitResult
from paceline.kit_results.leak import Growth
from paceline.kit_results.load import GeneratorUse, Latency
from paceline.model import Case, Run, RunOutcome
from paceline.usage import UsageKey
from paceline.work import Work, WorkMode
from support.values import make_case

SUITE = "demo"
CART = (
    "tests/integration/test_checkout.py::TestCheckout"
    "::test_totals_of_a_full_cart_with_vouchers_and_gift_wrapping[20 lines-EUR]"
)
LOAD = "load/test_load.py::test_checkout_keeps_up[40 users]"
_CALLED = "tests/integration/test_catalogue.py::test_search_ranks_exact_names_before_descriptions"
_DAY = 86400.0
_CHANGED_DAYS = 2.0
_WINDOW_DAYS = 14.0
_MIB = float(1 << 20)
_REQUESTS = 6000
# Seconds, and the share of the requests that took no longer: of a page that is cached, and of one that is not.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_BENCHMARKS = {"parse_price": 4.2e-6, "sort_catalogue": 1.8e-3, "render_cart": 7.5e-4}
# A run in so many is one of a few chosen tests.
_PARTIAL_EVERY = 17


def pictured_runs(until: float, days: float = 30.0, tests: int = TESTS) -> list[Run]:
    """
    The runs, oldest first. Those of the default branch are judged.

    Args:
        until: the end of the history in seconds since 1970.
        days: its length.
        tests: so many tests of the demonstration.
    """
    runs: list[Run] = []
    for number, run in enumerate(Demo(until=until, days=days, tests=tests).runs()):
        whole = _with_more_tests(run, number, until)
        runs.append(whole if run.branch != BRANCH else _judged(whole, runs))
        if number % _PARTIAL_EVERY == 1:
            runs.append(_part_of(whole))
    return runs


def _judged(run: Run, runs: list[Run]) -> Run:
    since = run.ended - _WINDOW_DAYS * _DAY
    past = [one for one in runs if one.branch == BRANCH and one.ended > since]
    return judge(run, Past.from_runs(past), Rules())


def _part_of(run: Run) -> Run:
    cases = run.cases[:3]
    ended = run.ended + 1800
    outcome = RunOutcome.FAILED if any(case.outcome.is_failure for case in cases) else RunOutcome.PASSED
    changes = {"run_id": f"{run.run_id}-part", "started": ended - 4, "ended": ended, "outcome": outcome}
    return replace(run, cases=cases, is_partial=True, accounts={}, verdicts=(), **changes)


def _with_more_tests(run: Run, number: int, until: float) -> Run:
    is_changed = run.branch == BRANCH and until - run.ended < _CHANGED_DAYS * _DAY
    chance = Random(number)  # noqa: S311 - noise, no secret
    cases = (*run.cases, _cart(is_changed, chance), _counted(is_changed), *_kit_cases(is_changed, chance))
    return replace(run, cases=cases, collected=len(cases), work=Work(mode=WorkMode.ALL))


def _cart(is_changed: bool, chance: Random) -> Case:
    seconds, queries = (0.47, 43.0) if is_changed else (0.21, 6.0)
    seconds *= chance.gauss(1, 0.03)
    usage = {
        UsageKey.CPU_SECONDS: 0.55 * seconds,
        UsageKey.CPU_WAIT_SECONDS: 0.01 * seconds,
        UsageKey.VOLUNTARY_CONTEXT_SWITCHES: 2 * queries,
        UsageKey.MEMORY_PEAK_BYTES: 4 * _MIB,
        UsageKey.MEMORY_RETAINED_BYTES: 0.0,
        UsageKey.READ_BYTES: 4096 * queries,
        UsageKey.DB_QUERIES: queries,
        UsageKey.DB_SECONDS: 0.4 * seconds,
        UsageKey.DB_REPEATED_QUERIES: queries - 6,
    }
    return make_case(
        CART,
        seconds,
        test_type="integration",
        setup_seconds=0.03 * chance.gauss(1, 0.05),
        teardown_seconds=0.01,
        budget_seconds=0.4,
        usage=usage,
    )


def _counted(is_changed: bool) -> Case:
    usage = {UsageKey.CALLS: 217_600.0 if is_changed else 136_000.0}
    return make_case(_CALLED, 0.34, test_type="integration", budget_seconds=2.0, usage=usage)


def _kit_cases(is_changed: bool, chance: Random) -> Iterator[Case]:
    factor = 1.5 if is_changed else 1.0
    yield _of_kit(LOAD, _load(factor, chance), _stress(factor, chance), seconds=32.0)
    leak = LeakResult(
        iterations=200,
        initial_bytes=8 * _MIB,
        final_bytes=8.2 * _MIB,
        bytes_per_call=1024.0 * is_changed,
        growths=(Growth(resource="memory", per_call=1024, low=990, high=1060),) if is_changed else (),
    )
    yield _of_kit("tests/performance/test_leaks.py::test_thumbnails_are_freed", leak, seconds=0.9)
    for name, seconds in _BENCHMARKS.items():
        is_faster = name == "render_cart" and not is_changed
        result = _benchmark(name, seconds * chance.gauss(1, 0.02) * (1 if is_faster else 1.15))
        yield _of_kit(f"tests/performance/test_speed.py::test_{name}", result, seconds=1.1)


def _of_kit(case_id: str, *results: KitResult, seconds: float) -> Case:
    measures = {name: measure for result in results for name, measure in result.measures().items()}
    return make_case(case_id, seconds, test_type="api", results=results, measures=measures)


def _load(factor: float, chance: Random) -> LoadResult:
    median, tail = 0.018 * factor * chance.gauss(1, 0.03), 0.11 * factor * chance.gauss(1, 0.05)
    failures = round(_REQUESTS * 0.0004 * chance.random() * (12 if factor > 1 else 1))
    within = {bound: round(_REQUESTS * _share_within(bound, median, 0.6 * tail)) for bound in _BOUNDS}
    return LoadResult(
        name="checkout",
        users=40,
        duration_seconds=30,
        elapsed_seconds=30.2,
        requests=_REQUESTS,
        failures=failures,
        latency=Latency(p50=median, p95=tail, p99=1.9 * tail, within=within),
        generator=GeneratorUse(lag_p99_seconds=0.0012 * chance.gauss(1, 0.2)),
    )


def _share_within(bound: float, cached: float, uncached: float) -> float:
    return 0.7 / (1 + (cached / bound) ** 3) + 0.3 / (1 + (uncached / bound) ** 3)


def _stress(factor: float, chance: Random) -> StressResult:
    carried = 10 * round(16 / factor + chance.gauss(0, 0.4))
    return StressResult(
        name="checkout", step_seconds=5, max_load=300, max_successful_load=carried, breaking_point=carried + 20
    )


def _benchmark(name: str, seconds: float) -> BenchmarkResult:
    return BenchmarkResult(
        name=name,
        group="shop",
        rounds=200,
        median_seconds=seconds,
        mean_seconds=1.03 * seconds,
        min_seconds=0.94 * seconds,
        iqr_seconds=0.05 * seconds,
        cpu_seconds=0.98 * seconds,
        peak_memory_bytes=2e5,
        allocated_blocks=12,
    )

"""
Tests with a history of their own, in one suite: what they were in each of its runs.
"""

from collections.abc import Mapping, Sequence
from random import Random

from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.kit_results import DatabaseResult, LeakResult
from paceline.kit_results.database import Scaling
from paceline.kit_results.leak import Growth
from paceline.measure import LOAD_P50, Better, Measure
from paceline.model import Case, Limit, Machine, Outcome, Run
from paceline.query_group import QueryGroup
from paceline.usage import TOUCH_PROBES, UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import failed, figures_of_benchmark, make_case, make_run

# A run every six hours, so that the window of a fortnight is full.
RUNS = 57
SPACING = 6 * 3600.0
_MEBIBYTE = 1 << 20
_RANDOM = 300

# What a test was in each run, oldest first; None where it did not run.
CaseHistory = Sequence[Case | None]

# Histories that the terminal and the rules judge differently, each with both judgements.
DIFFERENT: Mapping[str, tuple[set[VerdictKind], set[VerdictKind]]] = {
    "failed_at_the_commit_of_a_pass": ({VerdictKind.FLAKY}, set()),
    "broken_and_mended_thrice": (set(), {VerdictKind.FLAKY}),
    "never_passed": ({VerdictKind.BROKEN}, set()),
    "keeps_since_three_runs": ({VerdictKind.LEAK}, set()),
    "slow_in_a_fifth_of_runs": (set(), {VerdictKind.REGRESSION}),
    "more_queries_at_the_same_commit": (set(), {VerdictKind.COUNT}),
    "creeps_for_less_than_the_window": ({VerdictKind.TREND}, set()),
}


def suite_of_histories(ended: float) -> list[Run]:
    """
    The runs of a suite that has a test of each history; the last one is judged.

    Args:
        ended: when the last one ended.
    """
    return _judged([_run(number, ended, _cases(case_histories(), number)) for number in range(RUNS)])


def suite_of_touched(ended: float) -> list[Run]:
    """
    The runs of a suite of tests that ask databases and servers, each run of a commit of its own; the last is judged.
    """
    table = _named(_touched())
    changes = ({"suite": "touching", "run_id": f"t{number}", "commit": f"t{number}"} for number in range(RUNS))
    return _judged([_run(n, ended, _cases(table, n), **change) for n, change in enumerate(changes)])


def _cases(table: Mapping[str, CaseHistory], number: int) -> list[Case]:
    return [case for history in table.values() if (case := history[number]) is not None]


def suites_of_paces(ended: float) -> list[list[Run]]:
    """
    Suites that are twice as slow in their last run: by themselves, by their machine, and of which only a part ran.
    """
    last: dict[str, dict[str, object]] = {
        "code": {},
        "machine": {"machine": Machine(calibration_seconds=0.04)},
        "part": {"is_partial": True},
    }
    return [_judged(_paced(f"slow {name}", ended, changes)) for name, changes in last.items()]


def case_histories() -> dict[str, CaseHistory]:
    """
    One history for each thing that can happen to a test, and many that chance made.
    """
    return _named(_timed(Random(7)) | _outcomes() | _figures())


def _named(table: Mapping[str, CaseHistory]) -> dict[str, CaseHistory]:
    return {
        name: [case and replace(case, id=name, family=name) for case in (*[None] * (RUNS - len(history)), *history)]
        for name, history in table.items()
    }


def _judged(runs: Sequence[Run]) -> list[Run]:
    return [*runs[:-1], judge(runs[-1], Past.from_runs(runs[:-1]), Rules())]


def _run(number: int, ended: float, cases: Sequence[Case], **changes: object) -> Run:
    end = ended - (RUNS - 1 - number) * SPACING
    # The last two runs are of one commit.
    commit = f"c{(number + 1) // 2}"
    facts = {"thresholds": Rules().thresholds(), "probes": TOUCH_PROBES, "commit": commit, **changes}
    return make_run(number, cases, ended=end, started=end - 10, **facts)


def _paced(suite: str, ended: float, changes: Mapping[str, object]) -> list[Run]:
    noise = Random(3)
    usual: dict[str, object] = {"machine": Machine(calibration_seconds=0.02, slowdown_ratio=1.0)}
    latest = {**usual, **changes}
    return [
        _run(
            number,
            ended,
            [make_case(f"test_{place}", 0.1 * noise.gauss(1, 0.02) * (1 + is_last)) for place in range(10)],
            suite=suite,
            run_id=f"{suite.replace(' ', '-')}-{number}",
            **(latest if is_last else usual),
        )
        for number in range(RUNS)
        for is_last in [number == RUNS - 1]
    ]


def _timed(noise: Random) -> dict[str, CaseHistory]:
    def level(seconds: float, runs: int = RUNS - 1) -> list[float]:
        return [seconds * noise.gauss(1, 0.03) for _ in range(runs)]

    spiked = [value * (3 if noise.random() < 0.05 else 1) for value in level(0.1)]
    modes = [noise.choice([0.012, 0.012, 0.045]) for _ in range(RUNS - 1)]
    times = {
        "steady": level(0.1, RUNS),
        "short_and_slower": [*level(0.001), 0.003],
        "short_and_less_than_twice": [*level(0.001), 0.00185],
        "shortest_and_slower": [*level(0.0001), 0.0009],
        "short_with_spikes": [0.001 if number % 9 else 0.0031 for number in range(RUNS - 1)] + [0.0032],
        "short_and_twice": [0.006] * (RUNS - 1) + [0.0135],
        "stepped_now": [*level(0.1), 0.2],
        "stepped_four_runs_ago": [*level(0.1, RUNS - 5), *level(0.2, 5)],
        "stepped_by_a_little": [*level(0.1), 0.11],
        "spikes_before": [*spiked, 0.1],
        "spikes_before_and_slower": [*spiked, 0.15],
        "two_modes_fast_now": [*modes, 0.012],
        "two_modes_slow_now": [*modes, 0.045],
        "slow_in_a_fifth_of_runs": [0.045 if number % 9 in {2, 6} else 0.012 for number in range(RUNS)],
        "faster_now": [*level(0.1), 0.05],
        "creeping": [value * (1 + number / RUNS) for number, value in enumerate(level(0.1, RUNS))],
        "creeps_for_less_than_the_window": [0.1 + number / 1000 for number in range(30)],
        "stepped_in_the_middle": [*level(0.1, RUNS // 2), *level(0.15, RUNS - RUNS // 2)],
        "seven_runs_and_slower": [*level(0.1, 7), 0.2],
        "eight_runs_and_slower": [*level(0.1, 8), 0.2],
        **{f"random_{number}": _random(noise) for number in range(_RANDOM)},
    }
    made: dict[str, list[Case]] = {name: [make_case(seconds=value) for value in row] for name, row in times.items()}
    unclear = [make_case(seconds=0.3, lacking=(UsageKey.CPU_WAIT_SECONDS,))]
    gaps = [case if number % 3 else None for number, case in enumerate(made["stepped_now"], start=1)]
    return made | {
        "gaps_and_slower": [*gaps[:-1], make_case(seconds=0.2)],
        "lacks_its_cpu_wait_now": made["steady"][:-1] + unclear,
        "lacked_its_cpu_wait_in_most_runs": unclear * (RUNS - 9) + made["eight_runs_and_slower"],
        "gone_since_it_was_slow": [*made["stepped_now"][1:], None],
    }


def _random(noise: Random) -> list[float]:
    """
    From six runs on, with little noise or much; the last is as usual or near the limit.
    """
    runs, sigma = noise.randrange(6, RUNS), noise.choice([0.02, 0.1, 0.3])
    past = [0.1 * noise.lognormvariate(0, sigma) for _ in range(runs)]
    return [*past, sorted(past)[-2] * noise.uniform(0.9, 1.8) if noise.random() < 0.4 else noise.choice(past)]


def _outcomes() -> dict[str, CaseHistory]:
    good, bad = make_case(), failed()
    return {
        "newly_broken": [good] * (RUNS - 4) + [bad] * 4,
        "never_passed": [bad] * RUNS,
        "mended": [good] * 21 + [bad] * 10 + [good] * (RUNS - 31),
        "broken_and_mended_thrice": [bad if number in {11, 12, 21, 22, 31, 32} else good for number in range(RUNS)],
        "failed_at_the_commit_of_a_pass": [good] * (RUNS - 1) + [bad],
        "passes_on_retry": [good] * (RUNS - 1) + [make_case(attempts=2)],
        "skipped": [make_case(outcome=Outcome.SKIPPED)] * RUNS,
    }


def _figures() -> dict[str, CaseHistory]:
    over, kept = make_case(seconds=0.3, budget_seconds=0.1), make_case(seconds=0.05, budget_seconds=0.1)
    return {
        "over_budget": [kept] * (RUNS - 1) + [over],
        "waits_over_its_budget": [kept] * (RUNS - 1) + [replace(over, usage={UsageKey.CPU_WAIT_SECONDS: 0.25})],
        "within_budget_by_its_repeats": [kept] * (RUNS - 1) + [replace(over, needed_seconds=0.05)],
        "within_budget_again": [over] * (RUNS - 1) + [kept],
        "failed_by_its_budget": [kept] * (RUNS - 2) + [failed(seconds=0.3, budget_seconds=0.1)] * 2,
        "benchmark_thrice": [_benchmark(450e-9 * (1 + number % 3 / 100)) for number in range(RUNS - 1)]
        + [_benchmark(1.35e-6)],
        "benchmark_by_less": [_benchmark(450e-9)] * (RUNS - 1) + [_benchmark(630e-9)],
        "long_benchmark_by_less": [_benchmark(0.1)] * (RUNS - 1) + [_benchmark(0.14)],
        "long_benchmark_by_more": [_benchmark(0.1)] * (RUNS - 1) + [_benchmark(0.16)],
        "load_test_by_less": [_load_test(0.02)] * (RUNS - 1) + [_load_test(0.028)],
        "load_test_by_more": [_load_test(0.02)] * (RUNS - 1) + [_load_test(0.032)],
        "more_queries_at_the_same_commit": [_querying(3)] * (RUNS - 1) + [_querying(4)],
        "more_queries_for_some_runs": [_querying(3)] * (RUNS - 5) + [_querying(4)] * 5,
        "more_queries_for_long": [_querying(3)] * 20 + [_querying(4)] * (RUNS - 20),
        "queries_vary": [_querying(3 + number % 2) for number in range(RUNS - 1)] + [_querying(5)],
        "more_calls": [_querying(3, "calls", "")] * (RUNS - 5) + [_querying(4, "calls", "")] * 5,
        "leaking": [_keeping(0)] * (RUNS - 5) + [_keeping(4)] * 5,
        "keeps_since_three_runs": [_keeping(0)] * (RUNS - 3) + [_keeping(4)] * 3,
        "kept_once": [_keeping(0)] * (RUNS - 1) + [_keeping(4)],
        "keeps_little_of_its_peak": [_keeping(4, peak=100)] * RUNS,
        "importing": [_keeping(4, imported=3)] * RUNS,
        **_measures(),
    }


def _measures() -> dict[str, CaseHistory]:
    noise = Random(11)
    return {
        "measure_rose": [_measuring(0.1, Better.LOWER)] * (RUNS - 1) + [_measuring(0.2, Better.LOWER)],
        "measure_rose_a_little": [_measuring(0.1, Better.LOWER)] * (RUNS - 1) + [_measuring(0.12, Better.LOWER)],
        "measure_fell": [_measuring(100, Better.HIGHER)] * (RUNS - 1) + [_measuring(70, Better.HIGHER)],
        "measure_got_better": [_measuring(100, Better.HIGHER)] * (RUNS - 1) + [_measuring(200, Better.HIGHER)],
        "measure_varies": [_measuring(noise.uniform(0.1, 0.3), Better.LOWER) for _ in range(RUNS - 1)]
        + [_measuring(0.28, Better.LOWER)],
        "measure_of_few_runs": [None] * (RUNS - 8)
        + [_measuring(0.1, Better.LOWER)] * 7
        + [_measuring(0.2, Better.LOWER)],
        "measure_beyond_limit": [_measuring(0.1)] * (RUNS - 1) + [_measuring(0.1, limit=0.05)],
        "measure_below_limit": [_measuring(0.1, Better.HIGHER, limit=0.1)] * (RUNS - 1)
        + [_measuring(0.09, Better.HIGHER, limit=0.1)],
        "failed_beyond_limit": [_measuring(0.1)] * (RUNS - 1)
        + [failed(measures={"p95": Measure(value=0.1, unit="s", limit=0.05)})],
        "leak_test_found_one": [_leak_test()] * (RUNS - 1)
        + [_leak_test(Growth(resource="memory", per_call=9, low=8, high=9))],
        "database_test_found_one": [_database_test(few=3, many=3)] * (RUNS - 1) + [_database_test(few=3, many=30)],
    }


def _measuring(value: float, better: Better | None = None, limit: float | None = None) -> Case:
    return make_case(measures={"p95": Measure(value=value, unit="s", better=better, limit=limit)})


def _leak_test(*growths: Growth) -> Case:
    result = LeakResult(iterations=100, initial_bytes=1, final_bytes=1, growths=growths)
    return make_case(results=(result,), measures=result.measures())


def _database_test(few: int, many: int) -> Case:
    scaling = Scaling(few_rows=3, many_rows=30, queries_of_few=few, queries_of_many=many)
    result = DatabaseResult(iterations=3, mean_seconds=0.01, median_seconds=0.01, max_seconds=0.01, scaling=scaling)
    return make_case(results=(result,), measures=result.measures())


def _load_test(median: float) -> Case:
    return make_case(seconds=2.0, measures={LOAD_P50: Measure(value=median, unit="seconds")})


def _benchmark(median: float) -> Case:
    return make_case(seconds=1.0, measures=figures_of_benchmark(median, median, 1e6))


def _querying(count: int, name: str = "sql", unit: str = "queries") -> Case:
    return make_case(measures={name: Measure(value=count, unit=unit)})


def _touched() -> dict[str, CaseHistory]:
    return {
        "asks_a_database_now": [_touching()] * (RUNS - 1) + [_touching(db_queries=5)],
        "asked_a_database_once_before": [_touching()] * 40
        + [_touching(db_queries=5)]
        + [_touching()] * (RUNS - 42)
        + [_touching(db_queries=5)],
        "two_runs_and_asks_now": [_touching()] * 2 + [_touching(db_queries=5)],
        "three_runs_and_asks_now": [_touching()] * 3 + [_touching(db_queries=5)],
        "asks_more_for_some_runs": [_touching(db_queries=3)] * (RUNS - 3) + [_touching(db_queries=43)] * 3,
        "asks_more_for_long": [_touching(db_queries=3)] * 20 + [_touching(db_queries=43)] * (RUNS - 20),
        "began_to_ask_and_asks_more": [_touching()] * 20
        + [_touching(db_queries=3)] * (RUNS - 21)
        + [_touching(db_queries=43)],
        "asks_as_ever": [_touching(db_queries=3)] * RUNS,
        "requests_vary": [_touching(network_requests=3 + number % 2) for number in range(RUNS - 1)]
        + [_touching(network_requests=9)],
        "requests_more": [_touching(network_requests=1)] * (RUNS - 1) + [_touching(network_requests=2)],
        "asks_more_than_its_limit": [_limited(db_queries=2)] * (RUNS - 1) + [_limited(db_queries=3)],
        "asks_as_much_as_its_limit": [_limited(db_queries=2)] * RUNS,
        "repeats_queries": [_touching()] * (RUNS - 1) + [_repeating("shop/orders.py:17")],
        "repeated_queries_before": [_repeating("shop/carts.py:8")] * (RUNS - 1) + [_touching(db_queries=2)],
    }


def _touching(**usage: float) -> Case:
    return make_case(usage=usage)


def _limited(**usage: float) -> Case:
    return make_case(usage=usage, limits=(Limit(measure=UsageKey.DB_QUERIES, most=2),))


def _repeating(place: str) -> Case:
    group = QueryGroup(statement="select ?", count=4, place=place, fed_by="select all")
    return make_case(usage={UsageKey.DB_QUERIES: 5.0, UsageKey.DB_REPEATED_QUERIES: 4.0}, queries=(group,))


def _keeping(mebibytes: int, imported: int = 0, peak: int = 0) -> Case:
    kept = {
        UsageKey.MEMORY_RETAINED_BYTES: float(mebibytes * _MEBIBYTE),
        UsageKey.MEMORY_PEAK_BYTES: float(peak * _MEBIBYTE),
        UsageKey.IMPORTED_MODULES: float(imported),
    }
    return make_case(usage=kept)

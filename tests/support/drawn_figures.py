"""
The figures that panels about runs have to show, computed from the documents of the runs alone.

A figure is under its labels, as in `test=a,test_type=unit`. In a graph it is under its time, in seconds since 1970.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import ceil, floor
from statistics import fmean, linear_regression
from typing import Any

from paceline.kit_results import BenchmarkResult, LeakResult, LoadResult, StressResult
from paceline.model import Case, Outcome, Run
from paceline.verdict_kinds import VerdictKind
from support.drawn_runs import BASE, MAIN, UNTIL, drawn_runs

Points = Mapping[float, float]
Figures = Mapping[str, float] | Mapping[str, Points]
# Panel and board; of each query of the panel the figures.
Table = dict[tuple[str, str], tuple[Figures, ...]]

STEP, SINCE = 3600.0, UNTIL - 7 * 86400
_GRID = [SINCE + number * STEP for number in range(7 * 24 + 1)]
_DAY, _WEEK = 86400.0, 604_800.0
_TRIED = (Outcome.PASSED, Outcome.FAILED)
_FAR_PAST = UNTIL - 14 * _DAY

_ALL = sorted(drawn_runs(), key=lambda run: run.ended)
_MAIN = [run for run in _ALL if run.branch == MAIN]
_WHOLE = [run for run in _MAIN if not run.is_partial]
_BASE = [run for run in _ALL if run.branch == BASE]
_END = _WHOLE[-1]
# What the judgement calls counts of work; the documents of these runs have no others.
_WORK = ("cache_commands", "cache_misses", "db_queries", "network_requests")
_PAGES = ("page_errors", "page_layout_shift", "page_received_bytes", "page_requests")

# Of the curves of the dashboard Test: what the document calls the figure.
_USAGE: Mapping[str, tuple[str, ...]] = {
    "CPU": (
        *("cpu_seconds", "cpu_user_seconds", "cpu_system_seconds"),
        *("children_cpu_user_seconds", "children_cpu_system_seconds"),
    ),
    "Wait for a CPU": ("cpu_wait_seconds", "shared_gc_seconds"),
    "Memory": ("memory_peak_bytes", "children_memory_peak_bytes", "memory_retained_bytes"),
    "Disk": ("read_bytes", "written_bytes"),
    "Switches and collections": ("voluntary_context_switches", "involuntary_context_switches", "gc_collections"),
    "Left behind and imported": ("threads_left", "processes_left", "imported_modules"),
    "Work": ("calls",),
    "Queries": ("db_queries", "db_repeated_queries", "setup_db_queries", "background_db_queries"),
    "Time in queries": ("db_seconds",),
    "Requests": ("network_requests", "network_errors", "network_connections"),
    "Time on the network": ("network_seconds",),
    "Received": ("network_received_bytes",),
    "Cache": ("cache_commands", "cache_hits", "cache_misses", "cache_sets"),
    "Time in caches": ("cache_seconds",),
    "Caches in the process": ("local_cache_hits", "local_cache_misses"),
    "Time in pages": ("page_load_seconds", "page_largest_paint_seconds", "page_interaction_seconds"),
    "Pages": ("page_interactions", "page_requests", "page_errors"),
    "Received by pages": ("page_received_bytes",),
    "Layout shift": ("page_layout_shift",),
}

Of = Callable[[Case], float | None]


def figures_of_runs() -> Table:
    """
    Of each panel that is about runs.
    """
    return {**_suite(), **_tables_of_suite(), **_test(), **_compare(), **_benchmarks(), **_load()}


def chosen_test(board: str, panel: str) -> str:
    """
    The test that is chosen for a panel.
    """
    return {"load": "loaded", "benchmarks": "benchmark"}.get(board, "counted" if panel == "Work" else "all")


def _labels(**labels: str) -> str:
    return ",".join(f"{name}={text}" for name, text in sorted(labels.items()) if text)


def _of_test(case: Case) -> str:
    return _labels(test=case.id, test_type=case.test_type)


def _quantile(share: float, values: Iterable[float]) -> float:
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    low, high = ordered[floor(rank)], ordered[ceil(rank)]
    return low + (high - low) * (rank - floor(rank))


def _median(values: Iterable[float]) -> float:
    return _quantile(0.5, values)


# Figures of cases.
def _took(case: Case) -> float | None:
    return case.duration_seconds if case.outcome is Outcome.PASSED and "calls" not in case.usage else None


def _normalized(case: Case) -> float | None:
    return None if _took(case) is None else case.normalized_duration_seconds


def _of_budget(case: Case) -> float | None:
    known = case.needed_seconds and case.budget_seconds and "calls" not in case.usage
    return case.needed_seconds / case.budget_seconds if known and case.needed_seconds and case.budget_seconds else None


def _passed(case: Case) -> float | None:
    return float(case.outcome is Outcome.PASSED) if case.outcome in _TRIED else None


def _attempts(case: Case) -> float | None:
    return float(case.attempts) if case.outcome in _TRIED else None


def _used(key: str) -> Of:
    return lambda case: case.usage.get(key) if case.outcome is Outcome.PASSED else None


def _series(figure: Of, runs: Iterable[Run] = _MAIN) -> dict[str, dict[float, float]]:
    """
    The figures of each test, by the end of the run.
    """
    series: defaultdict[str, dict[float, float]] = defaultdict(dict)
    for run in runs:
        for case in run.cases:
            if (value := figure(case)) is not None:
                series[_of_test(case)][run.ended] = value
    return dict(series)


def _last(figure: Of) -> dict[str, float]:
    return {test: values[_END.ended] for test, values in _series(figure).items() if _END.ended in values}


def _usual(figure: Of, runs: Iterable[Run] = _MAIN) -> dict[str, float]:
    return {test: _median(values.values()) for test, values in _series(figure, runs).items()}


def _usual_or_0(key: str, share: float = 0.5, needed: float = 0.5) -> dict[str, float]:
    """
    A quantile of a count that is absent where it is 0: 0 of tests that have it in too few of their runs.
    """
    times = _series(_took)
    return {
        test: _quantile(share, values.values()) * (len(values) >= needed * len(times[test]))
        for test, values in _series(_used(key)).items()
        if test in times
    }


def _only(figures: Mapping[str, float], tests: Iterable[str]) -> dict[str, float]:
    return {test: figures[test] for test in tests if test in figures}


def _difference(one: Mapping[str, float], other: Mapping[str, float], tests: Iterable[str]) -> dict[str, float]:
    return {test: one[test] - other[test] for test in tests if test in one and test in other}


def _points_of_runs(value: Callable[[Run], float | None], runs: Iterable[Run] = _MAIN) -> Points:
    """
    A value of each run at the beginning of the step in which the run ended.
    """
    points = ((_point(run.ended), value(run)) for run in runs)
    return {at: found for at, found in points if found is not None}


def _point(ended: float) -> float:
    return ceil(ended / STEP) * STEP - STEP


def _points_of_test(figure: Of, test: str) -> Points:
    return _points_of_runs(lambda run: next((figure(case) for case in run.cases if case.id == test), None))


def _points_by_labels(of_run: Callable[[Run], Mapping[str, float]], runs: Iterable[Run] = _MAIN) -> dict[str, Points]:
    points: defaultdict[str, dict[float, float]] = defaultdict(dict)
    for run in runs:
        for labels, value in of_run(run).items():
            points[labels][_point(run.ended)] = value
    return dict(points)


def _window(at: float, days: float) -> list[Run]:
    return [run for run in _MAIN if at - days * _DAY < run.ended <= at]


def _at_each_point(value: Callable[[float], float | None]) -> Points:
    return {at: found for at in _GRID if (found := value(at)) is not None}


def _confirmed(run: Run) -> list[Any]:
    return [verdict for verdict in run.verdicts if verdict.kind is not VerdictKind.UNCONFIRMED]


def _share_passed(run: Run) -> float:
    return fmean(passed for case in run.cases if (passed := _passed(case)) is not None)


def _failures(run: Run) -> float:
    return float(sum(case.outcome is Outcome.FAILED for case in run.cases))


def _suite() -> Table:
    slowdown = {run.ended: run.machine.slowdown_ratio or 0.0 for run in _MAIN}
    calibration = {run.ended: run.machine.calibration_seconds or 0.0 for run in _MAIN}
    paces = {run.ended: slowdown[run.ended] / calibration[run.ended] for run in _WHOLE}
    usually = {name: _median(values.values()) for name, values in (("of", calibration), ("pace", paces))}
    return {
        ("suite", "Passed"): ({"": _share_passed(_END)},),
        ("suite", "Failing tests"): ({"": _failures(_END)},),
        ("suite", "Verdicts"): ({"": float(len(_confirmed(_END)))},),
        ("suite", "Run took"): ({"": _END.ended - _END.started},),
        ("suite", "Machine slowdown"): ({"": slowdown[_END.ended]},),
        ("suite", "Last run"): ({"": UNTIL - _MAIN[-1].ended},),
        ("suite", "Verdicts of the last run"): _verdict_rows(),
        ("suite", "Verdicts by kind"): (
            {_labels(kind=kind): float(count) for kind, count in Counter(one.kind for one in _confirmed(_END)).items()},
        ),
        ("suite", "Within budget"): (_within_budget(),),
        ("suite", "Last runs"): (
            _points_by_labels(lambda run: {_of_run(run, partial=str(run.is_partial).lower()): run.ended - run.started}),
            {"": _points_of_runs(_failures, _WHOLE)},
            {"": _points_of_runs(lambda run: float(len(_confirmed(run))), _WHOLE)},
        ),
        ("suite", "Duration of each run"): (
            _points_by_labels(lambda run: {_of_run(run): run.ended - run.started}, _WHOLE),
            _points_by_labels(
                lambda run: {_of_run(run): run.ended - run.started}, [run for run in _MAIN if run.is_partial]
            ),
            {"": _points_of_runs(lambda run: run.ended - run.started, _WHOLE)},
        ),
        ("suite", "Machine slowdown of each run"): (
            {"": _points_of_runs(lambda run: slowdown[run.ended])},
            {"": _points_of_runs(lambda run: calibration[run.ended] / usually["of"])},
            {"": _points_of_runs(lambda run: paces[run.ended] / usually["pace"], _WHOLE)},
        ),
        ("suite", "Passed in each run"): ({"": _points_of_runs(_share_passed, _WHOLE)},),
        ("suite", "Calls of each run"): (
            {"": _points_of_runs(lambda run: sum(case.usage.get("calls", 0.0) for case in run.cases), _WHOLE)},
        ),
        ("suite", "Verdicts, run after run"): (
            _points_by_labels(
                lambda run: {
                    _labels(kind=kind): float(count)
                    for kind, count in Counter(one.kind for one in _confirmed(run)).items()
                },
                _WHOLE,
            ),
        ),
        ("suite", "Endpoints"): _endpoints(),
    }


def _of_run(run: Run, **more: str) -> str:
    return _labels(commit=run.commit, outcome=run.outcome, **more)


def _verdict_rows() -> tuple[Figures, Figures]:
    found = {
        (one.kind, one.case or "", one.function, one.causes[0].measure if one.causes else ""): one.factor or 1.0
        for one in _confirmed(_END)
    }
    runs = Counter((one.kind, one.case or "", one.function) for run in _WHOLE for one in _confirmed(run))
    names = {key: _labels(kind=key[0], test=key[1], subject=key[2], cause=key[3]) for key in found}
    return (
        {names[key]: factor for key, factor in found.items()},
        {names[key]: float(runs[key[:3]]) for key in found},
    )


def _within_budget() -> dict[str, float]:
    kept: defaultdict[str, list[bool]] = defaultdict(list)
    for case in _END.cases:
        if (used := _of_budget(case)) is not None:
            kept[_labels(test_type=case.test_type)].append(used <= 1)
    return {name: fmean(values) for name, values in kept.items()}


def _endpoints() -> tuple[Figures, ...]:
    answers: defaultdict[str, list[Any]] = defaultdict(list)
    for case in _END.cases:
        for one in case.endpoints:
            answers[_labels(endpoint=one.endpoint)].append(one)
    return (
        {name: sum(one.seconds for one in of) / sum(one.requests for one in of) for name, of in answers.items()},
        {name: max(one.max_seconds for one in of) for name, of in answers.items()},
        {name: float(sum(one.requests for one in of)) for name, of in answers.items()},
        {name: float(sum(one.errors for one in of)) for name, of in answers.items()},
    )


def _tables_of_suite() -> Table:
    return {
        ("suite", "Slower than usual"): _slower_than_usual(),
        ("suite", "Failing and flaky"): _failing_and_flaky(),
        ("suite", "Over their budget"): _over_budget(),
        ("suite", "More work than usual"): _more_work(),
        ("suite", "More calls than usual"): _more_calls(),
        ("suite", "Repeating queries"): _repeating(),
        ("suite", "Slowest"): _slowest(),
        ("suite", "Growing fastest"): (_growing(),),
        ("suite", "Keeping memory"): (_keeping(),),
    }


def _slower_than_usual() -> tuple[Figures, ...]:
    now, usual = _last(_normalized), _usual(_normalized)
    slower = [test for test in now if usual[test] < (now[test] - 0.005) / 1.15]

    def more(key: str) -> dict[str, float]:
        return _difference(_last(_used(key)), _usual(_used(key)), slower)

    return (
        _difference(now, usual, slower),
        {test: now[test] / usual[test] for test in slower},
        more("cpu_seconds"),
        _difference(_last(_used("db_queries")), _usual_or_0("db_queries"), slower),
        more("read_bytes"),
        more("memory_peak_bytes"),
    )


def _failing_and_flaky() -> tuple[Figures, ...]:
    now, passed, attempts = _last(_passed), _series(_passed), _series(_attempts)
    shares = {test: 1 - sum(passed[test].values()) / sum(attempts[test].values()) for test in now}
    failing = [test for test, share in shares.items() if share > 0]
    outcomes = {test: list(values.values()) for test, values in passed.items()}
    return (
        _only(shares, failing),
        {
            test: float(sum(a != b for a, b in zip(outcomes[test], outcomes[test][1:], strict=False)))
            for test in failing
        },
        {test: sum(attempts[test].values()) - len(attempts[test]) for test in failing},
        _only(now, failing),
    )


def _over_budget() -> tuple[Figures, ...]:
    over = {test: used for test, used in _last(_of_budget).items() if used > 1}
    return over, _only(_last(_took), over), _only(_last(lambda case: case.budget_seconds), over)


def _more_work() -> tuple[Figures, ...]:
    now: dict[str, float] = {}
    usual: dict[str, float] = {}
    low: dict[str, float] = {}
    for key in (*_WORK, *_PAGES):
        now |= _named(key, _last(_used(key)))
        usual |= _named(key, _usual_or_0(key))
        low |= _named(key, _usual_or_0(key, share=0.1, needed=0.9))
    rows = {test: list(values.values()) for test, values in _series(_rows).items()}
    now |= _named("read", _last(_rows))
    usual |= _named("read", {test: _median(values) for test, values in rows.items()})
    low |= _named("read", {test: _quantile(0.1, values) for test, values in rows.items()})
    risen = [name for name, value in now.items() if name in usual and usual[name] == low[name] and value > usual[name]]
    return _difference(now, usual, risen), _only(usual, risen), _only(now, risen)


def _rows(case: Case) -> float | None:
    return case.measures["read"].value if "read" in case.measures else None


def _named(measure: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"measure={measure},{test}": value for test, value in figures.items()}


def _more_calls() -> tuple[Figures, ...]:
    calls = _used("calls")
    now, usual = _last(calls), _usual(calls)
    never_fell = {test for test, values in _series(calls).items() if list(values.values()) == sorted(values.values())}
    more = [test for test in now if test in never_fell and usual[test] < (now[test] - 5) / 1.01]
    return {test: now[test] / usual[test] for test in more}, _only(usual, more), _only(now, more)


def _repeating() -> tuple[Figures, ...]:
    repeated = _last(_used("db_repeated_queries"))
    return repeated, _only(_usual_or_0("db_repeated_queries"), repeated), _only(_last(_used("db_queries")), repeated)


def _slowest() -> tuple[Figures, Figures]:
    took = _last(_took)
    slowest = sorted(took, key=took.__getitem__, reverse=True)[:15]
    return _only(took, slowest), _only(_last(_of_budget), slowest)


def _growing() -> dict[str, float]:
    tried = _last(_passed)
    grown: dict[str, float] = {}
    for test, values in _series(_normalized).items():
        days = {floor(ended / _DAY) for ended in values}
        if test in tried and len(values) >= 8 and len(days) >= 3:
            rise = _WEEK * linear_regression(list(values), list(values.values())).slope
            grown |= {test: rise / fmean(values.values())} if rise > 0.001 else {}
    return grown


def _keeping() -> dict[str, float]:
    kept = _series(_used("memory_retained_bytes"))
    return {
        test: now for test, now in _last(_used("memory_retained_bytes")).items() if min(kept[test].values()) > 1 << 20
    }


def _test() -> Table:
    name, labels = "all", _labels(test="all", test_type="unit")
    took, normalized = _series(_took)[labels], _series(_normalized)[labels]
    passed, attempts = _series(_passed)[labels], _series(_attempts)[labels]
    latest = max(took)
    usual = _median(normalized.values())

    def quantile_before(share: float, at: float, days: float = 14) -> float | None:
        seen = [normalized[run.ended] for run in _window(at, days)]
        return _quantile(share, seen) if seen else None

    def most(at: float) -> float | None:
        middle, high = quantile_before(0.5, at), quantile_before(0.95, at)
        return None if middle is None or high is None else min(1.3 * middle, high)

    def step(at: float) -> float | None:
        now, before = quantile_before(0.5, at, 3), quantile_before(0.5, at - 3 * _DAY, 3)
        return None if now is None or before is None else now / before

    used = {
        ("test", panel): tuple({"": _points_of_test(_used(key), chosen_test("test", panel))} for key in keys)
        for panel, keys in _USAGE.items()
    }
    unseen = {at: -2.0 for at in _GRID if at < min(passed)}
    return {
        ("test", "Took"): ({"": took[latest]},),
        ("test", "Share of its budget"): ({"": _series(_of_budget)[labels][latest]},),
        ("test", "Compared with usual"): ({"": normalized[latest] / usual},),
        ("test", "Passed"): ({"": fmean(passed.values())},),
        ("test", "Most attempts"): ({"": max(attempts.values())},),
        ("test", "Runs"): ({"": float(len(passed))},),
        ("test", "Passed and failed"): ({"": {**unseen, **_points_of_test(_passed, name)}},),
        ("test", "Verdicts on this test"): ({}, {}, {}),
        ("test", "Normalised time, and usual time"): (
            {"": _points_of_test(_normalized, name)},
            {"": _at_each_point(most)},
            {"": _at_each_point(lambda at: quantile_before(0.05, at))},
        ),
        ("test", "Time by the clock, and budget"): (
            {"": _points_of_test(_took, name)},
            {"": _points_of_test(lambda case: case.budget_seconds, name)},
        ),
        ("test", "Lasting changes"): ({"": _at_each_point(step)},),
        ("test", "Phases"): (
            {"": _points_of_test(lambda case: case.setup_seconds, name)},
            {"": _points_of_test(_took, name)},
            {"": _points_of_test(lambda case: case.teardown_seconds, name)},
        ),
        ("test", "Measures that the test recorded"): (
            {"measure=cart,unit=items": _points_of_test(lambda case: case.measures["cart"].value, name)},
        ),
        **used,
    }


def _compare() -> Table:
    here, there = _usual(_normalized), _usual(_normalized, _BASE)
    both = [test for test in here if test in there]
    slower = [test for test in both if there[test] < (here[test] - 0.005) / 1.15]
    faster = [test for test in both if there[test] > (here[test] + 0.005) / 0.87]
    factors = {test: here[test] / there[test] for test in both}
    rounded = Counter(min(max(floor(factor / 0.1 + 0.5) * 0.1, 0.5), 2) for factor in factors.values())
    peak = _difference(_usual(_used("memory_peak_bytes")), _usual(_used("memory_peak_bytes"), _BASE), both)
    passed, passed_there = (
        {test: fmean(values.values()) for test, values in _series(_passed, runs).items()} for runs in (_MAIN, _BASE)
    )
    fails_more = _difference(passed_there, passed, passed)
    return {
        ("compare", "Runs of the base"): ({"": float(len(_BASE))},),
        ("compare", "Runs of the branch"): ({"": float(len(_WHOLE))},),
        ("compare", "Slower"): ({"": float(len(slower))},),
        ("compare", "Faster"): ({"": float(len(faster))},),
        ("compare", "All tests together"): (
            {"": sum(here[test] for test in both) / sum(there[test] for test in both)},
        ),
        ("compare", "New tests"): ({"": float(len(here) - len(both))},),
        ("compare", "How many tests by factor"): (
            {f"factor={factor:.10g}": float(count) for factor, count in rounded.items()},
        ),
        ("compare", "Runs of both"): (
            {"": _points_of_runs(lambda run: run.ended - run.started, _WHOLE)},
            # Of the base, a step later.
            {"": {_point(run.ended) + STEP: run.ended - run.started for run in _BASE}},
        ),
        ("compare", "Slower than the base"): (_only(factors, slower), _only(there, slower), _only(here, slower)),
        ("compare", "Faster than the base"): (_only(factors, faster),),
        ("compare", "More memory than the base"): ({test: more for test, more in peak.items() if more > 1 << 20},),
        ("compare", "Fails more often than the base"): ({test: more for test, more in fails_more.items() if more > 0},),
    }


def _results(run: Run, kind: type[Any]) -> Iterator[tuple[Case, Any]]:
    for case in run.cases:
        yield from ((case, result) for result in case.results if isinstance(result, kind))


def _benchmarks() -> Table:
    def each(figure: Callable[[Any], float], *, is_named_by_test: bool = True) -> dict[str, Points]:
        return _points_by_labels(
            lambda run: {
                _labels(benchmark=result.name, test=case.id if is_named_by_test else ""): figure(result)
                for case, result in _results(run, BenchmarkResult)
            }
        )

    medians = each(lambda result: result.median_seconds)
    now = {name: values[max(values)] for name, values in medians.items()}
    usually = {name: _median(values.values()) for name, values in medians.items()}
    leaks = {
        _labels(leak=result.name, test=case.id): float(len(result.growths))
        for case, result in _results(_END, LeakResult)
    }
    return {
        ("benchmarks", "Medians of the latest runs"): (
            {name: now[name] / usual for name, usual in usually.items()},
            now,
            usually,
        ),
        ("benchmarks", "Operations per second"): (each(lambda result: 1 / result.median_seconds),),
        ("benchmarks", "CPU time of a call"): (each(lambda result: result.cpu_seconds),),
        ("benchmarks", "Memory peak of a call"): (each(lambda result: result.peak_memory_bytes),),
        ("benchmarks", "Memory blocks left by a call"): (each(lambda result: result.allocated_blocks),),
        ("benchmarks", "Median and interquartile range"): (
            each(lambda result: result.median_seconds, is_named_by_test=False),
            each(lambda result: result.median_seconds + result.iqr_seconds / 2, is_named_by_test=False),
            each(lambda result: result.median_seconds - result.iqr_seconds / 2, is_named_by_test=False),
            each(lambda result: result.min_seconds, is_named_by_test=False),
        ),
        ("benchmarks", "Memory kept by a call"): (
            _points_by_labels(
                lambda run: {
                    _labels(leak=result.name, test=case.id): result.bytes_per_call if result.growths else 0.0
                    for case, result in _results(run, LeakResult)
                }
            ),
        ),
        ("benchmarks", "Resources that leak"): (leaks,),
    }


def _load() -> Table:
    def each(figure: Callable[[Any], float], kind: type[Any] = LoadResult) -> dict[str, Points]:
        return _points_by_labels(
            lambda run: {_labels(load=result.name): figure(result) for _, result in _results(run, kind)}
        )

    def now(points: Mapping[str, Points]) -> Figures:
        (only,) = points.values()
        return {"": only[max(only)]}

    def beside_usual(points: Mapping[str, Points]) -> Figures:
        (only,) = points.values()
        return {"": only[max(only)] / _median(only.values())}

    throughput = each(lambda result: (result.requests - result.failures) / result.elapsed_seconds)
    slow, slowest = each(lambda result: result.latency.p95), each(lambda result: result.latency.p99)
    carried = each(lambda result: result.max_successful_load, StressResult)
    return {
        ("load", "Throughput"): (now(throughput),),
        ("load", "Throughput, of usual"): (beside_usual(throughput),),
        ("load", "95% latency"): (now(slow),),
        ("load", "95% latency, of usual"): (beside_usual(slow),),
        ("load", "Errors"): (now(each(lambda result: result.failures / result.requests)),),
        ("load", "Highest load carried"): (now(carried),),
        ("load", "Latency"): (each(lambda result: result.latency.p50), slow, slowest),
        ("load", "Distribution of the latency"): (
            _points_by_labels(
                lambda run: {
                    _labels(le=f"{within:g}", within=f"{within:g}"): float(requests)
                    for _, result in _results(run, LoadResult)
                    for within, requests in result.latency.within.items()
                }
            ),
        ),
        ("load", "Throughput of each run"): (throughput,),
        ("load", "Requests and failures"): (
            each(lambda result: result.requests),
            each(lambda result: result.failures),
        ),
        ("load", "Lag of the generator"): (each(lambda result: result.generator.lag_p99_seconds), slowest),
        ("load", "Users"): (each(lambda result: result.users),),
        ("load", "Duration and lost workers"): (
            each(lambda result: result.elapsed_seconds),
            each(lambda result: result.expected_workers - result.workers),
        ),
        ("load", "Capacity"): (carried, each(lambda result: result.breaking_point, StressResult)),
    }

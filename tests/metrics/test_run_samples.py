"""
A run as samples.
"""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from paceline.kit_results import BenchmarkResult, LeakResult
from paceline.kit_results.leak import Growth
from paceline.measure import Better, Measure
from paceline.metrics.catalogue import Channel
from paceline.metrics.run_samples import TEST_METRICS, free_stamp, quoted, run_samples, stamped
from paceline.model import Cause, Limit, Machine, Outcome, Run, RunOutcome, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, failed, make_case, make_run


def _told(run: Run) -> dict[str, list[tuple[dict[str, str], float]]]:
    told: dict[str, list[tuple[dict[str, str], float]]] = {}
    for sample in run_samples(run, ["main"]):
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        told.setdefault(sample.metric.name, []).append((labels, sample.value))
    return told


def test_a_passed_test_has_a_sample_of_each_figure() -> None:
    """
    The outcome, the attempts, the phases, the usage and the test's own measures, all with the labels of the test.
    """
    case = make_case(
        seconds=0.5,
        setup_seconds=0.1,
        budget_seconds=2.0,
        normalized_duration_seconds=0.4,
        usage={UsageKey.CPU_SECONDS: 0.3},
        measures={
            "db_queries": Measure(value=3, unit="queries"),
            "p95_seconds": Measure(value=0.2, unit="s", limit=0.5, better=Better.LOWER),
        },
    )
    told = _told(make_run(1, [case]))
    labels = {"suite": "shop", "branch": "main", "test": TEST, "test_type": "unit"}

    assert {name: samples for name, samples in told.items() if name.startswith("paceline_test_")} == {
        "paceline_test_passed": [(labels, 1.0)],
        "paceline_test_attempts": [(labels, 1.0)],
        "paceline_test_duration_seconds": [(labels, 0.5)],
        "paceline_test_normalized_duration_seconds": [(labels, 0.4)],
        "paceline_test_setup_seconds": [(labels, 0.1)],
        "paceline_test_budget_seconds": [(labels, 2.0)],
        "paceline_test_budget_used_ratio": [(labels, 0.25)],
        "paceline_test_cpu_seconds": [(labels, 0.3)],
        "paceline_test_measure": [
            ({**labels, "measure": "db_queries", "unit": "queries", "better": ""}, 3),
            ({**labels, "measure": "p95_seconds", "unit": "s", "better": "lower"}, 0.2),
        ],
        "paceline_test_measure_limit": [({**labels, "measure": "p95_seconds", "unit": "s", "better": "lower"}, 0.5)],
        "paceline_test_measure_beyond_limit": [
            ({**labels, "measure": "p95_seconds", "unit": "s", "better": "lower"}, 0.0)
        ],
    }


def test_limits_on_what_a_test_uses_are_those_of_measures() -> None:
    """
    What was not used is within its limit; what could not be measured, and a measure of the same name, has no sample.
    """
    limits = tuple(
        Limit(measure=key, most=2.0)
        for key in (UsageKey.DB_QUERIES, UsageKey.NETWORK_REQUESTS, UsageKey.CACHE_MISSES, UsageKey.MEMORY_PEAK_BYTES)
    )
    case = make_case(
        usage={UsageKey.DB_QUERIES: 3.0},
        limits=limits,
        lacking=("memory_peak_bytes",),
        measures={"cache_misses": Measure(value=3)},
    )
    told = _told(make_run(1, [case]))
    found = {
        name: [(labels["measure"], value) for labels, value in told[f"paceline_test_{name}"]]
        for name in ("measure_limit", "measure_beyond_limit")
    }

    assert found == {
        "measure_limit": [("db_queries", 2.0), ("network_requests", 2.0)],
        "measure_beyond_limit": [("db_queries", 1.0), ("network_requests", 0.0)],
    }


def test_a_failed_test_has_no_times() -> None:
    """
    How long it took until it failed says nothing of how long it takes; a skipped test has no sample at all.
    """
    told = _told(make_run(1, [failed(setup_seconds=0.1), make_case("test_b", outcome=Outcome.SKIPPED)]))

    assert {name for name in told if name.startswith("paceline_test_")} == {
        "paceline_test_passed",
        "paceline_test_attempts",
    }
    assert [value for _, value in told["paceline_test_passed"]] == [0.0]


def test_a_run_says_what_it_was() -> None:
    """
    Its identity is in one sample, its duration, tests and verdicts in others; what did not happen is 0.
    """
    verdict = Verdict(kind=VerdictKind.BUDGET, severity=Severity.WARNING, reason="", factor=2.5)
    run = make_run(
        1,
        [make_case(), make_case("test_b"), failed("test_c")],
        commit="4f2c",
        dirty=True,
        outcome=RunOutcome.FAILED,
        machine=Machine(slowdown_ratio=1.5, calibration_seconds=0.03, others_cpu_percent=12.5),
        thresholds={"regression_ratio": 1.15},
        verdicts=(verdict,),
    )
    told = _told(run)
    labels = {"suite": "shop", "branch": "main"}
    whole = {**labels, "partial": "false"}
    info = {"ref": "main", "run_id": "run-1", "commit": "4f2c", "dirty": "true"}

    assert {name: samples for name, samples in told.items() if name.startswith("paceline_run_")} == {
        "paceline_run_info": [({**whole, **info, "outcome": "failed"}, 1.0)],
        "paceline_run_duration_seconds": [(whole, 10.0)],
        "paceline_run_cases": [
            ({**whole, "outcome": one}, {"passed": 2.0, "failed": 1.0}.get(one, 0.0)) for one in Outcome
        ],
        "paceline_run_verdicts": [({**whole, "kind": kind}, float(kind == "budget")) for kind in VerdictKind],
        "paceline_run_verdict_factor": [({**whole, "kind": "budget", "test": "", "subject": "", "cause": ""}, 2.5)],
        "paceline_run_machine_slowdown_ratio": [(labels, 1.5)],
        "paceline_run_machine_calibration_seconds": [(labels, 0.03)],
        "paceline_run_machine_others_cpu_ratio": [(labels, 0.125)],
        "paceline_run_threshold": [({**labels, "rule": "regression_ratio"}, 1.15)],
        "paceline_run_wrecked": [(labels, 0.0)],
        "paceline_run_pace": [(labels, 50.0)],
    }


def test_each_verdict_says_what_it_is_about() -> None:
    """
    Its test or else its function, file or fixture, and its first cause. Two with the same labels are one sample, an
    unconfirmed one is none, and there are at most 100.
    """
    more = [Cause(measure="db_queries", before=3, after=43), Cause(measure="cpu_seconds", before=1, after=2)]
    slower = Verdict(
        kind=VerdictKind.REGRESSION, severity=Severity.WARNING, reason="", case=TEST, factor=3.0, causes=tuple(more)
    )
    function = Verdict(kind=VerdictKind.WORK, severity=Severity.WARNING, reason="", function="shop:total", factor=2.0)
    verdicts = [slower, replace(slower, factor=2.0), function, slower.unconfirmed("quick again")]
    leaks = [replace(function, kind=VerdictKind.LEAK, case=f"test_{n}", factor=None) for n in range(150)]
    labels = {"suite": "shop", "branch": "main", "partial": "false"}

    assert _told(make_run(1, verdicts=tuple(verdicts)))["paceline_run_verdict_factor"] == [
        ({**labels, "kind": "regression", "test": TEST, "subject": "", "cause": "db_queries"}, 3.0),
        ({**labels, "kind": "work", "test": "", "subject": "shop:total", "cause": ""}, 2.0),
    ]
    told = _told(make_run(1, verdicts=(*leaks, *verdicts)))["paceline_run_verdict_factor"]
    assert len(told) == 100
    assert [factor for _, factor in told[:3]] == [3.0, 2.0, 1.0]


def test_a_part_of_a_suite_is_told_apart() -> None:
    """
    Else the few tests of it would be taken for the latest state of the whole.
    """
    told = _told(make_run(1, [make_case()], is_partial=True))
    names = ("duration_seconds", "cases", "verdicts")

    assert {labels["partial"] for name in names for labels, _ in told[f"paceline_run_{name}"]} == {"true"}


def test_a_part_of_a_suite_has_no_pace() -> None:
    """
    A few tests say nothing of the whole.
    """
    machine = Machine(slowdown_ratio=1.5, calibration_seconds=0.03)

    assert "paceline_run_pace" not in _told(make_run(1, machine=machine, is_partial=True))


def test_a_failed_test_may_break_its_budget() -> None:
    """
    A budget of a marker fails the test, and an alert on budgets has to see it, and what the budget is.
    """
    told = _told(make_run(1, [failed(seconds=0.3, budget_seconds=0.1)]))

    assert [value for _, value in told["paceline_test_budget_seconds"]] == [0.1]
    assert [value for _, value in told["paceline_test_budget_used_ratio"]] == [pytest.approx(3.0)]


def test_a_branch_that_is_not_listed_is_called_other() -> None:
    """
    A branch of each change would make all series again; its own name stays in the sample of the run.
    """
    told = _told(make_run(1, [make_case()], branch="topic"))

    assert {labels["branch"] for samples in told.values() for labels, _ in samples} == {"other"}
    assert [labels["ref"] for labels, _ in told["paceline_run_info"]] == ["topic"]


def test_results_of_the_kit_are_samples() -> None:
    """
    A benchmark with its group, without what was not measured, and a leak test that found no leak of memory as 0.
    """
    benchmark = BenchmarkResult(
        group="prices", rounds=5, median_seconds=0.2, mean_seconds=0.3, min_seconds=0.1, peak_memory_bytes=100
    )
    growth = Growth(resource="threads", per_call=1, low=1, high=1)
    leak = LeakResult(iterations=9, initial_bytes=1, final_bytes=1, bytes_per_call=2, growths=(growth,))
    told = _told(make_run(1, [replace(make_case(), results=(benchmark, leak))]))
    labels = {"suite": "shop", "branch": "main", "test": TEST, "test_type": "unit"}
    of_benchmark = {**labels, "benchmark": "", "group": "prices"}

    assert {name: samples for name, samples in told.items() if "_benchmark_" in name or "_leak_" in name} == {
        "paceline_benchmark_seconds": [
            ({**of_benchmark, "stat": "median"}, 0.2),
            ({**of_benchmark, "stat": "mean"}, 0.3),
            ({**of_benchmark, "stat": "min"}, 0.1),
            ({**of_benchmark, "stat": "iqr"}, 0.0),
        ],
        "paceline_benchmark_memory_peak_bytes": [(of_benchmark, 100)],
        "paceline_leak_bytes_per_iteration": [({**labels, "leak": ""}, 0.0)],
        "paceline_leak_resources": [({**labels, "leak": ""}, 1.0)],
    }


def test_all_samples_are_stamped_with_the_end_of_the_run() -> None:
    """
    One timestamp for all, and one sample of each series.
    """
    run = make_run(1, [make_case(setup_seconds=0.1), make_case("test_b")])
    samples = list(run_samples(run, ["main"]))

    assert {sample.timestamp for sample in samples} == {run.ended}
    assert len({(sample.metric, sample.labels) for sample in samples}) == len(samples)
    assert {sample.metric.channel for sample in samples} == {Channel.RUN_SAMPLE}


def test_every_usage_has_a_metric_of_its_name() -> None:
    """
    A new probe is exported without a new line anywhere but in the catalogue.
    """
    keys = [key for key in UsageKey if key.quantity.is_exported]

    assert {TEST_METRICS[key].name for key in keys} == {f"paceline_test_{key}" for key in keys}


@pytest.mark.parametrize(
    ("later", "stamp"),
    [((), 1500), ((1501,), 1500), ((1500,), 1501), ((1500, 1501, 1503), 1502)],
)
def test_the_first_free_millisecond_is_taken(later: Sequence[int], stamp: int) -> None:
    """
    From the end of the run on.
    """
    assert free_stamp(1.5, later) == stamp


@pytest.mark.parametrize(
    ("ends", "stamps"),
    [
        ((1.0, 1.0, 1.0), (1000, 1001, 1002)),
        ((1.0, 1.0, 1.001), (1000, 1001, 1002)),
        ((1.001, 1.0, 1.0), (1001, 1000, 1002)),
    ],
)
def test_no_two_runs_of_a_suite_have_one_time(ends: Sequence[float], stamps: Sequence[int]) -> None:
    """
    Those of another suite are other series.
    """
    runs = [make_run(number, ended=ended) for number, ended in enumerate(ends)]

    assert tuple(stamp for _, stamp in stamped(runs)) == stamps
    assert [stamp for _, stamp in stamped([*runs, make_run(9, suite="tools", ended=1.0)])][-1] == 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("tests/test_cart.py::test_total[é-{}]", '"tests/test_cart.py::test_total[é-{}]"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines", r'"two\nlines"'),
        ('\\"\n', r'"\\\"\n"'),
    ],
)
def test_nothing_ends_the_quotes_or_the_line(value: str, text: str) -> None:
    """
    Quotes, backslashes and ends of lines are escaped, and all else stands as it is.
    """
    assert quoted(value) == text

"""
Benchmarks, which are judged by the median of their rounds.
"""

from collections.abc import Sequence

import pytest

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.machine_speed import need_of
from paceline.analysis.past import Past
from paceline.measure import Measure
from paceline.model import Case, Cause, Run
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, figures_of_benchmark, make_case, make_run

# A call phase lasts as long as the calibration wants, whatever the function takes.
_CALL = {UsageKey.CPU_SECONDS: 0.99, UsageKey.CPU_WAIT_SECONDS: 0.01}


def _benchmark(median: float, case_id: str = TEST, **measures: float) -> Case:
    own = {name: Measure(value=value) for name, value in measures.items()}
    figures = figures_of_benchmark(median, 0.9 * median, 1 / median)
    return make_case(case_id, 1.0, usage=_CALL, measures={**figures, **own})


def _judged(cases: Sequence[Sequence[Case]]) -> Run:
    runs = [make_run(number, case) for number, case in enumerate(cases)]
    return judge(runs[-1], Past.from_runs(runs[:-1]), Rules())


@pytest.mark.parametrize("usual", [450e-9, 0.02])
@pytest.mark.parametrize(("factor", "is_slower"), [(3.0, True), (1.6, True), (1.4, False)])
def test_a_function_three_times_slower_is_found(usual: float, factor: float, is_slower: bool) -> None:
    """
    Though its call phase lasts as long as before, and the function takes less than any floor.
    """
    noise = [usual * (1 + number % 3 / 100) for number in range(9)]
    run = _judged([[_benchmark(value)] for value in (*noise, factor * usual)])

    assert [verdict.kind for verdict in run.verdicts] == [VerdictKind.REGRESSION] * is_slower
    assert run.cases[0].normalized_duration_seconds == pytest.approx(factor * usual)
    assert run.compared == 1


def test_a_regression_of_a_benchmark_is_that_of_one_call() -> None:
    """
    Its other figures are of all rounds and explain nothing, but for what the test counted.
    """
    run = _judged([*[[_benchmark(450e-9, queries=1)]] * 9, [_benchmark(1.35e-6, queries=3)]])
    verdict = run.verdicts[0]

    assert verdict.reason == "a call took 1.35 µs normalised, usually 0.45 µs (median of 9 runs): 3.0 times as long"
    assert verdict.causes == (Cause(measure="measures.queries", before=1, after=3),)


def test_a_benchmark_tells_the_speed_of_the_machine_by_its_median() -> None:
    """
    Its call phase is as long on any machine, and would say that the machine is as fast as ever.
    """
    names = [f"tests/test_{number}.py::test_fast" for number in range(10)]
    runs = [[_benchmark(0.02 * factor, name) for name in names] for factor in (*[1.0] * 9, 1.5)]
    run = _judged(runs)

    assert run.machine.slowdown_ratio == pytest.approx(1.5)
    assert [case.normalized_duration_seconds for case in run.cases] == pytest.approx([0.02] * 10, rel=0.02)


def test_rounds_that_were_not_timed_are_no_regression() -> None:
    """
    With --benchmark-disable the function is called once, and its call phase is judged like any other.
    """
    once = make_case(seconds=40e-6, usage={UsageKey.CPU_SECONDS: 40e-6})

    assert _judged([*[[_benchmark(450e-9)]] * 9, [once]]).verdicts == ()
    assert need_of(once) is not None


def test_a_benchmark_that_sleeps_is_on_no_cpu() -> None:
    """
    The share of its time on a CPU is that of the call phase.
    """
    case = make_case(seconds=1.0, usage={UsageKey.CPU_SECONDS: 0.25}, measures=figures_of_benchmark(0.004, 0.004, 250))

    assert need_of(case) == pytest.approx((0.004, 0.001))

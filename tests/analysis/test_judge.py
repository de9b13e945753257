"""
A run and its past in, the judged run out.
"""

import random
from collections.abc import Mapping, Sequence

import pytest

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.measure import Measure
from paceline.model import Case, Cause, Machine, Outcome, Run, Severity, Since
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, failed, make_case, make_run, past_of, runs_of

_RULES = Rules()
_CALIBRATED = Machine(calibration_seconds=0.002, slowdown_ratio=1.0)
_NAMES = [f"tests/test_cart.py::test_{number}" for number in range(30)]


def _noisy(runs: int) -> dict[str, list[float]]:
    """
    30 tests of 10 to 300 ms that vary by about 5%, on a machine whose speed varies by about 10%.
    """
    chance = random.Random(20)
    speeds = [chance.uniform(0.95, 1.1) for _ in range(runs)]
    return {
        name: [0.01 * number * speed * chance.gauss(1, 0.03) for speed in speeds]
        for number, name in enumerate(_NAMES, start=1)
    }


def _last_judged(seconds: Mapping[str, Sequence[float]]) -> Run:
    """
    Judge the last of these runs, and each one before it, as they would have been one after the other.
    """
    judged: list[Run] = []
    for run in runs_of(seconds):
        judged.append(judge(run, Past.from_runs(judged), _RULES))
    return judged[-1]


def _kinds(run: Run) -> list[tuple[VerdictKind, str | None]]:
    return [(verdict.kind, verdict.case) for verdict in run.verdicts]


def test_steady_noise_is_no_regression() -> None:
    """
    None of 30 tests is called slower in any of the runs after the eighth.
    """
    seconds = _noisy(20)
    last = [_last_judged({name: values[:runs] for name, values in seconds.items()}) for runs in (9, 12, 16, 20)]

    assert [_kinds(run) for run in last] == [[], [], [], []]


@pytest.mark.parametrize("victim", ["tests/test_cart.py::test_4", "tests/test_cart.py::test_29"])
def test_a_twofold_slowdown_in_noise_is_found(victim: str) -> None:
    """
    The test that takes twice as long is the only regression of 30, with a factor of about 2.
    """
    seconds = _noisy(20)
    seconds[victim][-1] *= 2
    run = _last_judged(seconds)

    assert _kinds(run) == [(VerdictKind.REGRESSION, victim)]
    assert run.verdicts[0].factor == pytest.approx(2, rel=0.1)


def test_a_twofold_slowdown_is_found_on_a_slow_machine_too() -> None:
    """
    A machine half as fast makes no regression, and hides none.
    """
    seconds = _noisy(20)
    seconds["tests/test_cart.py::test_9"][-1] *= 2
    for values in seconds.values():
        values[-1] *= 1.9
    run = _last_judged(seconds)

    assert _kinds(run) == [(VerdictKind.REGRESSION, "tests/test_cart.py::test_9")]
    assert run.machine.slowdown_ratio == pytest.approx(1.9, rel=0.1)


def test_without_history_nothing_is_slower() -> None:
    """
    A first run has no regressions, no trends and no slowdown, however long it took.
    """
    run = judge(make_run(0, [make_case(name, 5.0) for name in _NAMES]), Past(), _RULES)

    assert run.verdicts == ()
    assert run.machine.slowdown_ratio is None
    assert [case.normalized_duration_seconds for case in run.cases] == [5.0] * 30


def test_a_regression_knows_its_cause_and_its_beginning() -> None:
    """
    The fourth slow run in a row says since when, and that the time went into CPU.
    """
    runs = runs_of({TEST: [0.1] * 20 + [0.3] * 4}, commit="4f2c")
    usage = {UsageKey.CPU_SECONDS: 0.1}
    past = Past.from_runs(
        [
            make_run(n, [make_case(seconds=run.cases[0].duration_seconds, usage=usage)])
            for n, run in enumerate(runs[:-1])
        ]
    )
    now = make_run(23, [make_case(seconds=0.3, usage={UsageKey.CPU_SECONDS: 0.3})])
    (verdict,) = judge(now, past, _RULES).verdicts

    assert verdict.causes == (Cause(measure="cpu_seconds", before=0.1, after=0.3, share=1.0),)
    assert verdict.since == Since(run_id="run-20", ended=1_700_072_000.0, runs_ago=3)


def test_waiting_for_a_cpu_is_no_regression() -> None:
    """
    A test that took three times as long, but was ready to run all that while, is as fast as ever.
    """
    case = make_case(seconds=0.3, usage={UsageKey.CPU_WAIT_SECONDS: 0.2})
    run = judge(make_run(20, [case]), past_of([0.1] * 20), _RULES)

    assert run.verdicts == ()
    assert run.cases[0].normalized_duration_seconds == pytest.approx(0.1)


def test_times_that_lack_the_wait_for_a_cpu_are_not_compared() -> None:
    """
    Tests that took three times as long by the clock make no verdict, on a test or on the suite, and no slowdown.
    """
    past = Past.from_runs(runs_of(_noisy(20), machine=_CALIBRATED))
    lacking = [make_case(name, 3.0, lacking=(UsageKey.CPU_WAIT_SECONDS,)) for name in _NAMES]
    measured = [make_case(name, 3.0) for name in _NAMES]
    blind, seen = (judge(make_run(20, cases, machine=_CALIBRATED), past, _RULES) for cases in (lacking, measured))

    assert {kind for kind, _ in _kinds(seen)} == {VerdictKind.SUITE_REGRESSION, VerdictKind.REGRESSION}
    assert blind.verdicts == ()
    assert {case.normalized_duration_seconds for case in blind.cases} == {None}
    assert blind.machine.slowdown_ratio == 1.0


def test_a_regression_is_not_told_twice() -> None:
    """
    A test that creeps and is slower now is a regression, not a trend as well.
    """
    values = [0.1 + 0.004 * number for number in range(25)]
    creeping = judge(make_run(25, [make_case(seconds=0.2)]), past_of(values), _RULES)
    slower = judge(make_run(25, [make_case(seconds=0.9)]), past_of(values), _RULES)

    assert [verdict.kind for verdict in creeping.verdicts] == [VerdictKind.TREND]
    assert [verdict.kind for verdict in slower.verdicts] == [VerdictKind.REGRESSION]


def test_the_twentieth_run_is_enough_for_a_trend() -> None:
    """
    Nineteen in the past and this one.
    """
    values = [0.1 + 0.004 * number for number in range(19)]
    kinds = [
        [verdict.kind for verdict in judge(make_run(20, [make_case(seconds=0.176)]), past_of(past), _RULES).verdicts]
        for past in (values, values[1:])
    ]

    assert kinds == [[VerdictKind.TREND], []]


def test_a_regression_is_told_since_when_though_the_window_moved_on() -> None:
    """
    Nine of 22 earlier runs were slow, which widens the spread of the window.
    """
    chance = random.Random(4)
    values = [0.1 * chance.gauss(1, 0.03) for _ in range(13)] + [0.2 * chance.gauss(1, 0.03) for _ in range(9)]
    (verdict,) = judge(make_run(22, [make_case(seconds=0.4)]), past_of(values, commit="4f2c"), _RULES).verdicts

    assert verdict.kind is VerdictKind.REGRESSION
    assert verdict.since == Since(run_id="run-13", ended=1_700_046_800.0, commit="4f2c", runs_ago=9)


def test_a_step_is_no_creep() -> None:
    """
    Once it is what is usual, it is told as a step with its run, not as a line through both levels.
    """
    run = judge(make_run(29, [make_case(seconds=0.15)]), past_of([0.1] * 12 + [0.15] * 17, commit="4f2c"), _RULES)
    (verdict,) = run.verdicts

    assert verdict.kind is VerdictKind.CHANGE_POINT
    assert verdict.reason == "stepped up: 100 ms in 12 runs, then 150 ms in 18"
    assert verdict.since == Since(run_id="run-12", ended=1_700_043_200.0, commit="4f2c", runs_ago=17)


def test_the_slower_of_two_speeds_is_no_regression() -> None:
    """
    It is known; what is slower than that is one.
    """
    past = past_of([0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.3, 0.1] * 4)
    known, slower = (judge(make_run(32, [make_case(seconds=seconds)]), past, _RULES) for seconds in (0.3, 0.9))

    assert _kinds(known) == [(VerdictKind.DURATION_FLAKY, TEST)]
    assert _kinds(slower) == [(VerdictKind.REGRESSION, TEST)]


def test_a_count_needs_no_statistics() -> None:
    """
    Three runs are enough, and the time does not matter.
    """
    past = Past.from_runs([make_run(n, [make_case(measures={"rows": Measure(value=5)})]) for n in range(3)])
    (verdict,) = judge(make_run(3, [make_case(measures={"rows": Measure(value=6)})]), past, _RULES).verdicts

    assert (verdict.kind, verdict.reason) == (VerdictKind.COUNT, "6 rows, was 5 in each of the last 3 runs")


def test_a_retry_in_the_past_is_not_forgotten() -> None:
    """
    A test that passed at once today and on retry yesterday is flaky.
    """
    past = Past.from_runs([make_run(0, [make_case(attempts=2)])])
    (verdict,) = judge(make_run(1, [make_case()]), past, _RULES).verdicts

    assert verdict.kind is VerdictKind.FLAKY
    assert verdict.reason == "fails 33% of the time (95%: 6% to 79%): 1 of 3 attempts in 2 runs"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.XFAILED])
def test_the_error_of_a_test_is_no_leak(outcome: Outcome) -> None:
    """
    Its traceback holds what the test made, until pytest has told it.
    """
    kept = {UsageKey.MEMORY_RETAINED_BYTES: 2.0 * (1 << 20)}
    cases = [make_case(usage=kept, outcome=outcome)]
    past = Past.from_runs([make_run(number, cases) for number in range(2)])

    assert VerdictKind.LEAK not in [kind for kind, _ in _kinds(judge(make_run(2, cases), past, _RULES))]


def test_a_leak_needs_the_past() -> None:
    """
    The third run in a row that keeps 2 MiB is a leak; modules that it imports excuse it.
    """
    kept = {UsageKey.MEMORY_RETAINED_BYTES: 2.0 * (1 << 20)}
    past = Past.from_runs([make_run(number, [make_case(usage=kept)]) for number in range(2)])
    leaking = judge(make_run(2, [make_case(usage=kept)]), past, _RULES)
    importing = judge(make_run(2, [make_case(usage={**kept, UsageKey.IMPORTED_MODULES: 9})]), past, _RULES)

    assert [verdict.kind for verdict in leaking.verdicts] == [VerdictKind.LEAK]
    assert importing.verdicts == ()


def test_memory_is_compared_with_imports_of_the_same_runs() -> None:
    """
    A past run that did not count modules does not shift the counts of the others.
    """
    kept = {UsageKey.MEMORY_RETAINED_BYTES: 2.0 * (1 << 20)}
    importing = {**kept, UsageKey.IMPORTED_MODULES: 9.0}
    usages = [importing, kept, kept]
    past = Past.from_runs([make_run(number, [make_case(usage=usage)]) for number, usage in enumerate(usages)])
    run = judge(make_run(3, [make_case(usage=kept)]), past, _RULES)

    assert [verdict.kind for verdict in run.verdicts] == [VerdictKind.LEAK]


def test_a_wrecked_run_makes_no_test_flaky() -> None:
    """
    Where most tests of a run failed, its environment was broken, and it says nothing of single tests.
    """
    names = [f"test_{number}" for number in range(10)]
    fine, wrecked = [make_case(name) for name in names], [make_case(name, outcome=Outcome.FAILED) for name in names]
    past = Past.from_runs([make_run(n, cases, commit="4f2c") for n, cases in enumerate([fine, wrecked, fine])])

    assert judge(make_run(3, fine, commit="4f2c"), past, _RULES).verdicts == ()


def test_a_failure_by_its_own_budget_makes_no_test_flaky() -> None:
    """
    Also where no commit is known: the budget has a verdict of its own. Other failures of the same test count.
    """
    by_budget = failed(seconds=0.2, budget_seconds=0.1, budget_source=BudgetSource.MARKER)
    kinds = []
    for failure in (by_budget, failed()):
        runs = [make_run(number, [failure if number in {3, 6} else make_case()]) for number in range(10)]
        judged = judge(runs[-1], Past.from_runs(runs[:-1]), Rules())
        kinds.append([verdict.kind for verdict in judged.verdicts])

    assert kinds == [[], [VerdictKind.FLAKY]]


def test_a_flaky_test_is_found_from_its_history() -> None:
    """
    20 failures in 40 runs at one commit; this run passed.
    """
    outcomes = [number % 2 == 1 for number in range(39)]
    past = Past.from_runs(
        [make_run(n, [make_case() if passed else failed()], commit="4f2c") for n, passed in enumerate(outcomes)]
    )
    (verdict,) = judge(make_run(39, [make_case()], commit="4f2c"), past, _RULES).verdicts

    assert verdict.kind is VerdictKind.FLAKY
    assert verdict.reason == "fails 50% of the time (95%: 35% to 65%): 20 of 40 attempts in 40 runs"


def test_a_broken_test_is_found_from_its_history() -> None:
    """
    40 failures in 40 runs.
    """
    past = Past.from_runs([make_run(number, [failed()]) for number in range(39)])
    (verdict,) = judge(make_run(39, [failed()]), past, _RULES).verdicts

    assert (verdict.kind, verdict.reason) == (VerdictKind.BROKEN, "failed in each of the last 40 runs")


def test_a_skipped_test_is_not_judged() -> None:
    """
    Not even where it failed before.
    """
    past = Past.from_runs([make_run(number, [failed()]) for number in range(9)])
    run = judge(make_run(9, [make_case(seconds=None, outcome=Outcome.SKIPPED)]), past, _RULES)

    assert run.verdicts == ()


def test_the_worst_comes_first() -> None:
    """
    Regressions before budgets before leaks before flaky before broken ones, and of one kind the critical first.
    """
    past = Past.from_runs([make_run(n, [make_case("test_slow", 0.1), failed("test_broken")]) for n in range(9)])
    cases = [
        failed("test_broken"),
        make_case("test_retried", attempts=2),
        make_case("test_slow", 0.3),
        make_case("test_over", 0.15, budget_seconds=0.1),
        make_case("test_far_over", 0.9, budget_seconds=0.1),
        make_case("test_farther_over", 1.5, budget_seconds=0.1),
    ]
    run = judge(make_run(9, cases), past, _RULES)

    assert [(verdict.case, verdict.severity) for verdict in run.verdicts] == [
        ("test_slow", Severity.CRITICAL),
        ("test_farther_over", Severity.CRITICAL),
        ("test_far_over", Severity.CRITICAL),
        ("test_over", Severity.WARNING),
        ("test_retried", Severity.WARNING),
        ("test_broken", Severity.INFO),
    ]


def test_a_failed_test_has_no_normalised_time() -> None:
    """
    It is no mark on the ruler either.
    """
    past = Past.from_runs(runs_of({name: [0.1] * 9 for name in _NAMES[:3]}))
    cases = [make_case(_NAMES[0], 0.1), make_case(_NAMES[1], 0.1), failed(_NAMES[2], seconds=9.0)]
    run = judge(make_run(9, cases), past, _RULES)

    assert run.machine.slowdown_ratio == pytest.approx(1.0)
    assert run.cases[2].normalized_duration_seconds is None


def test_a_mark_on_the_ruler_needs_three_runs() -> None:
    """
    Before that nobody knows what is usual.
    """
    pasts = [Past.from_runs(runs_of({name: [0.1] * runs for name in _NAMES})) for runs in (2, 3)]
    now = make_run(9, [make_case(name, 0.2) for name in _NAMES])

    assert [judge(now, past, _RULES).machine.slowdown_ratio for past in pasts] == [None, 2.0]


def test_everything_slower_on_the_same_machine_is_a_regression_of_the_suite() -> None:
    """
    No test is slower than the others; the calibration says that it was not the machine.
    """
    machine = Machine(calibration_seconds=0.002, slowdown_ratio=1.0)
    past = Past.from_runs(runs_of({name: [0.1] * 9 for name in _NAMES}, machine=machine))
    now = make_run(9, [make_case(name, 0.2) for name in _NAMES], machine=Machine(calibration_seconds=0.002))
    (verdict,) = judge(now, past, _RULES).verdicts

    assert (verdict.kind, verdict.case) == (VerdictKind.SUITE_REGRESSION, None)
    assert verdict.factor == pytest.approx(2.0)


def test_everything_slower_on_a_slower_machine_is_none() -> None:
    """
    The calibration took twice as long too.
    """
    machine = Machine(calibration_seconds=0.002, slowdown_ratio=1.0)
    past = Past.from_runs(runs_of({name: [0.1] * 9 for name in _NAMES}, machine=machine))
    now = make_run(9, [make_case(name, 0.2) for name in _NAMES], machine=Machine(calibration_seconds=0.004))

    assert judge(now, past, _RULES).verdicts == ()


def test_tests_that_wait_are_judged_beside_tests_that_compute() -> None:
    """
    On a machine twice as slow an end-to-end test that sleeps takes as long as ever, and no unit test is slower.
    """
    usage: dict[str, float] = {UsageKey.CPU_SECONDS: 0.01}
    past = Past.from_runs([make_run(n, _mixed(1.0, usage)) for n in range(9)])
    run = judge(make_run(9, _mixed(2.0, usage)), past, _RULES)

    assert run.machine.slowdown_ratio == pytest.approx(2.0)
    assert [verdict.kind for verdict in run.verdicts] == []


def test_a_part_of_a_suite_is_judged_by_what_ran() -> None:
    """
    Of thirty tests two run, on a machine three times as slow: the one that takes six times as long is found.
    """
    past = Past.from_runs(runs_of({name: [0.1] * 9 for name in _NAMES}))
    now = make_run(9, [make_case(_NAMES[0], 0.3), make_case(_NAMES[1], 0.6)], is_partial=True)

    assert [verdict.case for verdict in judge(now, past, _RULES).verdicts] == [_NAMES[1]]


def test_workers_that_contend_for_cpus_make_no_regression() -> None:
    """
    Under xdist each test waited for a CPU as long as it ran, and the rest ran 1.3 times slower in shared caches.
    """
    past = Past.from_runs(runs_of({name: [0.1] * 9 for name in _NAMES}))
    usage = {UsageKey.CPU_SECONDS: 0.13, UsageKey.CPU_WAIT_SECONDS: 0.13}
    run = judge(make_run(9, [make_case(name, 0.26, usage=usage) for name in _NAMES]), past, _RULES)

    assert run.machine.slowdown_ratio == pytest.approx(1.3)
    assert run.verdicts == ()


def _mixed(slowdown: float, usage: dict[str, float]) -> list[Case]:
    waiting = make_case("test_checkout", 3.0, test_type="e2e", usage=usage)
    return [waiting, *(make_case(name, 0.1 * slowdown) for name in _NAMES)]

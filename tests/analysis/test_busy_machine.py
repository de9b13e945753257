"""
Tests that wait longer where other processes keep the machine busy.
"""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from paceline.analysis.confirmation import confirmed
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import NORMALIZED, Past, columns_of
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.budget import judge_budget
from paceline.model import Case, Machine, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, make_case, make_run

_QUIET = 4.0
_FAIL_ON = (VerdictKind.REGRESSION, VerdictKind.BUDGET)


def _case(seconds: float, cpu: float) -> Case:
    usage = {UsageKey.CPU_SECONDS: cpu, UsageKey.CPU_WAIT_SECONDS: 0.0}
    return make_case(seconds=seconds, usage=usage, budget_seconds=0.05)


def _run(number: int, case: Case, others: float | None = _QUIET) -> Run:
    return make_run(number, [case], machine=Machine(others_cpu_percent=others))


def _judged(now: Case, others: float | None, usual_others: float | None = _QUIET, *repeats: Case) -> Run:
    """
    A run after ten in which the test took 10 ms, measured again.
    """
    past = Past.from_runs([_run(number, _case(0.01, 0.001), usual_others) for number in range(10)])
    run = judge(_run(10, now, others), past, Rules())
    again = Repeated(cases={TEST: repeats or (now,) * 3})
    return confirmed(run, again, _FAIL_ON, _usual(past))


def _usual(past: Past) -> UsualMachine:
    return UsualMachine.of(past, (TEST, "test_shop.py::test_0"), 8)


def _kinds(run: Run) -> list[str]:
    return sorted(verdict.kind.value for verdict in run.verdicts)


def test_who_waits_longer_on_a_busy_machine_is_not_slower() -> None:
    """
    All repeats wait for the other processes as well. Who judges the run by its figures finds nothing either.
    """
    run = _judged(_case(0.11, 0.002), others=54.0)

    assert _kinds(run) == ["unconfirmed", "unconfirmed"]
    assert all(
        verdict.reason.endswith("not confirmed: it waits, and other processes used 54% of the CPUs, usually 4%")
        for verdict in run.verdicts
    )
    assert "normalized_duration_seconds" not in columns_of(run.cases[0])
    assert judge_budget(run.cases[0]) is None


@pytest.mark.parametrize(
    ("cpu", "others", "usual"),
    [(0.002, 10.0, _QUIET), (0.002, 54.0, 50.0), (0.11, 54.0, _QUIET), (0.002, None, _QUIET), (0.002, 54.0, None)],
)
def test_what_the_machine_does_not_explain_is_a_regression(
    cpu: float, others: float | None, usual: float | None
) -> None:
    """
    On a machine that is as busy as usual, where the test computes, and where nobody knows how busy it was.
    """
    assert _kinds(_judged(_case(0.11, cpu), others, usual)) == ["budget", "regression"]


def test_half_of_what_is_usually_left_is_a_busy_machine() -> None:
    """
    Where other processes always use 80% of the CPUs, they cannot use 20 percentage points more.
    """
    assert _kinds(_judged(_case(0.11, 0.002), 90.5, 80.0)) == ["unconfirmed", "unconfirmed"]
    assert _kinds(_judged(_case(0.11, 0.002), 89.5, 80.0)) == ["budget", "regression"]


@pytest.mark.parametrize(
    ("cpus", "repeats", "kind"),
    [
        (2, (0.11, 0.13, 0.15), "unconfirmed"),
        (2, (), "unconfirmed"),
        (2, (0.108, 0.11, 0.116), "regression"),
        (4, (0.11, 0.13, 0.15), "regression"),
    ],
    ids=["waits that vary", "not measured again", "a longer sleep", "a CPU is left"],
)
def test_where_hardly_a_cpu_is_left_waits_that_vary_are_not_believed(
    cpus: int, repeats: Sequence[float], kind: str
) -> None:
    """
    However usual that is, threads and child processes of a test wait for a CPU. So it breaks no budget either, also if
    it broke its budget in the run before.
    """
    past = Past.from_runs([_run(number, _case(0.01, 0.001), 80.0) for number in range(10)])
    now = replace(_run(10, _case(0.11, 0.002), 80.0), environment={"cpus": cpus})
    again = Repeated(cases={TEST: [_case(seconds, 0.002) for seconds in repeats]})
    judged = judge(now, past, Rules())
    run = confirmed(judged, again, _FAIL_ON, _usual(past))
    budget = next(verdict for verdict in judged.verdicts if verdict.kind is VerdictKind.BUDGET)
    standing = replace(judged, verdicts=(replace(budget, standing=True),))

    assert _kinds(run) == (["unconfirmed"] * 2 if kind == "unconfirmed" else ["budget", kind])
    assert _kinds(confirmed(standing, again, _FAIL_ON, _usual(past))) == _kinds(run)[:1]
    if kind == "unconfirmed":
        assert run.verdicts[-1].reason.endswith("it waits, and other processes used 80% of the CPUs, usually 80%")
        assert "normalized_duration_seconds" not in columns_of(run.cases[0])


def test_a_broken_budget_that_fails_nothing_is_reported_where_hardly_a_cpu_is_left() -> None:
    """
    Nothing measures it again, and nobody's run is red by it.
    """
    now = replace(_run(0, _case(0.11, 0.002), 80.0), environment={"cpus": 2})
    judged = judge(now, Past(), Rules())

    assert _kinds(confirmed(judged, Repeated(), (), _usual(Past()))) == ["budget"]
    assert _kinds(confirmed(judged, Repeated(), _FAIL_ON, _usual(Past()))) == ["unconfirmed"]


def test_where_hardly_a_cpu_is_left_a_test_that_computes_longer_is_slower() -> None:
    """
    Its wait for a CPU is measured.
    """
    past = Past.from_runs([_run(number, _case(0.01, 0.01), 80.0) for number in range(10)])
    now = replace(_run(10, _case(0.04, 0.04), 80.0), environment={"cpus": 2})
    again = Repeated(cases={TEST: [_case(0.04, 0.04)] * 3})

    assert _kinds(confirmed(judge(now, past, Rules()), again, _FAIL_ON, _usual(past))) == ["regression"]


def test_what_was_not_measured_again_on_a_busy_machine_is_not_believed() -> None:
    """
    Though it computes.
    """
    past = Past.from_runs([_run(number, _case(0.01, 0.01)) for number in range(10)])
    run = judge(_run(10, _case(0.04, 0.04), 54.0), past, Rules())
    (verdict,) = confirmed(run, Repeated(), usual=_usual(past)).verdicts

    assert verdict.reason.endswith(
        "not confirmed: not measured again, and other processes used 54% of the CPUs, usually 4%"
    )
    assert _kinds(confirmed(run, Repeated())) == ["regression"]


def test_what_the_repeats_refute_says_so() -> None:
    """
    That is more than the machine tells, and the time of the repeats is kept.
    """
    run = _judged(_case(0.11, 0.002), 54.0, _QUIET, *[_case(0.01, 0.001)] * 3)

    assert {verdict.reason.rpartition("; not confirmed: ")[2] for verdict in run.verdicts} == {
        "only 10 ms in 3 repeats",
        "at least 10 ms in 3 repeats",
    }
    assert run.cases[0].normalized_duration_seconds == pytest.approx(0.01)


def test_runs_whose_time_was_not_kept_are_not_usual() -> None:
    """
    After more busy runs than quiet ones, a test is still compared with what it took when the machine was quiet.
    """
    busy = replace(_case(0.11, 0.002), lacking=(NORMALIZED,))
    past = Past.from_runs(
        [_run(number, _case(0.01, 0.001)) for number in range(8)] + [_run(8 + n, busy, 60.0) for n in range(20)]
    )

    assert _usual(past).is_busier(TEST, 54.0)


def test_what_stood_in_the_last_run_stands() -> None:
    """
    A test that was slow when the machine was quiet is slow when it is busy.
    """
    past = Past.from_runs([_run(number, _case(0.01, 0.001)) for number in range(10)])
    before = judge(_run(10, _case(0.11, 0.002)), past, Rules())
    later = Past.from_runs([*(_run(number, _case(0.01, 0.001)) for number in range(10)), before])
    run = judge(_run(11, _case(0.11, 0.002), 54.0), later, Rules())

    assert _kinds(confirmed(run, Repeated(), _FAIL_ON, _usual(later))) == ["budget", "regression"]


def test_short_tests_of_a_file_that_wait_are_not_slower() -> None:
    """
    Judged together, they are not believed together.
    """

    def cases(seconds: float) -> list[Case]:
        usage = {UsageKey.CPU_SECONDS: 0.0005, UsageKey.CPU_WAIT_SECONDS: 0.0}
        return [make_case(f"test_shop.py::test_{number}", seconds, usage=usage) for number in range(12)]

    machine = Machine(others_cpu_percent=_QUIET)
    past = Past.from_runs([make_run(number, cases(0.0011 + number / 1e5), machine=machine) for number in range(10)])
    run = judge(make_run(10, cases(0.002), machine=replace(machine, others_cpu_percent=54.0)), past, Rules())

    assert _kinds(confirmed(run, Repeated())) == ["file_regression"]
    assert _kinds(confirmed(run, Repeated(), usual=_usual(past))) == ["unconfirmed"]


def test_a_limit_of_a_count_is_broken_on_a_full_machine() -> None:
    """
    A test that waits asks a database as often as on any other machine.
    """
    run = replace(_run(10, _case(0.11, 0.002), 80.0), environment={"cpus": 2})
    limit = Verdict(
        kind=VerdictKind.BUDGET, severity=Severity.WARNING, case=TEST, measured=9, limit=5, unit="queries", reason=""
    )

    assert _kinds(confirmed(replace(run, verdicts=(limit,)), Repeated(), _FAIL_ON)) == ["budget"]

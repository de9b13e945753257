"""
Fixtures that take longer to set up.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Cause, FixtureScope, FixtureTime, Severity, Since, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run


def _fixture(seconds: float, setups: int = 1, waited: float | None = None) -> FixtureTime:
    return FixtureTime(
        name="tests::db", scope=FixtureScope.SESSION, seconds=seconds, setups=setups, cpu_wait_seconds=waited
    )


def _verdicts(fixture: FixtureTime, before: Sequence[FixtureTime], **changes: Any) -> tuple[Verdict, ...]:
    past = Past.from_runs([make_run(number, [make_case()], fixtures=(one,)) for number, one in enumerate(before)])
    now: dict[str, Any] = {"cases": [make_case()], "fixtures": (fixture,), **changes}
    return judge(make_run(len(before), **now), past, Rules()).verdicts


def test_a_fixture_that_takes_six_times_as_long_is_slower() -> None:
    """
    The verdict names it, what it took and takes, and all that a session spends on it.
    """
    (verdict,) = _verdicts(_fixture(6.0, 2), [_fixture(1.0, 2)] * 10)

    assert verdict == Verdict(
        kind=VerdictKind.FIXTURE_REGRESSION,
        severity=Severity.WARNING,
        fixture="tests::db",
        measured=3.0,
        limit=0.75,
        unit="seconds",
        factor=6.0,
        causes=(Cause(measure="fixtures.tests::db", before=1.0, after=6.0),),
        reason="took 3 s a setup in 2 setups, usually 500 ms (median of 10 runs): 6.0 times as long",
    )
    assert verdict.subject == "fixture tests::db"


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (_fixture(10.0, 100), [_fixture(1.0, 10)] * 10),
        (_fixture(1.45), [_fixture(1.0)] * 10),
        (_fixture(0.19), [_fixture(0.1)] * 10),
        (_fixture(9.0), [_fixture(1.0)] * 7),
        (_fixture(2.0), [_fixture(1.0), _fixture(2.0)] * 5),
        (_fixture(9.0), [FixtureTime(name="tests::db", scope=FixtureScope.MODULE, seconds=1.0)] * 10),
    ],
    ids=[
        "more setups",
        "a factor of 1.45",
        "0.09 s more",
        "seven runs",
        "as slow in half of the runs",
        "another scope",
    ],
)
def test_what_is_no_slower_fixture(now: FixtureTime, before: Sequence[FixtureTime]) -> None:
    """
    The setup itself has to take longer, by a factor, by a time that a session notices, and than is usual.
    """
    assert _verdicts(now, before) == ()


def test_parts_of_the_suite_are_neither_judged_nor_usual() -> None:
    """
    The first setup of a few is more of their mean.
    """
    past = Past.from_runs([make_run(number, fixtures=(_fixture(1.0),), is_partial=True) for number in range(10)])

    assert _verdicts(_fixture(9.0), [_fixture(1.0)] * 10, is_partial=True) == ()
    assert judge(make_run(10, fixtures=(_fixture(9.0),)), past, Rules()).verdicts == ()


_BUSY = [make_case(seconds=0.03, usage={UsageKey.CPU_SECONDS: 0.01, UsageKey.CPU_WAIT_SECONDS: 0.02})]


def test_a_slow_machine_makes_no_fixture_slower() -> None:
    """
    Where the calls waited for a CPU two thirds of the time, setups of which that is not known may have done so, too,
    and one long wait may be in a single setup.
    """
    before = [_fixture(10.0, 10)] * 10
    (verdict,) = _verdicts(_fixture(60.0, 10), before, cases=_BUSY)

    assert _verdicts(_fixture(40.0, 10), before, cases=_BUSY) == ()
    assert verdict.reason == (
        "took 6 s a setup in 10 setups (2 s with the machine taken out), usually 1 s (median of 10 runs): "
        "2.0 times as long; not confirmed: the machine was busy, and a fixture is not set up again"
    )
    assert verdict.kind is VerdictKind.UNCONFIRMED


def test_setups_that_waited_show_a_busy_machine() -> None:
    """
    Short calls wait less for a CPU than setups do; where the wait of other setups is known, it counts.
    """
    other = FixtureTime(name="other", scope=FixtureScope.SESSION, seconds=3.0, setups=1, cpu_wait_seconds=2.0)
    before = [_fixture(1.0, 10)] * 10
    (verdict,) = _verdicts(_fixture(6.0, 10), before, fixtures=(_fixture(6.0, 10), other))

    assert verdict.kind is VerdictKind.UNCONFIRMED
    assert _verdicts(_fixture(4.0, 10), before, fixtures=(_fixture(4.0, 10), other)) == ()
    assert [one.kind for one in _verdicts(_fixture(4.0, 10), before)] == [VerdictKind.FIXTURE_REGRESSION]


def test_the_wait_for_a_cpu_is_no_time_of_a_fixture() -> None:
    """
    Where it was measured, here and in the past, it is taken out.
    """
    before = [_fixture(1.0, waited=0.2)] * 10

    assert _verdicts(_fixture(6.0, waited=5.2), before) == ()
    assert [one.measured for one in _verdicts(_fixture(6.0, waited=4.0), before)] == [2.0]


def test_a_few_setups_on_a_busy_machine_are_no_finding() -> None:
    """
    The fixture may have waited for a child process that waited for a CPU.
    """
    (verdict,) = _verdicts(_fixture(6.4, 4, waited=0.0), [_fixture(4.0, 4, waited=0.0)] * 10, cases=_BUSY)
    (many,) = _verdicts(_fixture(10.0, 5, waited=0.0), [_fixture(5.0, 5, waited=0.0)] * 10, cases=_BUSY)

    assert (verdict.kind, verdict.severity) == (VerdictKind.UNCONFIRMED, Severity.INFO)
    assert verdict.fixture == "tests::db"
    assert verdict.reason == (
        "took 1.6 s a setup in 4 setups, usually 1 s (median of 10 runs): 1.6 times as long; "
        "not confirmed: the machine was busy, and a fixture is not set up again"
    )
    assert many.kind is VerdictKind.FIXTURE_REGRESSION


def test_a_slower_fixture_knows_its_beginning() -> None:
    """
    The first of the runs in which it was so.
    """
    (verdict,) = _verdicts(_fixture(6.0), [_fixture(1.0)] * 10 + [_fixture(6.0)] * 2)

    assert verdict.since == Since(run_id="run-10", ended=1_700_036_000.0, runs_ago=2)
    assert verdict.standing

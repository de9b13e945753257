"""
Two speeds, a step, or a creep.
"""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from paceline.analysis.explanation import explain
from paceline.analysis.judgement_rules import ModesRule, Rules, TrendRule
from paceline.analysis.past import Past, past_run
from paceline.analysis.verdicts.trend import judge_trend
from paceline.analysis.verdicts.whole_window import judge_window
from paceline.measure import Measure
from paceline.model import Cause, Since, Verdict
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run

_RULES = Rules()


def _judged(seconds: Sequence[float], rows: Sequence[float] = (), rules: Rules = _RULES) -> Verdict | None:
    """
    Judge and explain the last of these runs, a day apart, with the rows that each of them counted.
    """
    runs = [
        make_run(
            24 * number,
            [make_case(normalized_duration_seconds=value, measures={"rows": Measure(value=count)})],
            commit="4f2c",
        )
        for number, (value, count) in enumerate(zip(seconds, rows or [1.0] * len(seconds), strict=True))
    ]
    run, past = runs[-1], Past.from_runs(runs[:-1])
    verdict = judge_window(run.cases[0], past_run(run), past, rules)
    return explain(replace(run, verdicts=(verdict,)), past).verdicts[0] if verdict else None


def test_a_step_has_its_run_and_its_cause() -> None:
    """
    The rows that grew with it are compared with those before it, though most runs have the new number by now.
    """
    verdict = _judged([0.1] * 8 + [0.2] * 15, [50.0] * 8 + [100.0] * 15)

    assert verdict is not None
    assert verdict.kind is VerdictKind.CHANGE_POINT
    assert verdict.since == Since(run_id="run-192", ended=1_700_691_200.0, commit="4f2c", runs_ago=14)
    assert verdict.causes == (Cause(measure="measures.rows", before=50, after=100),)


def test_a_creep_has_its_cause() -> None:
    """
    A table that grows, compared with the first fifth of the window.
    """
    verdict = _judged([0.1 + 0.002 * run for run in range(25)], [1000.0 + 20 * run for run in range(25)])

    assert verdict is not None
    assert verdict.kind is VerdictKind.TREND
    assert verdict.reason == (
        "creeps up: 100 ms to 148 ms over 25 runs, +2 ms a run (95%: +2 ms to +2 ms), +14% a week"
    )
    assert verdict.causes == (Cause(measure="measures.rows", before=1040, after=1480),)


def test_two_speeds_come_first() -> None:
    """
    A test that alternates has neither stepped nor crept, though it was slow more often lately.
    """
    verdict = _judged([0.1, 0.1, 0.3, 0.1] * 3 + [0.3, 0.1, 0.3, 0.3] * 3)

    assert verdict is not None
    assert verdict.kind is VerdictKind.DURATION_FLAKY


@pytest.mark.parametrize(
    "seconds",
    [
        [0.1] * 30,
        [0.2] * 12 + [0.1] * 18,
        [0.1] * 8 + [0.2] * 8 + [0.1] * 8,
        [0.1] * 27 + [0.2] * 3,
        [0.1] * 10 + [0.2] * 9,
    ],
    ids=["level", "a step down", "up and down again", "three runs", "nineteen runs"],
)
def test_other_times_are_no_finding(seconds: list[float]) -> None:
    """
    Neither does one that stays, that fell, that is back where it was, nor one that may yet be a few slow runs.
    """
    assert _judged(seconds) is None


def test_an_uncertain_step_is_no_creep_either() -> None:
    """
    Alone these would be a creep; two levels are nearer to them than a line, and too noisy to be told.
    """
    before = [0.13, 0.13, 0.11, 0.1, 0.11, 0.1, 0.13, 0.1, 0.11, 0.12]
    values = [*before, 0.16, 0.14, 0.13, 0.16, 0.15, 0.13, 0.16, 0.17, 0.16, 0.16]

    assert judge_trend("test_a", values, 2.0, _RULES.trend) is not None
    assert _judged(values) is None


def test_each_rule_has_its_own_number_of_runs() -> None:
    """
    Two speeds may be told before a step is.
    """
    rules = Rules(trend=TrendRule(min_runs=40), modes=ModesRule(min_runs=20))

    assert _judged([0.1] * 12 + [0.2] * 18, rules=rules) is None

"""
Laws of baselines.
"""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from paceline.analysis.baselines import Baseline, Baselines, fits
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Case, Run, Verdict
from paceline.verdict_kinds import VerdictKind
from property.strategies import durations
from support.judging import judge_against
from support.values import EPOCH, HOUR, failed, make_case, make_run

_RULES = Rules()
_NAMES = [f"tests/test_{letter}.py::test_{number}" for letter in "ab" for number in range(3)]
_cases = st.lists(
    st.builds(
        lambda name, seconds, passed: make_case(name, seconds) if passed else failed(name, seconds=seconds),
        name=st.sampled_from(_NAMES),
        seconds=durations,
        passed=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda case: case.id,
)
_pasts = st.lists(_cases, max_size=12).map(lambda rows: [make_run(number, row) for number, row in enumerate(rows)])
_patterns = st.sampled_from(["*", "tests/test_a.py", "tests/test_?.py::test_1", *_NAMES])


def _baseline(number: int, tests: str = "*") -> Baseline:
    ended = datetime.fromtimestamp(EPOCH + number * HOUR, UTC)
    return Baseline(suite="shop", tests=tests, run_id=f"run-{number}", ended=ended)


_baselines = st.lists(st.builds(_baseline, st.integers(-5, 15), _patterns), max_size=4)


def _regressions(run: Run) -> list[tuple[str | None, float | None]]:
    return [(verdict.case, verdict.measured) for verdict in run.verdicts if verdict.kind is VerdictKind.REGRESSION]


def _others(run: Run) -> list[Verdict]:
    return [one for one in run.verdicts if one.kind not in {VerdictKind.REGRESSION, VerdictKind.TREND}]


@given(cases=_cases, runs=_pasts)
def test_what_was_accepted_before_all_runs_changes_nothing(cases: list[Case], runs: list[Run]) -> None:
    """
    Where no past is before the accepted run, there is nothing to forget.
    """
    run, past = make_run(99, cases), Past.from_runs(runs)
    accepted = Baselines(accepted=(_baseline(0),))

    assert judge_against(run, past, {}, accepted, _RULES) == judge(run, past, _RULES)


@given(cases=_cases, runs=_pasts)
def test_a_pin_on_the_latest_past_finds_the_same(cases: list[Case], runs: list[Run]) -> None:
    """
    Judged against the window that ends with the last run, every regression is the same, but for its words.
    """
    run, past = make_run(99, cases), Past.from_runs(runs)
    pin = _baseline(12)
    judged = judge_against(run, past, {pin.ended: past}, Baselines(pinned=(pin,)), _RULES)

    assert _regressions(judged) == _regressions(judge(run, past, _RULES))


@given(cases=_cases, runs=_pasts, baselines=_baselines)
def test_no_baseline_changes_what_is_said_of_outcomes(
    cases: list[Case], runs: list[Run], baselines: list[Baseline]
) -> None:
    """
    Outcomes are judged alike, whatever was pinned or accepted.
    """
    run, past = make_run(99, cases), Past.from_runs(runs)
    held = Baselines(pinned=tuple(baselines[:2]), accepted=tuple(baselines[2:])).held_by(run)
    judged = judge_against(run, past, {}, held, _RULES)

    assert _others(judged) == _others(judge(run, past, _RULES))


@given(cases=_cases, runs=_pasts, baselines=_baselines, seed=st.randoms(use_true_random=False))
def test_the_order_of_baselines_changes_nothing(
    cases: list[Case], runs: list[Run], baselines: list[Baseline], seed: object
) -> None:
    """
    A file that was merged by git judges as the one that was written.
    """
    run, past = make_run(99, cases), Past.from_runs(runs)
    shuffled = list(baselines)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (Baselines(accepted=tuple(order)).held_by(run) for order in (baselines, shuffled))

    assert judge_against(run, past, {}, one, _RULES) == judge_against(run, past, {}, other, _RULES)


@given(case_id=st.text(min_size=1, max_size=30))
def test_every_test_fits_its_own_id(case_id: str) -> None:
    """
    Also where the id has characters that mean something in a pattern.
    """
    assert fits(case_id, case_id)
    assert fits("*", case_id)

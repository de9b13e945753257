"""
Laws of steps, creeps, two speeds and counts.
"""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import CountRule, ModesRule, Rules
from paceline.analysis.past import Past, past_run
from paceline.analysis.verdicts.change_point import find_step, onset
from paceline.analysis.verdicts.count import usual_count
from paceline.analysis.verdicts.two_speeds import find_modes
from paceline.analysis.verdicts.whole_window import judge_window
from paceline.model import Machine, Verdict
from support.values import TEST, make_case, make_run, past_of, runs_of

_RULES = Rules()
_NO_FLOOR = ModesRule(floor_ms=0)
# Whole milliseconds, so that a shift or a power of two as a factor changes no comparison by a digit.
_milliseconds = st.integers(min_value=1, max_value=1 << 20)
_series = st.lists(_milliseconds, min_size=10, max_size=60)
_two_speeds = st.lists(st.sampled_from([100, 101, 102, 400, 404, 408]), min_size=20, max_size=40)


def _judged(values: Sequence[float]) -> Verdict | None:
    case = make_case(normalized_duration_seconds=values[-1])
    return judge_window(case, past_run(make_run(len(values))), past_of(values[:-1]), _RULES)


@given(values=_series, factor=st.sampled_from([0.25, 0.5, 2.0, 1024.0]), shift=st.integers(0, 1 << 20))
def test_a_step_is_where_it_is_on_any_scale(values: list[int], factor: float, shift: int) -> None:
    """
    Longer by any amount or any number of times, the series steps at the same place with the same certainty.
    """
    steps = [find_step(one) for one in (values, [value * factor for value in values], [v + shift for v in values])]

    assert len({step and (step.position, step.score) for step in steps}) == 1


@given(values=_series)
def test_a_series_backwards_steps_the_other_way(values: list[int]) -> None:
    """
    The best score of a step up is that of the series turned round and upside down.
    """
    step, mirrored = find_step(values), find_step([-value for value in reversed(values)])

    assert step is not None
    assert mirrored is not None
    assert mirrored.score == pytest.approx(step.score)


@given(values=_two_speeds, factor=st.sampled_from([0.25, 0.5, 2.0, 1024.0]))
def test_two_speeds_are_two_speeds_on_any_scale(values: list[int], factor: float) -> None:
    """
    With no floor, a suite that takes any number of times as long has the same modes, in proportion.
    """
    modes, scaled = find_modes(values, _NO_FLOOR), find_modes([value * factor for value in values], _NO_FLOOR)

    assert (modes is None) == (scaled is None)
    if modes is not None and scaled is not None:
        expected = (modes.quick * factor, modes.slow * factor, modes.share_slow, modes.limit * factor)
        assert scaled == pytest.approx(expected)


@given(seconds=st.floats(min_value=0, max_value=1e4), runs=st.integers(min_value=2, max_value=70))
def test_what_never_changes_is_never_told(seconds: float, runs: int) -> None:
    """
    A constant series, of any length, has no verdict.
    """
    assert _judged([seconds] * runs) is None


@given(values=st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=19))
def test_few_runs_have_no_verdict(values: list[float]) -> None:
    """
    Below twenty runs there is neither a creep, nor a step, nor are there two speeds.
    """
    assert _judged(values) is None


@given(values=_series, seconds=_milliseconds, factor=st.sampled_from([0.25, 2.0]), shift=st.integers(0, 1 << 20))
def test_slow_runs_begin_where_they_begin_on_any_scale(
    values: list[int], seconds: int, factor: float, shift: int
) -> None:
    """
    Longer by any amount or any number of times, the same run is the first, and it is in the later half.
    """
    usual = sorted(values)[len(values) // 2]
    first = onset(values, seconds, usual)

    assert onset([value * factor for value in values], seconds * factor, usual * factor) == first
    assert onset([value + shift for value in values], seconds + shift, usual + shift) == first
    assert len(values) // 2 <= first <= len(values)


@given(usual=_milliseconds, added=_milliseconds, fast=st.integers(1, 30), slow=st.integers(0, 30))
def test_a_clean_step_begins_with_its_first_run(usual: int, added: int, fast: int, slow: int) -> None:
    """
    So long as there are no more slow runs than others.
    """
    assume(slow <= fast)

    assert onset([usual] * fast + [usual + added] * slow, usual + added, usual) == fast


@given(
    earlier=st.lists(st.integers(0, 9), max_size=30),
    older=st.lists(st.integers(0, 9), max_size=9),
    value=st.integers(1, 12),
)
def test_a_rise_is_above_all_that_was(earlier: list[int], older: list[int], value: int) -> None:
    """
    A count that is called higher is higher than it was up to its rise, and older runs can only take that back.
    """
    level, with_older = (usual_count(value, one, CountRule()) for one in (earlier, older + earlier))

    assert level is None or value > max(earlier[: level.end])
    assert level is not None or with_older is None or with_older.end <= len(older) + CountRule().min_runs


@given(
    seconds=st.lists(st.sampled_from([0.1, 0.11, 0.3]), min_size=25, max_size=40),
    constant=st.floats(min_value=0, max_value=5),
)
def test_a_test_that_never_changes_changes_no_verdict_on_others(seconds: list[float], constant: float) -> None:
    """
    Beside it, the same is said of a test, and of itself nothing: with two tests it is the calibration, which each run
    has, that says which of the two moved.
    """
    machine = Machine(calibration_seconds=0.002)
    suites = [{TEST: seconds}, {TEST: seconds, "test_constant": [constant] * len(seconds)}]
    judged = []
    for suite in suites:
        *earlier, last = runs_of(suite, machine=machine)
        verdicts = judge(last, Past.from_runs(earlier), _RULES).verdicts
        judged.append([(verdict.kind, verdict.case, verdict.reason) for verdict in verdicts if verdict.case])

    assert judged[0] == judged[1]
    assert all(case == TEST for _, case, _ in judged[1])

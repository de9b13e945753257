"""
Laws of comparison.
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.compare.comparison import Comparison, compare
from paceline.analysis.compare.outcome import Change, ComparisonRule
from paceline.analysis.compare.shift import (
    Shift,
    dominance,
    independent_shift,
    paired_shift,
    q_values,
)
from support.values import runs_of

_seconds = st.floats(min_value=0.001, max_value=10)
_samples = st.lists(_seconds, min_size=1, max_size=15)
_rounds = st.lists(st.tuples(_seconds, _seconds), min_size=1, max_size=15)
_factors = st.floats(min_value=0.01, max_value=100)
# Tests that are long enough for the ruler, on a fast machine too.
_long = st.floats(min_value=0.01, max_value=10)
_suites = st.integers(2, 5).flatmap(
    lambda runs: st.lists(st.lists(_long, min_size=runs, max_size=runs), min_size=1, max_size=12)
)
_OPPOSITE = {Change.SLOWER: Change.FASTER, Change.FASTER: Change.SLOWER}


def _is_inverse(one: Shift, other: Shift) -> bool:
    if one.low is None or one.high is None:
        return other.low is None and one.ratio * other.ratio == pytest.approx(1)
    inverted = [1 / one.ratio, 1 / one.high, 1 / one.low if one.low else float("inf")]
    return [other.ratio, other.low, other.high] == pytest.approx(inverted, rel=1e-6)


def _side(suite: Sequence[Sequence[float]], factor: float = 1.0) -> Side:
    seconds = {f"t::{number}": [value * factor for value in values] for number, values in enumerate(suite)}
    return Side(name="side", runs=tuple(runs_of(seconds)))


def _compared(base: Side, head: Side) -> Comparison:
    return compare(base, head, ComparisonRule())


@given(before=_samples, after=_samples)
def test_swapped_sides_invert_a_ratio(before: list[float], after: list[float]) -> None:
    """
    Twice as long one way is half as long the other way.
    """
    one, other = independent_shift(before, after), independent_shift(after, before)

    assert _is_inverse(one, other)
    assert dominance(before, after) == -dominance(after, before)


@given(rounds=_rounds)
def test_swapped_sides_of_rounds_invert_a_ratio(rounds: list[tuple[float, float]]) -> None:
    """
    The same holds within rounds.
    """
    before, after = [one for one, _ in rounds], [other for _, other in rounds]

    assert _is_inverse(paired_shift(before, after), paired_shift(after, before))


@given(before=_samples, after=_samples, factor=_factors)
def test_a_unit_of_time_changes_nothing(before: list[float], after: list[float], factor: float) -> None:
    """
    Both sides multiplied by one factor have the same ratio, whether paired or not.
    """
    scaled = [value * factor for value in before], [value * factor for value in after]
    whole = min(len(before), len(after))
    pairs = before[:whole], after[:whole]

    assert independent_shift(*scaled).ratio == pytest.approx(independent_shift(before, after).ratio)
    assert paired_shift(scaled[0][:whole], scaled[1][:whole]).ratio == pytest.approx(paired_shift(*pairs).ratio)


@given(before=_samples, after=_samples, data=st.data())
def test_the_order_of_runs_does_not_matter(before: list[float], after: list[float], data: st.DataObject) -> None:
    """
    Runs are a set.
    """
    shuffled = data.draw(st.permutations(before)), data.draw(st.permutations(after))

    assert independent_shift(*shuffled) == independent_shift(before, after)


@given(p_values=st.lists(st.floats(0, 1), max_size=30))
def test_correction_lowers_no_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    """
    A q-value is at least the p-value and at most 1, and a higher p-value has no lower q-value.
    """
    corrected = q_values(p_values)
    ordered = [q_value for _, q_value in sorted(zip(p_values, corrected, strict=True))]

    assert all(p <= q + 1e-12 for p, q in zip(p_values, corrected, strict=True))
    assert all(q <= 1 for q in corrected)
    assert ordered == sorted(ordered)


@given(suite=_suites)
def test_a_side_against_itself_has_no_change(suite: Sequence[Sequence[float]]) -> None:
    """
    The same times on both sides are called neither slower nor faster.
    """
    found = _compared(_side(suite), _side(suite))

    assert not {test.change for test in found.tests} & {Change.SLOWER, Change.FASTER}
    assert all(test.ratio == pytest.approx(1) for test in found.tests)


@given(suite=_suites.filter(lambda suite: len(suite) >= 8), factor=st.floats(0.2, 5))
def test_a_machine_that_is_slower_by_any_factor_changes_no_test(
    suite: Sequence[Sequence[float]], factor: float
) -> None:
    """
    With tests enough for a ruler the factor is the suite's, and each test's ratio is 1.
    """
    found = _compared(_side(suite), _side(suite, factor))

    assert found.suite is not None
    assert found.suite.ratio == pytest.approx(factor)
    assert all(test.ratio == pytest.approx(1) for test in found.tests)


@given(suite=_suites, other=_suites)
def test_swapped_sides_turn_each_change_round(
    suite: Sequence[Sequence[float]], other: Sequence[Sequence[float]]
) -> None:
    """
    What is slower one way is faster the other way; the rest stays what it was.
    """
    there, back = _compared(_side(suite), _side(other)), _compared(_side(other), _side(suite))
    turned = {test.id: _OPPOSITE.get(test.change, test.change) for test in there.tests}

    assert turned == {test.id: test.change for test in back.tests}
    assert there.only_base == back.only_head

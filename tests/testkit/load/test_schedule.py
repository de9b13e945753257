"""
When requests are due.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paceline.testkit.load.schedule import due_times, user_starts


@given(
    rates=st.lists(st.floats(0.5, 50), min_size=1, max_size=4),
    ramp=st.floats(0, 1),
    workers=st.integers(1, 5),
)
@example(rates=[3.0], ramp=2.225073858507203e-309, workers=1)
@example(rates=[0.5, 1.0], ramp=5e-324, workers=2)
def test_the_shares_of_all_workers_are_the_whole(rates: list[float], ramp: float, workers: int) -> None:
    """
    However many workers there are, together they send each request of the plan at its time.
    """
    seconds = 10.0
    ramp_up = ramp * seconds / len(rates)
    whole = list(due_times(rates, seconds, ramp_up))
    shares = [list(due_times(rates, seconds, ramp_up, worker, workers)) for worker in range(workers)]

    assert sorted(due for share in shares for due in share) == whole == sorted(whole)
    assert all(0 <= due <= seconds + 1e-9 for due in whole)


def test_a_rate_spaces_requests_evenly() -> None:
    """
    Four requests a second are a quarter of a second apart.
    """
    assert list(due_times([4], 1, 0)) == [0, 0.25, 0.5, 0.75]


def test_a_ramp_halves_the_requests_of_its_time() -> None:
    """
    A rate that grows from 0 over the whole test sends half of the requests, more and more of them.
    """
    due = list(due_times([100], 2, 2))

    assert len(due) == 100
    assert due[25] == pytest.approx(1.0)


def test_stages_follow_each_other() -> None:
    """
    Each rate has an equal part of the time.
    """
    due = list(due_times([10, 20], 2, 0))

    assert sum(seconds < 1 for seconds in due) == 10
    assert len(due) == 30


def test_users_come_one_after_the_other() -> None:
    """
    The workers share the users, who begin evenly over the ramp.
    """
    assert user_starts(4, 2) == [0, 0.5, 1, 1.5]
    assert user_starts(4, 2, worker=1, workers=3) == [0.5]

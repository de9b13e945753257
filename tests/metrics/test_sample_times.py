"""
Times of samples.
"""

from collections.abc import Sequence

import pytest

from paceline.metrics.sample_times import free_stamp, stamped
from support.values import make_run


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

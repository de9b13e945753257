"""
The layout shift of a document, from its single shifts.
"""

from collections.abc import Sequence

import pytest

from paceline.probes.touch.browser.vitals import layout_shift


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([], 0),
        ([(100, 0.05), (900, 0.05)], 0.1),
        ([(100, 0.05), (1100, 0.03), (1200, 0.03)], 0.06),
        ([(0, 0.1), (900, 0.1), (1800, 0.1), (2700, 0.1), (3600, 0.1), (4500, 0.1), (5400, 0.1)], 0.6),
        ([(100, 0.0051)], 0.01),
    ],
    ids=["no shift", "one window", "a second later", "five seconds later", "two decimals"],
)
def test_the_worst_window_counts(shifts: Sequence[tuple[float, float]], expected: float) -> None:
    """
    A window ends after a second without a shift, and after five seconds.
    """
    assert layout_shift(shifts) == expected

"""
Whether a suspect holds up.
"""

import pytest

from paceline.analysis.confirmation import holds_up


@pytest.mark.parametrize(
    ("seconds", "is_confirmed"),
    [
        ([0.13, 0.11, 0.14], True),
        ([0.13, 0.11, 0.10], False),
        ([0.13], True),
        ([0.13, 0.11], False),
        ([0.12, 0.12, 0.12], False),
        ([], False),
    ],
)
def test_most_of_the_repeats_have_to_be_slow(seconds: list[float], is_confirmed: bool) -> None:
    """
    At a limit of 120 ms two of three have to be above it, and one of two is not enough.
    """
    assert holds_up(seconds, 0.12) is is_confirmed


def test_one_spike_confirms_nothing() -> None:
    """
    A repeat of any length is one vote of three.
    """
    assert not holds_up([0.1, 99.0, 0.1], 0.12)

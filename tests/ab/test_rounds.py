"""
The order of rounds.
"""

from itertools import accumulate

from paceline.ab.rounds import is_head_first


def _order(rounds: int) -> str:
    return " ".join("BA" if is_head_first(number) else "AB" for number in range(rounds))


def test_rounds_are_balanced() -> None:
    """
    ABBA, then BAAB.
    """
    assert _order(8) == "AB BA BA AB BA AB AB BA"


def test_no_side_is_ahead_by_more_than_one() -> None:
    """
    However many rounds there are, each side was first as often as the other, but for one.
    """
    ahead = accumulate(1 if is_head_first(number) else -1 for number in range(200))

    assert set(ahead) <= {-1, 0, 1}

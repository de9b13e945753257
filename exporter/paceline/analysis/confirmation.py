"""
Confirmation: does a test that looked slower look slower again?
"""

from collections.abc import Sequence

# Two of three are as many as chance needs to be out of it; more cost time and find no more.
REPEATS = 3


def holds_up(seconds: Sequence[float], limit: float) -> bool:
    """
    Whether more than half of the repeats are above the limit, which for an odd number is their median.

    Args:
        seconds: what the test needed when it was measured again, normalised as the run that it belongs to; usually
            `REPEATS` of them. Without any, nothing holds up.
        limit: the seconds above which the first measurement was a regression.
    """
    return 2 * sum(value > limit for value in seconds) > len(seconds)

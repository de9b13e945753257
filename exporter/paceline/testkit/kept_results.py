"""
Results of the test kit are kept with the test that runs now.
"""

from typing import TypeVar

from paceline.kit_results import AnyResult
from paceline.recorder import RECORDERS

_R = TypeVar("_R", bound=AnyResult)


def keep(result: _R) -> _R:
    """
    Keep a result with the test that runs now; outside of a measured session nothing is kept.

    Returns:
        The result.
    """
    for recorder in RECORDERS[-1:]:
        recorder.keep(result)
    return result

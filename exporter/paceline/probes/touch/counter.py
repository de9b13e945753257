"""
What all counters share: whose part of a test it is, and what becomes of an error of Paceline's own.
"""

from collections.abc import Callable
from typing import Final

from paceline.probes.touch.attribution import Attribution


class Counter:
    """
    Counts for the part of the test that touches something. An error of Paceline's own ends the counting, and reaches
    nobody who is counted; `has_failed` says that it happened.

    Args:
        attribution: says which part it is.
        failed: takes the error, and what was being done.
    """

    def __init__(self, attribution: Attribution, failed: Callable[[Exception, str], None]) -> None:
        self.attribution: Final = attribution
        self.has_failed = False
        self._failed: Final = failed

    def give_up(self, error: Exception, doing: str) -> None:
        """
        Count no more, and say so.
        """
        self.has_failed = True
        self._failed(error, doing)

"""
Custom measures of a test.
"""

import re
from math import isfinite
from typing import Final

import pytest

from paceline.model import Measure

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_LONGEST_UNIT = 40


class CaseRecorder:
    """
    What the fixture `paceline` gives to a test. Without `--paceline` it accepts everything and keeps nothing.
    """

    def __init__(self) -> None:
        self.measures: Final[dict[str, Measure]] = {}

    def record(self, name: str, value: float, unit: str = "") -> None:
        """
        Keep a figure with the test; recorded again, the last value counts.

        Args:
            name: small letters, digits and underscores, as in the name of a metric.
            value: the figure.
            unit: what it is counted in.

        Raises:
            ValueError: the name, the value or the unit is invalid.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(
                f"paceline.record: the name is {name!r}, expected lowercase letters, digits and underscores, "
                "at most 80, a letter first"
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"paceline.record: the value of {name!r} is {value!r}, expected a finite number")
        if not isinstance(unit, str) or len(unit) > _LONGEST_UNIT or not unit.isprintable():
            raise ValueError(f"paceline.record: the unit of {name!r} is {unit!r}, expected at most 40 characters")
        self.measures[name] = Measure(value=float(value), unit=unit)


RECORDER = pytest.StashKey[CaseRecorder]()


def recorder_of(config: pytest.Config) -> CaseRecorder:
    """
    The recorder of the test that runs now.
    """
    return config.stash.get(RECORDER, None) or CaseRecorder()

"""
Custom measures of a test.
"""

import re
from math import isfinite
from typing import Final

import pytest

from paceline.model import Measure
from paceline.probes.touch.hooks import ACTIVE

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


def record_cache(*, hit: bool, count: int = 1) -> None:
    """
    Count lookups in a cache that Paceline does not watch by itself, for the test that runs now. Without `--paceline`
    nothing is counted, so that the code of a project may call this.

    Args:
        hit: whether the cache had what was looked up.
        count: of lookups.

    Raises:
        ValueError: the count is less than 1 or no whole number.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"record_cache: the count is {count!r}, expected a whole number from 1 on")
    for hooks in ACTIVE:
        hooks.lookups.took(0, 0, hits=count if hit else 0, misses=0 if hit else count)


RECORDER = pytest.StashKey[CaseRecorder]()


def recorder_of(config: pytest.Config) -> CaseRecorder:
    """
    The recorder of the test that runs now.
    """
    return config.stash.get(RECORDER, None) or CaseRecorder()

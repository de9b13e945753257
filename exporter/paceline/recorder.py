"""
Custom measures of a test.
"""

import re
from math import isfinite
from typing import Final, Literal

import pytest

from paceline.identity import safe_text
from paceline.kit_results import AnyResult
from paceline.measure import Better, Measure
from paceline.probes.touch.hooks import ACTIVE

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_LONGEST_UNIT = 40
_DIRECTIONS = tuple(Better)


class Recorded:
    """
    What a test recorded: measures by name, and results of the test kit; `uses_kit` also where it has no result.
    """

    def __init__(self) -> None:
        self.uses_kit = False
        self.measures: Final[dict[str, Measure]] = {}
        self.results: Final[list[AnyResult]] = []


class CaseRecorder:
    """
    The value of the fixture `paceline`. Without `--paceline`, it accepts figures but does not keep them.
    """

    def __init__(self) -> None:
        self.recorded = Recorded()

    @property
    def measures(self) -> dict[str, Measure]:
        """
        The measures that the test has recorded, by name.
        """
        return self.recorded.measures

    @property
    def results(self) -> list[AnyResult]:
        """
        The results of the test kit that the test has.
        """
        return self.recorded.results

    def keep(self, result: AnyResult) -> None:
        """
        Keep a result of the test kit and its measures with the test.
        """
        self.results.append(result)
        self.measures.update(result.measures())

    def record(
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        limit: float | None = None,
        better: Literal["lower", "higher"] | None = None,
    ) -> None:
        """
        Keep a figure with the test; if it is recorded again, the last value counts.

        Args:
            name: lowercase letters, digits and underscores, as in the name of a metric.
            value: the figure.
            unit: the unit of the figure.
            limit: the highest accepted value, or the lowest if `better` is `higher`.
            better: `lower` or `higher`: which values are better when the figure is compared with earlier runs.

        Raises:
            ValueError: an argument is invalid.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(
                f"paceline.record: the name is {name!r}, expected lowercase letters, digits and underscores, "
                "at most 80, a letter first"
            )
        if not _is_number(value):
            raise ValueError(f"paceline.record: the value of {name!r} is {value!r}, expected a finite number")
        if not isinstance(unit, str) or len(unit) > _LONGEST_UNIT or not unit.isprintable():
            raise ValueError(f"paceline.record: the unit of {name!r} is {unit!r}, expected at most 40 characters")
        if limit is not None and not _is_number(limit):
            raise ValueError(f"paceline.record: the limit of {name!r} is {limit!r}, expected a finite number")
        if better is not None and better not in _DIRECTIONS:
            raise ValueError(f"paceline.record: better of {name!r} is {better!r}, expected 'lower' or 'higher'")
        self.measures[safe_text(name)] = Measure(
            value=float(value),
            unit=safe_text(unit),
            limit=None if limit is None else float(limit),
            better=None if better is None else Better(better),
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def record_cache(*, hit: bool, count: int = 1) -> None:
    """
    Count lookups in a cache that Paceline does not watch by itself, for the test that runs now. Without `--paceline`
    nothing is counted, so a project may call this function in its own code.

    Args:
        hit: whether the cache had the key.
        count: the number of lookups.

    Raises:
        ValueError: the count is not a whole number from 1 on.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"record_cache: the count is {count!r}, expected a whole number from 1 on")
    for hooks in ACTIVE:
        hooks.lookups.took(0, 0, hits=count if hit else 0, misses=0 if hit else count)


RECORDER = pytest.StashKey[CaseRecorder]()
RECORDERS: list[CaseRecorder] = []
"""
The recorders of the sessions of this process; a session inside a test is the last.
"""


def recorder_of(config: pytest.Config) -> CaseRecorder:
    """
    The recorder of the test that runs now.
    """
    return config.stash.get(RECORDER, None) or CaseRecorder()

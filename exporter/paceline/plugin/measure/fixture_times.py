"""
The time of the setups of fixtures, each without those that it requests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from paceline.identity import safe_text
from paceline.model import FixtureScope, FixtureTime
from paceline.probes.runner import ProbeStack
from paceline.unpatched import UNPATCHED

_NANOSECONDS = 1e9
_FUNCTION = "function"
_MOST = 100


class FixtureTimes:
    """
    A stack of the fixtures that are being set up, and the sums by fixture and scope.

    While a fixture is set up that outlives the test, the probes of the test pause. `has_wide` says whether there was
    one.
    """

    def __init__(self, probes: ProbeStack) -> None:
        self._probes: Final = probes
        self._now: Final = UNPATCHED.perf_counter_ns
        self._stack: list[tuple[pytest.FixtureDef[Any], int, int]] = []
        self._sums: dict[tuple[str, str, str], list[int]] = {}
        self._wide = 0
        self.has_wide = False

    def start(self, fixture: pytest.FixtureDef[Any], _request: pytest.FixtureRequest) -> None:
        if fixture.scope != _FUNCTION:
            self.has_wide = True
            if not self._wide:
                self._probes.pause()
            self._wide += 1
        self._stack.append((fixture, self._now(), 0))

    def stop(self) -> None:
        fixture, started, inner = self._stack.pop()
        total = self._now() - started
        if self._stack:
            outer, began, others = self._stack[-1]
            self._stack[-1] = outer, began, others + total
        known = self._sums.setdefault((fixture.baseid, fixture.argname, fixture.scope), [0, 0])
        known[0] += total - inner
        known[1] += 1
        if fixture.scope != _FUNCTION:
            self._wide -= 1
            if not self._wide:
                self._probes.resume()

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """
        Set up fixtures without adding to the sums.
        """
        kept = self._sums
        self._sums = {}
        try:
            yield
        finally:
            self._sums = kept

    def __iter__(self) -> Iterator[FixtureTime]:
        """
        The slowest fixtures, the slowest first.
        """
        for (place, name, scope), (nanoseconds, setups) in self._slowest():
            shown = safe_text(f"{place}::{name}" if place else name)
            seconds = nanoseconds / _NANOSECONDS
            yield FixtureTime(name=shown, scope=FixtureScope(scope), seconds=seconds, setups=setups)

    def _slowest(self) -> list[tuple[tuple[str, str, str], list[int]]]:
        return sorted(self._sums.items(), key=lambda known: -known[1][0])[:_MOST]

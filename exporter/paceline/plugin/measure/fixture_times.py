"""
The time of the setups of fixtures, each without those that it requests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from paceline.identity import safe_text
from paceline.model import FixtureScope, FixtureTime
from paceline.probes.cpu import run_delay
from paceline.probes.runner import ProbeStack
from paceline.unpatched import UNPATCHED

_NANOSECONDS = 1e9
_FUNCTION = "function"
_MOST = 100


class FixtureTimes:
    """
    A stack of the fixtures that are being set up, and the sums by fixture and scope: nanoseconds, setups, and the wait
    for a CPU, -1 where it is not measured.

    While a fixture is set up that outlives the test, the probes of the test pause, and its wait for a CPU is measured:
    there are few of these setups, and no repeats. `has_wide` says whether there was one.
    """

    def __init__(self, probes: ProbeStack) -> None:
        self._probes: Final = probes
        self._now: Final = UNPATCHED.perf_counter_ns
        self._stack: list[tuple[pytest.FixtureDef[Any], int, int]] = []
        self._sums: dict[tuple[str, str, str], list[int]] = {}
        # Of each wide fixture that is being set up: the wait at its start, and that of the fixtures that it requests.
        self._waits: list[list[int]] = []
        self.has_wide = False

    def start(self, fixture: pytest.FixtureDef[Any], _request: pytest.FixtureRequest) -> None:
        if fixture.scope != _FUNCTION:
            self.has_wide = True
            if not self._waits:
                self._probes.pause()
            self._waits.append([run_delay(), 0])
        self._stack.append((fixture, self._now(), 0))

    def stop(self) -> None:
        fixture, started, inner = self._stack.pop()
        total = self._now() - started
        if self._stack:
            outer, began, others = self._stack[-1]
            self._stack[-1] = outer, began, others + total
        known = self._sums.setdefault((fixture.baseid, fixture.argname, fixture.scope), [0, 0, -1])
        known[0] += total - inner
        known[1] += 1
        if fixture.scope != _FUNCTION:
            self._add_wait(known)
            if not self._waits:
                self._probes.resume()

    def _add_wait(self, known: list[int]) -> None:
        before, inner = self._waits.pop()
        after = run_delay()
        if before < 0 or after < 0:
            return
        known[2] = max(known[2], 0) + max(after - before - inner, 0)
        if self._waits:
            self._waits[-1][1] += after - before

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
        for (place, name, scope), (nanoseconds, setups, waited) in self._slowest():
            yield FixtureTime(
                name=safe_text(f"{place}::{name}" if place else name),
                scope=FixtureScope(scope),
                seconds=nanoseconds / _NANOSECONDS,
                setups=setups,
                cpu_wait_seconds=waited / _NANOSECONDS if waited >= 0 else None,
            )

    def _slowest(self) -> list[tuple[tuple[str, str, str], list[int]]]:
        return sorted(self._sums.items(), key=lambda known: -known[1][0])[:_MOST]

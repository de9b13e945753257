"""
The time of the setups of fixtures, each without those that it requests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest

from paceline.identity import safe_text
from paceline.model import FixtureScope, FixtureTime
from paceline.probes.run_delay import RunDelay, Stretches
from paceline.probes.runner import ProbeStack

_NANOSECONDS = 1e9
_FUNCTION = "function"
_MOST = 100


@dataclass(slots=True)
class _Setup:
    """
    A fixture that is being set up, with nanoseconds: its start, the setups of fixtures within it, its wait for a CPU.
    """

    fixture: pytest.FixtureDef[Any]
    started: int
    inner: int = 0
    waited: int = 0


class FixtureTimes:
    """
    A stack of the fixtures that are being set up, and the sums by fixture and scope: nanoseconds, setups, and the
    nanoseconds of waiting for a CPU.

    While a fixture is set up that outlives the test, the probes of the test pause. `has_wide` says whether there was
    one.
    """

    def __init__(self, probes: ProbeStack, delay: RunDelay | None) -> None:
        self._probes: Final = probes
        self._delay: Final = delay
        self._stretches: Final = Stretches(delay)
        self._stack: list[_Setup] = []
        self._sums: dict[tuple[str, str, str], list[int]] = {}
        self._wide = 0
        self.has_wide = False

    def start(self, fixture: pytest.FixtureDef[Any], _request: pytest.FixtureRequest) -> None:
        self._mark()
        if fixture.scope != _FUNCTION:
            self.has_wide = True
            self._wide += 1
            if self._wide == 1:
                self._probes.pause()
                self._mark()
        self._stack.append(_Setup(fixture, self._stretches.began))

    def stop(self) -> None:
        ended = self._mark()
        setup = self._stack.pop()
        fixture, total = setup.fixture, ended - setup.started
        if self._stack:
            self._stack[-1].inner += total
        known = self._sums.setdefault((fixture.baseid, fixture.argname, fixture.scope), [0, 0, 0])
        known[0] += total - setup.inner
        known[1] += 1
        known[2] += setup.waited
        if fixture.scope != _FUNCTION:
            self._wide -= 1
            if not self._wide:
                self._probes.resume()

    def close(self) -> None:
        if self._delay is not None:
            self._delay.close()

    def _mark(self) -> int:
        """
        Add the wait since the last mark to the fixture whose setup runs.
        """
        ended, waited = self._stretches.mark()
        if self._stack:
            self._stack[-1].waited += waited
        return ended

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
                cpu_wait_seconds=waited / _NANOSECONDS if self._stretches.has_waits else None,
            )

    def _slowest(self) -> list[tuple[tuple[str, str, str], list[int]]]:
        return sorted(self._sums.items(), key=lambda known: -known[1][0])[:_MOST]

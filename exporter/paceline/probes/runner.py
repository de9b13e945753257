"""
All probes as one: a probe that fails is absent for that test, and the test goes on.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from paceline.probes.probe import Probe, Usage
from paceline.unpatched import UNPATCHED

if TYPE_CHECKING:
    from paceline.usage import UsageKey

_Steps = Sequence[tuple[Probe, Callable[..., None]]]
# A test that closed or faked what a probe needs is followed by others that did not.
_TESTS_IN_A_ROW = 3


class ProbeStack:
    """
    Starts probes from the outermost to the innermost and stops them in the other order; see `Probe` for the
    order of calls.

    A probe that fails to start is reopened and started once more. One that fails again, or later, is left out until the
    next test, which tries it again. After failing in `_TESTS_IN_A_ROW` tests it is given up. `lacking` has the keys
    that the present test lacks. In a forked process all probes are reopened.

    Args:
        probes: the outermost first.
        on_given_up: takes the last error of a probe that is given up, and what it did.
    """

    def __init__(self, probes: Sequence[Probe], on_given_up: Callable[[Exception, str], None]) -> None:
        self.lacking: tuple[UsageKey, ...] = ()
        self._on_given_up: Final = on_given_up
        self._given: tuple[Probe, ...] = tuple(probes)
        self._given_up_keys: tuple[UsageKey, ...] = ()
        self._failures: Final[Counter[Probe]] = Counter()
        self._process = UNPATCHED.getpid()
        self._arrange(self._given)

    def start_test(self) -> None:
        if self.lacking != self._given_up_keys:
            self._arrange(self._given)
            self.lacking = self._given_up_keys
        if self._process != UNPATCHED.getpid():
            self._process = UNPATCHED.getpid()
            self._each(_steps(self._probes, "reopen"))
        self._start_each(self._start_test)

    def start_call(self) -> None:
        self._start_each(self._start_call)

    def stop_call(self, usage: Usage) -> None:
        self._each(self._stop_call, usage)

    def stop_test(self, usage: Usage) -> None:
        self._each(self._stop_test, usage)
        for probe in self._losing:
            self.lacking += tuple(key for key in probe.lost if key not in self.lacking)
        for key in self.lacking:
            usage.pop(key, None)
        if self._failures and self.lacking == self._given_up_keys:
            self._failures.clear()

    def settle(self, usage: Usage) -> None:
        self._each(_steps(self._probes, "settle"), usage)

    def pause(self) -> None:
        self._each(_steps(self._probes, "pause"))

    def resume(self) -> None:
        self._each(_steps(self._probes[::-1], "resume"))

    def close(self) -> None:
        for probe in self._given[::-1]:
            try:
                probe.close()
            except Exception as error:  # noqa: BLE001 - as below
                self._on_given_up(error, f"closing {type(probe).__name__}")

    def _arrange(self, probes: tuple[Probe, ...]) -> None:
        # Four times a test: the methods are looked up once.
        self._probes = probes
        self._losing = [probe for probe in probes if type(probe).lost is not Probe.lost]
        self._start_test = _steps(probes, "start_test")
        self._start_call = _steps(probes, "start_call")
        self._stop_call = _steps(probes[::-1], "stop_call")
        self._stop_test = _steps(probes[::-1], "stop_test")

    def _each(self, steps: _Steps, *arguments: Usage) -> None:
        for probe, step in steps:
            try:
                step(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not the test's fault
                self._leave_out(probe, error)

    def _start_each(self, steps: _Steps) -> None:
        for probe, step in steps:
            try:
                step()
            except Exception:  # noqa: BLE001 - as below
                self._each([(probe, probe.reopen), (probe, step)])

    def _leave_out(self, probe: Probe, error: Exception) -> None:
        if probe not in self._probes:
            return
        self._arrange(tuple(one for one in self._probes if one is not probe))
        self.lacking += probe.keys
        self._failures[probe] += 1
        if self._failures[probe] == _TESTS_IN_A_ROW:
            self._given = tuple(one for one in self._given if one is not probe)
            self._given_up_keys += probe.keys
            with contextlib.suppress(Exception):  # it has failed already
                probe.close()
            self._on_given_up(error, f"measuring with {type(probe).__name__}")


def _steps(probes: Sequence[Probe], name: str) -> _Steps:
    nothing = getattr(Probe, name)
    return [(probe, getattr(probe, name)) for probe in probes if getattr(type(probe), name) is not nothing]

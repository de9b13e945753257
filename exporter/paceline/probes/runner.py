"""
All probes as one: a probe that fails is dropped, and the test goes on.
"""

import contextlib
from collections.abc import Callable, Sequence

from paceline.probes.probe import Probe, Usage

_Steps = Sequence[tuple[Probe, Callable[..., None]]]


class ProbeStack:
    """
    Starts probes from the outermost to the innermost and stops them in the other order; see `Probe` for the
    order of calls.

    Args:
        probes: the outermost first.
        on_failure: told of a probe that failed, once, as it is not asked again.
    """

    def __init__(self, probes: Sequence[Probe], on_failure: Callable[[Exception, str], None]) -> None:
        self._on_failure = on_failure
        self._arrange(tuple(probes))

    def start_test(self) -> None:
        self._each(self._start_test)

    def start_call(self) -> None:
        self._each(self._start_call)

    def stop_call(self, usage: Usage) -> None:
        self._each(self._stop_call, usage)

    def stop_test(self, usage: Usage) -> None:
        self._each(self._stop_test, usage)

    def settle(self, usage: Usage) -> None:
        self._each(_steps(self._probes, "settle"), usage)

    def pause(self) -> None:
        self._each(_steps(self._probes, "pause"))

    def resume(self) -> None:
        self._each(_steps(self._probes[::-1], "resume"))

    def close(self) -> None:
        self._each(_steps(self._probes[::-1], "close"))

    def _arrange(self, probes: tuple[Probe, ...]) -> None:
        # Four times a test: the methods are looked up once.
        self._probes = probes
        self._start_test = _steps(probes, "start_test")
        self._start_call = _steps(probes, "start_call")
        self._stop_call = _steps(probes[::-1], "stop_call")
        self._stop_test = _steps(probes[::-1], "stop_test")

    def _each(self, steps: _Steps, *arguments: Usage) -> None:
        for probe, step in steps:
            try:
                step(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not the test's fault
                self._drop(probe, error)

    def _drop(self, probe: Probe, error: Exception) -> None:
        self._arrange(tuple(one for one in self._probes if one is not probe))
        with contextlib.suppress(Exception):  # it has failed already
            probe.close()
        self._on_failure(error, f"measuring with {type(probe).__name__}")


def _steps(probes: Sequence[Probe], name: str) -> _Steps:
    nothing = getattr(Probe, name)
    return [(probe, getattr(probe, name)) for probe in probes if getattr(type(probe), name) is not nothing]

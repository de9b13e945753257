"""
All probes as one: a probe that fails is dropped, and the test goes on.
"""

import contextlib
from collections.abc import Callable, Sequence

from paceline.probes.probe import Probe, Usage


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

    def pause(self) -> None:
        self._each([(probe, probe.pause) for probe in self._probes])

    def resume(self) -> None:
        self._each([(probe, probe.resume) for probe in reversed(self._probes)])

    def close(self) -> None:
        self._each([(probe, probe.close) for probe in reversed(self._probes)])

    def _arrange(self, probes: tuple[Probe, ...]) -> None:
        # Four times a test: the methods are looked up once.
        self._probes = probes
        inside_out = probes[::-1]
        self._start_test = [(probe, probe.start_test) for probe in probes]
        self._start_call = [(probe, probe.start_call) for probe in probes]
        self._stop_call = [(probe, probe.stop_call) for probe in inside_out]
        self._stop_test = [(probe, probe.stop_test) for probe in inside_out]

    def _each(self, steps: Sequence[tuple[Probe, Callable[..., None]]], *arguments: Usage) -> None:
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

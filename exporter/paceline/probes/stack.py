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
        self._outside_in = tuple(probes)
        self._inside_out = tuple(reversed(probes))
        self._on_failure = on_failure

    def start_test(self) -> None:
        self._each(self._outside_in, "start_test")

    def start_call(self) -> None:
        self._each(self._outside_in, "start_call")

    def stop_call(self, usage: Usage) -> None:
        self._each(self._inside_out, "stop_call", usage)

    def stop_test(self, usage: Usage) -> None:
        self._each(self._inside_out, "stop_test", usage)

    def pause(self) -> None:
        self._each(self._outside_in, "pause")

    def resume(self) -> None:
        self._each(self._inside_out, "resume")

    def close(self) -> None:
        self._each(self._inside_out, "close")

    def _each(self, probes: Sequence[Probe], step: str, *arguments: Usage) -> None:
        for probe in probes:
            try:
                getattr(probe, step)(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not the test's fault
                self._drop(probe, error)

    def _drop(self, probe: Probe, error: Exception) -> None:
        self._outside_in = tuple(one for one in self._outside_in if one is not probe)
        self._inside_out = tuple(reversed(self._outside_in))
        with contextlib.suppress(Exception):  # it has failed already
            probe.close()
        self._on_failure(error, f"measuring with {type(probe).__name__}")

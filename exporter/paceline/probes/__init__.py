"""
What is measured around a test: one probe a file, and the list of them here.
"""

from collections.abc import Callable
from functools import partial

from paceline.probes.children import ChildrenProbe
from paceline.probes.cpu import CpuProbe
from paceline.probes.garbage import GarbageProbe
from paceline.probes.io import io_probe
from paceline.probes.memory import memory_probe
from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe
from paceline.probes.runtime import RuntimeProbe

Failed = Callable[[Exception, str], None]


def make_probes(own: OwnWork, work: Probe | None = None, failed: Failed = lambda _error, _doing: None) -> list[Probe]:
    """
    All probes that work on this machine, the outermost first.

    Args:
        own: takes what the probes use themselves.
        work: counts calls, and so sees nothing but the test; None where no calls are counted.
        failed: takes the error of a probe that cannot be made here, as without /proc; the other probes are made.

    A probe is started after the ones before it and stopped before them, so that the last one, CPU, sees
    the least of the others' work.
    """
    makers: tuple[Callable[[], Probe | None], ...] = (
        partial(memory_probe, own),
        partial(ChildrenProbe, own),
        RuntimeProbe,
        GarbageProbe,
        partial(io_probe, own),
        partial(CpuProbe, own),
        lambda: work,
    )
    probes = (_made(make, failed) for make in makers)
    return [probe for probe in probes if probe is not None]


def _made(make: Callable[[], Probe | None], failed: Failed) -> Probe | None:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - psutil raises its own errors, and a sandbox may show any text
        failed(error, "starting a probe")
        return None

"""
What is measured around a test: one probe a file, and the list of them here.
"""

from collections.abc import Sequence

from paceline.probes.children import ChildrenProbe
from paceline.probes.cpu import CpuProbe
from paceline.probes.garbage import GarbageProbe
from paceline.probes.io import io_probe
from paceline.probes.memory import memory_probe
from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe
from paceline.probes.runtime import RuntimeProbe


def make_probes(own: OwnWork, work: Probe | None = None) -> Sequence[Probe]:
    """
    All probes that work on this machine, the outermost first.

    Args:
        own: takes what the probes use themselves.
        work: counts calls, and so sees nothing but the test; None where no calls are counted.

    A probe is started after the ones before it and stopped before them, so that the last one, CPU, sees
    the least of the others' work.
    """
    probes = (memory_probe(own), ChildrenProbe(own), RuntimeProbe(), GarbageProbe(), io_probe(own), CpuProbe(own), work)
    return [probe for probe in probes if probe is not None]

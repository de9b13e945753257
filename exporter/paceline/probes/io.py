"""
Bytes that the call phase read and wrote.
"""

from typing import ClassVar

import psutil

from paceline.probes.own_overhead import OwnWork, ProcFile
from paceline.probes.probe import Probe, Usage
from paceline.usage import UsageKey

_KEYS = (UsageKey.READ_BYTES, UsageKey.WRITTEN_BYTES)


def io_probe(own: OwnWork) -> Probe | None:
    """
    The kernel's counters on Linux, psutil's elsewhere; None where there are none (macOS).
    """
    try:
        return KernelIoProbe(own)
    except (OSError, ValueError, IndexError):  # a sandbox may show another text
        return PortableIoProbe() if hasattr(psutil.Process, "io_counters") else None


class KernelIoProbe(Probe):
    """
    Bytes through read and write calls (`rchar`, `wchar`): what the test did, whether or not a cache answered.

    Raises:
        OSError: the system is not Linux, or a sandbox refuses the file.
    """

    keys: ClassVar = _KEYS

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._file = ProcFile("self/io", own)
        self._before = self._read()

    def start_call(self) -> None:
        self._before = self._read()

    def stop_call(self, usage: Usage) -> None:
        read, written = self._read()
        usage[UsageKey.READ_BYTES] = max(read - self._before[0], 0)
        usage[UsageKey.WRITTEN_BYTES] = max(written - self._before[1], 0)

    def reopen(self) -> None:
        self._file.reopen()

    def close(self) -> None:
        self._file.close()

    def _read(self) -> tuple[int, int]:
        # The kernel counts a read after it, so the bytes of this one are not in its own figure.
        own_read, own_written = self._own.read_bytes, self._own.written_bytes
        fields = self._file.read(256).split(None, 4)
        return int(fields[1]) - own_read, int(fields[3]) - own_written


class PortableIoProbe(Probe):
    """
    psutil's counters of the process.
    """

    keys: ClassVar = _KEYS

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._process.io_counters()

    def start_call(self) -> None:
        self._before = self._process.io_counters()

    def stop_call(self, usage: Usage) -> None:
        after = self._process.io_counters()
        usage[UsageKey.READ_BYTES] = after.read_bytes - self._before.read_bytes
        usage[UsageKey.WRITTEN_BYTES] = after.write_bytes - self._before.write_bytes

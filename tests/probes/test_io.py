"""
Bytes read and written.
"""

import os
from pathlib import Path

import psutil

from paceline.probes.io import KernelIoProbe, PortableIoProbe, io_probe
from paceline.probes.own_overhead import OwnWork, ProcFile
from paceline.usage import UsageKey
from support.measuring import measured

_READ, _WRITTEN = UsageKey.READ_BYTES, UsageKey.WRITTEN_BYTES


def _write(path: Path, count: int) -> None:
    with path.open("wb") as file:
        file.write(b"x" * count)
        file.flush()
        os.fsync(file.fileno())


def test_bytes_of_the_call_are_counted_to_the_byte(tmp_path: Path) -> None:
    """
    A million written, half a million read, though a cache answered.
    """
    probe = KernelIoProbe(OwnWork())
    _write(tmp_path / "half", 500_000)

    def call() -> None:
        _write(tmp_path / "whole", 1_000_000)
        (tmp_path / "half").read_bytes()

    usage = measured(probe, call)
    probe.close()

    assert usage == {_READ: 500_000, _WRITTEN: 1_000_000}


def test_bytes_of_the_setup_are_not_the_calls(tmp_path: Path) -> None:
    """
    A call that does nothing has read and written nothing.
    """
    probe = KernelIoProbe(OwnWork())
    usage = measured(probe, lambda: None, setup=lambda: _write(tmp_path / "file", 1_000_000))
    probe.close()

    assert usage == {_READ: 0, _WRITTEN: 0}


def test_our_own_reading_is_not_the_tests() -> None:
    """
    What other probes read within the call is taken off.
    """
    own = OwnWork()
    probe, other = KernelIoProbe(own), ProcFile("self/status", own)
    usage = measured(probe, lambda: [other.read(4096) for _ in range(50)])
    probe.close()
    other.close()

    assert usage == {_READ: 0, _WRITTEN: 0}
    assert own.read_bytes > 10_000


def test_the_portable_probe_counts_what_psutil_counts(tmp_path: Path) -> None:
    """
    Reads and writes of the call, each in its place.
    """
    process, probe = psutil.Process(), PortableIoProbe()
    probe.start_test()
    before = process.io_counters()
    probe.start_call()
    _write(tmp_path / "file", 1_000_000)
    usage: dict[str, float] = {}
    probe.stop_call(usage)
    after = process.io_counters()
    probe.stop_test(usage)
    probe.close()

    assert usage == {
        _READ: after.read_bytes - before.read_bytes,
        _WRITTEN: after.write_bytes - before.write_bytes,
    }


def test_the_kernel_is_asked_where_it_answers() -> None:
    """
    On Linux its counters are taken.
    """
    probe = io_probe(OwnWork())

    assert isinstance(probe, KernelIoProbe)
    probe.close()

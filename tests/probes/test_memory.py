"""
Peak and retained memory, by the kernel and by looks before and after.
"""

import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from paceline.probes.memory import BoundaryMemoryProbe, KernelMemoryProbe, memory_probe
from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe
from paceline.usage import UsageKey
from support.measuring import measured

_MEBIBYTE = 1 << 20
# Blocks here are larger than 32 MiB: smaller ones glibc may take from memory that it never gave back.
_PEAK, _RETAINED = UsageKey.MEMORY_PEAK_BYTES, UsageKey.MEMORY_RETAINED_BYTES


_MAKE = {"kernel": lambda: KernelMemoryProbe(OwnWork()), "boundary": BoundaryMemoryProbe}


@pytest.fixture(params=_MAKE)
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """
    Each of both probes.
    """
    made: Probe = _MAKE[request.param]()
    yield made
    made.close()


def _use(mebibytes: int) -> None:
    """
    Fill so much memory, and let it go.
    """
    bytearray(mebibytes * _MEBIBYTE)


def test_a_peak_is_measured_though_it_is_over() -> None:
    """
    50 MiB that the call used and freed are its peak, and nothing is retained.
    """
    probe = KernelMemoryProbe(OwnWork())
    usage = measured(probe, lambda: _use(50))
    probe.close()

    assert 49 * _MEBIBYTE <= usage[_PEAK] < 70 * _MEBIBYTE
    assert usage[_RETAINED] < 10 * _MEBIBYTE


def test_what_a_test_keeps_is_retained(probe: Probe) -> None:
    """
    40 MiB of a list that outlives the test are its peak and are still there after it.
    """
    kept: list[bytearray] = []
    usage = measured(probe, lambda: kept.append(bytearray(40 * _MEBIBYTE)))

    assert 39 * _MEBIBYTE <= usage[_PEAK] < 60 * _MEBIBYTE
    assert 39 * _MEBIBYTE <= usage[_RETAINED] < 60 * _MEBIBYTE
    assert len(kept) == 1


def test_a_call_that_uses_nothing_has_no_peak(probe: Probe) -> None:
    """
    Nor does it have that of the call before it, or of its own setup.
    """
    measured(probe, lambda: _use(50))
    usage = measured(probe, lambda: None, setup=lambda: _use(60))

    assert usage[_PEAK] < 10 * _MEBIBYTE


def test_a_fixture_that_outlives_the_test_is_not_retained(probe: Probe) -> None:
    """
    What comes between pause and resume is not the test's.
    """
    kept: list[bytearray] = []

    def make_fixture() -> None:
        probe.pause()
        kept.append(bytearray(40 * _MEBIBYTE))
        probe.resume()

    usage = measured(probe, lambda: None, setup=make_fixture)

    assert usage[_RETAINED] < 10 * _MEBIBYTE
    assert len(kept) == 1


def test_memory_that_is_freed_is_no_debt(probe: Probe) -> None:
    """
    A test that frees what was there before it has used nothing, not less than nothing.
    """
    kept = [bytearray(40 * _MEBIBYTE)]
    usage = measured(probe, kept.clear)

    assert 0 <= usage[_PEAK] < 10 * _MEBIBYTE
    assert usage[_RETAINED] == 0


def test_a_probe_within_a_call_does_not_lower_its_peak() -> None:
    """
    A block that is monitored inside a test leaves the peak that the test had before it.
    """
    outer, within = KernelMemoryProbe(OwnWork()), {}

    def call() -> None:
        _use(50)
        inner = KernelMemoryProbe(OwnWork())
        within.update(measured(inner, lambda: _use(40)))
        inner.close()

    usage = measured(outer, call)
    outer.close()

    assert usage[_PEAK] >= 49 * _MEBIBYTE
    assert 39 * _MEBIBYTE <= within[_PEAK] < 50 * _MEBIBYTE


def test_a_probe_that_is_closed_in_its_call_disturbs_no_other() -> None:
    """
    A probe that was dropped is told of no peak any more.
    """
    dropped, probe = KernelMemoryProbe(OwnWork()), KernelMemoryProbe(OwnWork())
    dropped.start_test()
    dropped.start_call()
    dropped.close()
    usage = measured(probe, lambda: _use(50))
    probe.close()

    assert usage[_PEAK] >= 49 * _MEBIBYTE


def test_without_the_kernels_reset_only_the_highest_peak_is_seen() -> None:
    """
    In a process that never had more, 60 MiB are seen; 30 MiB after them are not, as they are over at the end.
    """
    script = """
        from paceline.probes.memory import BoundaryMemoryProbe
        from paceline.usage import UsageKey
        for size in (60, 30):
            probe, usage = BoundaryMemoryProbe(), {}
            probe.start_call()
            bytearray(size << 20)
            probe.stop_call(usage)
            print(usage[UsageKey.MEMORY_PEAK_BYTES] >> 20)
    """
    # What is started from here begins with this process' peak; what a shell starts does not.
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    high, low = map(int, done.stdout.split())

    assert 58 <= high < 70
    assert low < 5


def test_the_kernel_is_asked_where_it_answers() -> None:
    """
    On Linux.
    """
    probe = memory_probe(OwnWork())
    probe.close()

    assert isinstance(probe, KernelMemoryProbe)


def test_a_test_without_a_call_has_no_peak(probe: Probe) -> None:
    """
    A test that failed in its setup leaves the key out.
    """
    usage: dict[str, float] = {}
    probe.start_test()
    probe.stop_test(usage)

    assert set(usage) == {_RETAINED}

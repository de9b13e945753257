"""
Peak and retained memory, by the kernel and by sampling.
"""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from paceline.probes.memory import KernelMemoryProbe, SampledMemoryProbe, memory_probe
from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe
from paceline.usage import UsageKey
from support.measuring import measured

_MEBIBYTE = 1 << 20
# Blocks here are larger than 32 MiB: smaller ones glibc may take from memory that it never gave back.
_PEAK, _RETAINED = UsageKey.MEMORY_PEAK_BYTES, UsageKey.MEMORY_RETAINED_BYTES


@pytest.fixture(params=[KernelMemoryProbe, SampledMemoryProbe])
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """
    Each of both probes.
    """
    made: Probe = request.param(OwnWork())
    yield made
    made.close()


def _use(mebibytes: int, seconds: float = 0.2) -> None:
    """
    Fill so much memory, hold it, and let it go.
    """
    block = bytearray(mebibytes * _MEBIBYTE)
    time.sleep(seconds)
    del block


def test_a_peak_is_measured_though_it_is_over(probe: Probe) -> None:
    """
    50 MiB that the call used and freed are its peak, and nothing is retained.
    """
    usage = measured(probe, lambda: _use(50))

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
    usage = measured(probe, lambda: None, setup=lambda: _use(60, 0))

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
        _use(50, 0)
        inner = KernelMemoryProbe(OwnWork())
        within.update(measured(inner, lambda: _use(40, 0)))
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
    usage = measured(probe, lambda: _use(50, 0))
    probe.close()

    assert usage[_PEAK] >= 49 * _MEBIBYTE


def test_the_thread_of_a_probe_ends_with_it() -> None:
    """
    Sampling takes a thread that counts as our own work, and leaves none.
    """
    own = OwnWork()
    before = threading.active_count()
    probe = SampledMemoryProbe(own)
    running = own.threads, threading.active_count() - before
    probe.close()

    assert running == (1, 1)
    assert (own.threads, threading.active_count() - before) == (0, 0)


def test_the_kernel_is_asked_where_it_answers() -> None:
    """
    On Linux no thread is needed.
    """
    probe = memory_probe(OwnWork())
    probe.close()

    assert isinstance(probe, KernelMemoryProbe)


@pytest.mark.parametrize("make", [KernelMemoryProbe, SampledMemoryProbe])
def test_a_test_without_a_call_has_no_peak(make: Callable[[OwnWork], Probe]) -> None:
    """
    A test that failed in its setup leaves the key out.
    """
    probe = make(OwnWork())
    usage: dict[UsageKey, float] = {}
    probe.start_test()
    probe.stop_test(usage)
    probe.close()

    assert set(usage) == {_RETAINED}

"""
Full garbage collections that fall on a test.
"""

import gc
import time
from collections.abc import Iterator, Mapping
from threading import Thread

import pytest

from paceline.probes.garbage import GarbageProbe
from paceline.usage import UsageKey
from support.measuring import measured

_SHARED = UsageKey.SHARED_GC_SECONDS
# More than enough to make the collector begin, where it does full collections by itself: Python 3.14 does not.
_MOST_OBJECTS = 2_000_000


@pytest.fixture
def probe() -> Iterator[GarbageProbe]:
    """
    A probe that has seen how long a full collection takes here.
    """
    probe = GarbageProbe()
    gc.collect()
    yield probe
    probe.close()


class _Allocating:
    """
    Makes objects until the collector did a number of full collections by itself, and keeps them.
    """

    def __init__(self, collections: int) -> None:
        self.collected = 0
        self._wanted = collections

    def __call__(self) -> None:
        before, kept = _full_collections(), list[object]()
        while self.collected < self._wanted and len(kept) < _MOST_OBJECTS:
            kept.extend([] for _ in range(1000))
            self.collected = _full_collections() - before


def _full_collections() -> int:
    return int(gc.get_stats()[2]["collections"])


def test_a_collection_that_began_by_itself_is_not_the_tests(probe: GarbageProbe) -> None:
    """
    It walks the objects of all tests.
    """
    allocating = _Allocating(1)

    assert (measured(probe, allocating)[_SHARED] > 0) is (allocating.collected > 0)


def test_what_walks_the_tests_own_objects_is_its_own(probe: GarbageProbe) -> None:
    """
    A collection that takes longer than the last one before the test, and half as long again, walks what the test made.
    """
    spent: list[float] = []

    def note(phase: str, info: Mapping[str, int]) -> None:
        if info["generation"] == 2:
            spent.append(time.thread_time() * (1 if phase == "stop" else -1))

    def make_many_objects() -> None:
        gc.disable()
        own: list[object] = [[] for _ in range(1_500_000)]
        gc.enable()
        _Allocating(1)()
        assert own

    gc.callbacks.append(note)
    gc.collect()
    last = sum(spent)
    shared = measured(probe, make_many_objects)[_SHARED]
    gc.callbacks.remove(note)

    assert shared <= 1.55 * last


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_collection_that_the_test_asks_for_is_its_own(probe: GarbageProbe, generation: int) -> None:
    """
    Of whichever generation, and where the collector is switched off as well.
    """
    gc.disable()
    off = measured(probe, lambda: [[] for _ in range(5000)] and gc.collect(generation))
    gc.enable()

    assert off[_SHARED] == 0
    assert measured(probe, lambda: gc.collect(generation))[_SHARED] == 0


def test_a_collection_in_the_setup_is_not_of_the_call(probe: GarbageProbe) -> None:
    """
    Only the call phase is judged.
    """
    assert measured(probe, lambda: None, setup=_Allocating(1))[_SHARED] == 0


def test_a_collection_in_another_thread_does_not_count(probe: GarbageProbe) -> None:
    """
    The test may have slept meanwhile.
    """

    def allocate_elsewhere() -> None:
        thread = Thread(target=_Allocating(1))
        thread.start()
        thread.join()

    assert measured(probe, allocate_elsewhere)[_SHARED] == 0


def test_the_callbacks_of_others_stay(probe: GarbageProbe) -> None:
    """
    A test may empty the list; the next one is measured all the same, and at the end only the probe's own is gone.
    """
    others = [one for one in gc.callbacks if one is not probe._callback]
    gc.callbacks.clear()
    gc.callbacks.extend(others)
    allocating = _Allocating(1)

    assert (measured(probe, allocating)[_SHARED] > 0) is (allocating.collected > 0)
    probe.close()
    assert gc.callbacks == others

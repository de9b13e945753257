"""
The memory of the child processes of each test.
"""

from paceline.companion.children_memory import ChildrenMemory

_SECOND = 1_000_000_000
_PYTEST, _WORKER = 100, 200


def _memory() -> ChildrenMemory:
    memory = ChildrenMemory()
    memory.start(_PYTEST, 10 * _SECOND, 1)
    return memory


def test_the_highest_look_is_the_peak() -> None:
    """
    All processes below the test's are added up.
    """
    memory = _memory()
    for sizes in ([20], [50, 30], [60]):
        memory.see(_PYTEST, {(300 + place, 11.0 * _SECOND): size for place, size in enumerate(sizes)})

    assert memory.peaks == {(_PYTEST, 1): 80}


def test_a_test_without_children_is_absent() -> None:
    """
    Looks are rare, so that 0 would claim more than was seen.
    """
    memory = _memory()
    memory.see(_PYTEST, {})

    assert memory.peaks == {}


def test_a_process_that_was_there_before_counts_with_its_growth() -> None:
    """
    A server that an earlier test left behind is not the memory of this one.
    """
    memory = _memory()
    server = (300, 1.0 * _SECOND)
    memory.see(_PYTEST, {server: 70})
    memory.start(_PYTEST, 20 * _SECOND, 2)
    memory.see(_PYTEST, {server: 75})
    memory.start(_PYTEST, 30 * _SECOND, 3)
    memory.see(_PYTEST, {server: 75})

    assert memory.peaks == {(_PYTEST, 2): 5}


def test_a_process_seen_late_counts_by_its_start() -> None:
    """
    A process that was started between the last look and the test was there before the test.
    """
    memory = _memory()
    memory.see(_PYTEST, {(300, 9.5 * _SECOND): 70, (301, 10.0 * _SECOND): 3})

    assert memory.peaks == {(_PYTEST, 1): 3}


def test_a_process_that_ended_between_two_tests_hides_nothing() -> None:
    """
    It was there at the last look before the second test, and has given its memory back.
    """
    memory = _memory()
    memory.see(_PYTEST, {(300, 11.0 * _SECOND): 200})
    memory.end(_PYTEST)
    memory.start(_PYTEST, 20 * _SECOND, 2)
    memory.see(_PYTEST, {(301, 21.0 * _SECOND): 200})

    assert memory.peaks == {(_PYTEST, 1): 200, (_PYTEST, 2): 200}


def test_nothing_counts_between_two_tests() -> None:
    """
    What pytest or another plugin starts there belongs to no test.
    """
    memory = _memory()
    memory.end(_PYTEST)
    memory.see(_PYTEST, {(300, 11.0 * _SECOND): 200})

    assert memory.peaks == {}


def test_processes_that_run_tests_are_apart() -> None:
    """
    Each worker of xdist has its own tests and its own children.
    """
    memory = _memory()
    memory.start(_WORKER, 10 * _SECOND, 1)
    memory.see(_WORKER, {(300, 11.0 * _SECOND): 200})

    assert memory.peaks == {(_WORKER, 1): 200}
    assert memory.processes == [_PYTEST, _WORKER]


def test_the_last_test_with_a_key_counts() -> None:
    """
    An attempt that was tried again leaves no figure.
    """
    memory = _memory()
    memory.see(_PYTEST, {(300, 11.0 * _SECOND): 200})
    memory.start(_PYTEST, 20 * _SECOND, 1)
    memory.see(_PYTEST, {(301, 21.0 * _SECOND): 50})

    assert memory.peaks == {(_PYTEST, 1): 50}


def test_the_end_of_an_unknown_test_is_ignored() -> None:
    """
    The message of its start was dropped.
    """
    memory = ChildrenMemory()
    memory.end(_PYTEST)

    assert memory.processes == []


def test_an_ended_process_keeps_the_figures_of_its_tests() -> None:
    """
    A worker that crashed, too.
    """
    memory = _memory()
    memory.see(_PYTEST, {(300, 11.0 * _SECOND): 200})
    memory.forget(_PYTEST)

    assert (memory.processes, memory.peaks) == ([], {(_PYTEST, 1): 200})

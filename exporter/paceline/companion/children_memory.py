"""
The memory of the child processes of each test, computed from looks at them.
"""

from collections.abc import Mapping

# The kernel rounds the start of a process down to a tick of its clock.
_TICK_NS = 10_000_000

# A process and when it was started: its id alone is given again.
Child = tuple[int, float]


class ChildrenMemory:
    """
    Per test, the peak of the resident memory of all processes below the one that runs it, above what those have that
    were there when the test started. All calls are in the order of time.

    `peaks` is in bytes, by the process that runs the test and the key of the test. A test in which no child process
    was seen is absent. Where a key comes again, the last test with that key counts.
    """

    def __init__(self) -> None:
        self.peaks: dict[tuple[int, int], int] = {}
        self._processes: dict[int, _Process] = {}

    @property
    def processes(self) -> list[int]:
        """
        The processes that have run tests.
        """
        return list(self._processes)

    def start(self, process: int, at_ns: int, key: int) -> None:
        """
        A test starts; the one before it in this process has ended, though its end may be unknown.
        """
        self.peaks.pop((process, key), None)
        known = self._processes.setdefault(process, _Process())
        known.key, known.started_ns, known.baseline = key, at_ns, None

    def end(self, process: int) -> None:
        if process in self._processes:
            self._processes[process].key = None

    def forget(self, process: int) -> None:
        """
        A process that ran tests has ended.
        """
        self._processes.pop(process, None)

    def see(self, process: int, memory: Mapping[Child, int]) -> None:
        """
        Take a look at the processes below one: the resident memory of each.
        """
        known = self._processes[process]
        if known.key is not None:
            if known.baseline is None:
                known.baseline = _baseline(known, memory)
            added = sum(memory.values()) - known.baseline
            if added > self.peaks.get((process, known.key), 0):
                self.peaks[process, known.key] = added
        known.last = memory


class _Process:
    def __init__(self) -> None:
        self.key: int | None = None
        self.started_ns = 0
        self.baseline: int | None = None
        self.last: Mapping[Child, int] = {}


def _baseline(known: _Process, memory: Mapping[Child, int]) -> int:
    """
    What the processes had at the start of the test that were there then and still are at the first look.
    """
    before = known.started_ns - _TICK_NS
    return sum(known.last.get(child, now) for child, now in memory.items() if child in known.last or child[1] < before)

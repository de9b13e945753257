"""
The process tree and the machine.
"""

import contextlib
import os
import time

import psutil

from paceline.companion.descendants import descendants

Figures = dict[str, float]

# As psutil recommends: the kernel counts in ticks of 10 ms.
_SHORTEST_CPU_SECONDS = 0.1


class Sampler:
    """
    Looks at the process tree of a session and at the machine, when asked.

    `tree` and `system` are the figures of the last sample, by the fields of `TreeSample` and `SystemSample`.
    `failures` counts the looks that failed: a process that ends while it is looked at is nobody's fault.

    Args:
        process: the session's.
        project: the folder whose disk is looked at.
    """

    def __init__(self, process: int, project: str) -> None:
        self.tree: Figures = {}
        self.system: Figures = {}
        self.failures = 0
        self._tree = _Tree(process)
        self._project = project
        self._cpu_sum = 0.0
        self._cpu_count = 0
        self._worst: Figures = {}
        self._cpu_read = 0.0

    def sample(self) -> None:
        """
        Look once.
        """
        try:
            tree, system = self._tree.sample(), self._system()
        except (psutil.Error, OSError):
            self.failures += 1
            return
        self.tree, self.system = tree, system
        if "cpu_percent" in system:
            self._cpu_sum += system["cpu_percent"]
            self._cpu_count += 1
        seen = {**system, "tree": tree["resident_bytes"], "tree_processes": tree["processes"]}
        self._worst |= {key: max(value, self._worst.get(key, value)) for key, value in seen.items()}

    def machine(self) -> Figures:
        """
        All samples, summed up by the fields of `Machine`.
        """
        worst = self._worst
        if not worst:
            return {}
        figures = {
            "memory_percent_max": worst["memory_percent"],
            "load_per_cpu_max": round(worst["load_1m"] / (os.cpu_count() or 1), 2),
            "process_tree_memory_max_bytes": worst["tree"],
            "process_tree_processes_max": worst["tree_processes"],
        }
        if self._cpu_count:
            figures["cpu_percent_mean"] = round(self._cpu_sum / self._cpu_count, 1)
            figures["cpu_percent_max"] = worst["cpu_percent"]
        return figures

    def _system(self) -> Figures:
        memory = psutil.virtual_memory()
        disk = psutil.disk_io_counters()
        network = psutil.net_io_counters()
        return {
            "memory_used_bytes": memory.used,
            "memory_percent": memory.percent,
            "load_1m": psutil.getloadavg()[0],
            "processes": len(psutil.pids()),
            "disk_read_bytes": disk.read_bytes if disk else 0,
            "disk_written_bytes": disk.write_bytes if disk else 0,
            "disk_percent": psutil.disk_usage(self._project).percent,
            "network_received_bytes": network.bytes_recv if network else 0,
            "network_sent_bytes": network.bytes_sent if network else 0,
            **self._cpu(),
        }

    def _cpu(self) -> Figures:
        """
        The CPU since it was read last; absent at first, and where that was too short ago.
        """
        before, now = self._cpu_read, time.monotonic()
        if before and now - before < _SHORTEST_CPU_SECONDS:
            return {}
        percent, self._cpu_read = psutil.cpu_percent(), now
        return {"cpu_percent": percent} if before else {}


class _Tree:
    """
    The process tree, with the memory of what ended processes had used.
    """

    def __init__(self, process: int) -> None:
        self._process = process
        self._cpu: dict[int, float] = {}
        self._io: dict[int, tuple[int, int]] = {}

    def sample(self) -> Figures:
        resident = threads = files = count = 0
        for one in (self._process, *descendants(self._process)):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(one)
                with process.oneshot():
                    times = process.cpu_times()
                    self._cpu[one] = times.user + times.system
                    resident += process.memory_info().rss
                    threads += process.num_threads()
                    files += process.num_fds() if hasattr(process, "num_fds") else 0
                    self._io[one] = _io_of(process)
                    count += 1
        return {
            "cpu_seconds": sum(self._cpu.values()),
            "resident_bytes": resident,
            "processes": count,
            "threads": threads,
            "open_files": files,
            "read_bytes": sum(read for read, _ in self._io.values()),
            "written_bytes": sum(written for _, written in self._io.values()),
        }


def _io_of(process: psutil.Process) -> tuple[int, int]:
    if not hasattr(process, "io_counters"):
        return 0, 0
    counters = process.io_counters()
    return counters.read_bytes, counters.write_bytes

"""
The process tree and the machine while tests run, seen from a thread of its own.
"""

import contextlib
import os
import threading
from pathlib import Path
from statistics import fmean

import psutil

from paceline.live_report import ResourceSample, SystemSample, TreeSample
from paceline.model import Machine
from paceline.probes.own_overhead import OwnWork


class Sampler:
    """
    Takes a sample at once and then every `interval` seconds, until `stop`.

    `latest` is the last sample and `failures` counts the looks that failed: a process that ends while it is
    being looked at is nobody's fault, and a sampler that dies would leave the rest of the run dark.
    """

    def __init__(self, own: OwnWork, interval: float) -> None:
        self.latest = ResourceSample()
        self.failures = 0
        self._own = own
        self._interval = interval
        self._tree = _Tree()
        self._cpu: list[float] = []
        self._has_looked = False
        self._worst = {"memory": 0.0, "load": 0.0, "tree": 0.0, "processes": 0}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="paceline-sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._own.add_thread(self._thread)

    def stop(self) -> None:
        """
        End the thread; it takes a last sample, so that a short run has one too.
        """
        self._own.remove_thread(self._thread)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def machine(self) -> Machine:
        """
        The run so far, summed up.
        """
        if not self._has_looked:
            return Machine()
        worst = self._worst
        return Machine(
            cpu_percent_mean=round(fmean(self._cpu), 1) if self._cpu else None,
            cpu_percent_max=max(self._cpu, default=None),
            memory_percent_max=worst["memory"],
            load_per_cpu_max=round(worst["load"] / (os.cpu_count() or 1), 2),
            process_tree_memory_max_bytes=worst["tree"],
            process_tree_processes_max=int(worst["processes"]),
        )

    def sample(self) -> None:
        """
        Look once.
        """
        try:
            sample = ResourceSample(tree=self._tree.sample(), system=_system(has_before=self._has_looked))
        except (psutil.Error, OSError):
            self.failures += 1
            return
        self._has_looked = True
        if sample.system.cpu_percent is not None:
            self._cpu.append(sample.system.cpu_percent)
        seen = {
            "memory": sample.system.memory_percent,
            "load": sample.system.load_1m,
            "tree": sample.tree.resident_bytes,
            "processes": sample.tree.processes,
        }
        self._worst = {key: max(value, seen[key]) for key, value in self._worst.items()}
        self.latest = sample

    def _watch(self) -> None:
        # All samples are of this thread: psutil has a "call before" for each thread, at first the import.
        is_last = False
        while True:
            self._own.busy_thread = threading.get_native_id()
            self.sample()
            self._own.background_read_bytes = _read_by_this_thread()
            self._own.busy_thread = None
            if is_last:
                return
            is_last = self._stopping.wait(self._interval)


class _Tree:
    """
    The process tree, with the memory of what ended processes had used.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cpu: dict[int, float] = {}
        self._io: dict[int, tuple[int, int]] = {}

    def sample(self) -> TreeSample:
        resident = threads = files = count = 0
        for process in (self._process, *self._process.children(recursive=True)):
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                self._cpu[process.pid] = times.user + times.system
                resident += process.memory_info().rss
                threads += process.num_threads()
                files += process.num_fds() if hasattr(process, "num_fds") else 0
                self._io[process.pid] = _io_of(process)
                count += 1
        return TreeSample(
            cpu_seconds=sum(self._cpu.values()),
            resident_bytes=resident,
            processes=count,
            threads=threads,
            open_files=files,
            read_bytes=sum(read for read, _ in self._io.values()),
            written_bytes=sum(written for _, written in self._io.values()),
        )


def _io_of(process: psutil.Process) -> tuple[int, int]:
    if not hasattr(process, "io_counters"):
        return 0, 0
    counters = process.io_counters()
    return counters.read_bytes, counters.write_bytes


def _system(*, has_before: bool) -> SystemSample:
    cpu_percent = psutil.cpu_percent()  # since the call before; the first has no meaning
    memory = psutil.virtual_memory()
    disk = psutil.disk_io_counters()
    network = psutil.net_io_counters()
    return SystemSample(
        cpu_percent=cpu_percent if has_before else None,
        memory_used_bytes=memory.used,
        memory_percent=memory.percent,
        load_1m=psutil.getloadavg()[0],
        processes=len(psutil.pids()),
        disk_read_bytes=disk.read_bytes if disk else 0,
        disk_written_bytes=disk.write_bytes if disk else 0,
        disk_percent=psutil.disk_usage(".").percent,
        network_received_bytes=network.bytes_recv if network else 0,
        network_sent_bytes=network.bytes_sent if network else 0,
    )


def _read_by_this_thread() -> int:
    try:
        counters = Path("/proc/thread-self/io").read_bytes()
    except OSError:
        return 0
    return int(counters.split(None, 2)[1])

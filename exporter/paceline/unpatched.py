"""
Functions of the interpreter, bound before a conftest or a test can replace them.

`paceline.plugin` imports this module, and pytest loads that as an entry point before any conftest. The functions are
attributes of an object: freezegun and pyfakefs replace what stands in the globals of modules, `mock.patch` replaces
attributes of modules, and neither looks into an object.
"""

import gc
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


class Monitoring:
    """
    The functions of `sys.monitoring`, of Python 3.12 and later.
    """

    __slots__ = (
        "DISABLE",
        "JUMP",
        "NO_EVENTS",
        "PY_START",
        "free_tool_id",
        "get_tool",
        "register_callback",
        "set_events",
        "use_tool_id",
    )

    def __init__(self, module: Any) -> None:  # noqa: ANN401 - mypy does not know it on Python 3.11
        self.DISABLE: Final[object] = module.DISABLE
        self.PY_START: Final[int] = module.events.PY_START
        self.JUMP: Final[int] = module.events.JUMP
        self.NO_EVENTS: Final[int] = module.events.NO_EVENTS
        self.use_tool_id: Final[Callable[[int, str], None]] = module.use_tool_id
        self.free_tool_id: Final[Callable[[int], None]] = module.free_tool_id
        self.get_tool: Final[Callable[[int], str | None]] = module.get_tool
        self.register_callback: Final[Callable[[int, int, Any], Any]] = module.register_callback
        self.set_events: Final[Callable[[int, int], None]] = module.set_events

    @classmethod
    def bound(cls) -> "Monitoring | None":
        module = getattr(sys, "monitoring", None)
        return cls(module) if module is not None else None


def _read_clocks() -> tuple[int, int, float]:
    """
    Both clocks at one moment, after the nanoseconds between two readings around it: a busy machine may do something
    else in between.
    """
    before, now, after = time.perf_counter_ns(), time.time(), time.perf_counter_ns()
    return after - before, (before + after) // 2, now


class _Unpatched:
    """
    The functions that Paceline calls while tests run.

    `wall_time` is computed from a reading at import and a monotonic clock, as time-machine replaces the wall clock
    itself.
    """

    __slots__ = (
        "POLLIN",
        "active_count",
        "close",
        "fspath",
        "fstat",
        "gc_callbacks",
        "gc_collect",
        "gc_counts",
        "gc_is_enabled",
        "gc_stats",
        "gc_thresholds",
        "get_ident",
        "get_native_id",
        "getframe",
        "getpid",
        "getprofile",
        "getrusage",
        "gettrace",
        "has_gil",
        "listdir",
        "mkfifo",
        "modules",
        "monitoring",
        "open",
        "perf_counter_ns",
        "poll",
        "posix_spawn",
        "pread",
        "process_time",
        "read",
        "rmdir",
        "setprofile",
        "setprofile_of_threads",
        "started",
        "started_ns",
        "thread_time_ns",
        "threads",
        "unlink",
        "waitid",
        "waitpid",
        "write",
    )

    def __init__(self) -> None:
        self.perf_counter_ns: Final = time.perf_counter_ns
        self.process_time: Final = time.process_time
        self.thread_time_ns: Final = getattr(time, "thread_time_ns", time.process_time_ns)
        _, self.started_ns, self.started = min(_read_clocks() for _ in range(5))
        self.open: Final = os.open
        self.close: Final = os.close
        self.fstat: Final = os.fstat
        self.fspath: Final = os.fspath
        self.pread: Final[Callable[[int, int, int], bytes] | None] = getattr(os, "pread", None)
        self.read: Final = os.read
        self.write: Final = os.write
        self.unlink: Final = os.unlink
        self.rmdir: Final = os.rmdir
        # Absent on Windows.
        self.mkfifo: Final[Any] = getattr(os, "mkfifo", None)
        self.posix_spawn: Final[Any] = getattr(os, "posix_spawn", None)
        self.waitpid: Final = os.waitpid
        self.poll: Final[Any] = getattr(select, "poll", None)
        self.POLLIN: Final[int] = getattr(select, "POLLIN", 1)
        self.listdir: Final = os.listdir
        self.getpid: Final = os.getpid
        self.waitid: Final[Callable[..., Any] | None] = getattr(os, "waitid", None)
        self.getrusage: Final = resource.getrusage if resource is not None else None
        self.gc_stats: Final = gc.get_stats
        self.gc_collect: Final = gc.collect
        self.gc_callbacks: Final = gc.callbacks
        self.gc_counts: Final = gc.get_count
        self.gc_thresholds: Final = gc.get_threshold
        self.gc_is_enabled: Final = gc.isenabled
        self.gettrace: Final = sys.gettrace
        self.active_count: Final = threading.active_count
        self.get_native_id: Final = threading.get_native_id
        self.get_ident: Final = threading.get_ident
        # The threads of Python by their number; `threading.enumerate` takes a lock and makes a list.
        self.threads: Final[Mapping[int, threading.Thread]] = threading._active  # type: ignore[attr-defined]  # noqa: SLF001
        self.modules: Final = sys.modules
        self.getframe: Final = sys._getframe  # noqa: SLF001 - the only way to the frame that is entered
        self.getprofile: Final = sys.getprofile
        self.setprofile: Final = sys.setprofile
        self.setprofile_of_threads: Final = threading.setprofile
        self.monitoring: Final = Monitoring.bound()
        self.has_gil: Final[bool] = getattr(sys, "_is_gil_enabled", lambda: True)()

    def monotonic(self) -> float:
        """
        Seconds of a clock that nothing sets back or freezes.
        """
        return self.perf_counter_ns() / 1e9

    def wall_time(self) -> float:
        """
        Seconds since 1970.
        """
        return self.started + (self.perf_counter_ns() - self.started_ns) / 1e9


UNPATCHED: Final = _Unpatched()

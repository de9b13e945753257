"""
Counting each call of the project's functions, in the way that the interpreter offers.
"""

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Final, Protocol

from paceline.errors import PacelineError
from paceline.probes.work.counted_calls import CountedCalls
from paceline.unpatched import UNPATCHED, Monitoring

_NAME = "paceline"
# 0 and 1 are those of debuggers and of coverage; a profiler has 2, and what optimizes has 5.
_TOOL_IDS = (4, 3, 5, 2)
_STARTS_LATER = 0x20 | 0x80 | 0x200  # generators, coroutines, asynchronous generators
_COMPREHENSIONS = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})


class NotCountableError(PacelineError):
    """
    Somebody else has what counting takes.
    """


class CallCounter(Protocol):
    """
    Counts the calls of one test at a time, in all threads.

    `start` raises a `NotCountableError` where another tool has what counting takes. `stop` says whether all calls were
    counted: a test may have taken the counter away. `rest` ends what slows down code that is not counted.
    """

    def start(self, calls: CountedCalls) -> None: ...

    def stop(self) -> bool: ...

    def rest(self) -> None: ...

    def close(self) -> None: ...


def make_counter() -> CallCounter:
    """
    The counter of this interpreter.
    """
    return MonitoringCounter(UNPATCHED.monitoring) if UNPATCHED.monitoring is not None else ProfileCounter()


class MonitoringCounter:
    """
    Counts by `sys.monitoring`. Code that is not the project's is seen once, and then switched off for good.

    Its events stay on from test to test, as each switch makes the interpreter prepare all code anew; between tests
    there is no callback.
    """

    def __init__(self, monitoring: Monitoring) -> None:
        self._monitoring: Final = monitoring
        self._tool: int | None = None
        self._callback: object = None
        self._events = monitoring.NO_EVENTS
        self._event = monitoring.PY_START

    def start(self, calls: CountedCalls) -> None:
        monitoring, tool = self._monitoring, self._acquired()
        make, event = (_on_jump, monitoring.JUMP) if calls.notes_loops else (_on_start, monitoring.PY_START)
        self._callback, self._event = make(calls, monitoring.DISABLE), event
        monitoring.register_callback(tool, event, self._callback)
        if self._events != event:
            monitoring.set_events(tool, event)
            self._events = event

    def stop(self) -> bool:
        tool = self._tool
        if tool is None or self._monitoring.get_tool(tool) != _NAME:
            self._tool, self._events = None, self._monitoring.NO_EVENTS
            return False
        return self._monitoring.register_callback(tool, self._event, None) is self._callback

    def rest(self) -> None:
        is_on = self._events != self._monitoring.NO_EVENTS
        if is_on and self._tool is not None and self._monitoring.get_tool(self._tool) == _NAME:
            self._monitoring.set_events(self._tool, self._monitoring.NO_EVENTS)
        self._events = self._monitoring.NO_EVENTS

    def close(self) -> None:
        self.rest()
        if self._tool is not None and self._monitoring.get_tool(self._tool) == _NAME:
            self._monitoring.free_tool_id(self._tool)
        self._tool = None

    def _acquired(self) -> int:
        if self._tool is not None and self._monitoring.get_tool(self._tool) == _NAME:
            return self._tool
        self._events = self._monitoring.NO_EVENTS
        for tool in _TOOL_IDS:
            if self._monitoring.get_tool(tool) is None:
                self._monitoring.use_tool_id(tool, _NAME)
                self._tool = tool
                return tool
        taken = ", ".join(str(self._monitoring.get_tool(tool)) for tool in sorted(_TOOL_IDS))
        raise NotCountableError(f"all tool ids of sys.monitoring are in use ({taken})")


def _on_start(calls: CountedCalls, disable: object) -> Callable[[CodeType, int], object]:
    counts, first, frame_of, identity = calls.counts, calls.first, UNPATCHED.getframe, calls.identity
    depth = 2 if calls.notes_callers else 1

    def on_start(code: CodeType, _offset: int) -> object:
        try:
            counts[identity(code)] += 1
        except KeyError:
            return None if first(code, frame_of(depth)) else disable
        return None

    def on_start_with_caller(code: CodeType, offset: int) -> object:
        found = on_start(code, offset)
        if found is not disable:
            calls.note_caller(frame_of(1))
        return found

    return on_start_with_caller if calls.notes_callers else on_start


def _on_jump(calls: CountedCalls, disable: object) -> Callable[[CodeType, int, int], object]:
    """
    Count jumps back: each is a round of a loop.
    """
    counts, first, frame_of, identity = calls.counts, calls.first, UNPATCHED.getframe, calls.identity

    def on_jump(code: CodeType, offset: int, destination: int) -> object:
        if destination > offset:
            return disable
        try:
            counts[identity(code)] += 1
        except KeyError:
            return None if first(code, frame_of(1)) else disable
        return None

    return on_jump


class ProfileCounter:
    """
    Counts by `sys.setprofile`, on Python 3.11: slower, only where nobody else has it, and no loops.
    """

    def __init__(self) -> None:
        self._profile: Callable[[FrameType, str, Any], None] | None = None

    def start(self, calls: CountedCalls) -> None:
        if calls.notes_loops:
            raise NotCountableError("loops are counted on Python 3.12 and later")
        other = UNPATCHED.getprofile()
        if other is not None:
            raise NotCountableError(f"another profiler uses sys.setprofile ({type(other).__name__})")
        self._profile = _on_event(calls)
        UNPATCHED.setprofile_of_threads(self._profile)
        UNPATCHED.setprofile(self._profile)

    def stop(self) -> bool:
        profile, self._profile = self._profile, None
        is_ours = UNPATCHED.getprofile() is profile
        if is_ours:
            UNPATCHED.setprofile(None)
        UNPATCHED.setprofile_of_threads(None)
        return is_ours

    def rest(self) -> None: ...

    def close(self) -> None: ...


def _on_event(calls: CountedCalls) -> Callable[[FrameType, str, Any], None]:
    counts, first, identity = calls.counts, calls.first, calls.identity

    def on_event(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event != "call" or code.co_name in _COMPREHENSIONS or _is_resumed(frame):
            return
        try:
            counts[identity(code)] += 1
        except KeyError:
            if not first(code, frame):
                return
        if calls.notes_callers:
            calls.note_caller(frame)

    return on_event


def _is_resumed(frame: FrameType) -> bool:
    """
    Whether a generator or coroutine goes on after it has started.
    """
    code = frame.f_code
    # The argument of the instruction RESUME is 0 at the start.
    return bool(code.co_flags & _STARTS_LATER) and code.co_code[frame.f_lasti + 1] != 0

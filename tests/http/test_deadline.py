"""
Calls that wait no longer than they may.
"""

import threading
import time

import pytest

from paceline.http.deadline import in_background, within


def test_a_call_that_ends_in_time_has_its_result() -> None:
    """
    Or raises what the call raised.
    """
    assert within(60, lambda: 7, "call") == 7
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0, "call")


def test_a_call_that_takes_too_long_is_left_to_itself() -> None:
    """
    The caller goes on while the call is still waiting, in a thread that does not keep the process.
    """
    release = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, release.wait, "slow call")
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "slow call")

    assert thread.daemon
    release.set()
    thread.join(60)
    assert not thread.is_alive()


def test_no_time_is_no_call() -> None:
    """
    Nothing is started where no time is left.
    """
    calls: list[float] = []
    with pytest.raises(TimeoutError):
        within(0, lambda: calls.append(time.monotonic()), "call")

    assert calls == []


def test_calls_run_at_once() -> None:
    """
    Two that wait for each other both end.
    """
    meeting = threading.Barrier(2, timeout=60)
    waiting = [in_background(meeting.wait, "call") for _ in range(2)]

    assert sorted(one.result(60) for one in waiting) == [0, 1]

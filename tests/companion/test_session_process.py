"""
Whether the session's process is alive.
"""

import select
import subprocess

import pytest

from paceline.companion.session_process import SessionProcess


@pytest.fixture(params=["descriptor", "looking"])
def sleeper(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> "subprocess.Popen[bytes]":
    """
    A process that waits for the end of its input; the system has descriptors of processes, or has not.
    """
    if request.param == "looking":
        monkeypatch.delattr("os.pidfd_open", raising=False)
        monkeypatch.setattr("paceline.companion.session_process._SECONDS", 0)
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE)


def test_a_process_is_alive_until_it_ends(sleeper: "subprocess.Popen[bytes]") -> None:
    """
    One that nobody has waited for, a zombie, has ended.
    """
    process = SessionProcess(sleeper.pid)
    before = process.is_alive()
    assert sleeper.stdin is not None
    sleeper.stdin.close()
    with open(f"/proc/{sleeper.pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - read again and again
        while stat.seek(0) == 0 and ") Z " not in stat.read():
            pass
    after = process.is_alive()
    sleeper.wait()

    assert (before, after, process.is_alive()) == (True, False, False)


def test_a_process_that_has_ended_before_is_not_alive() -> None:
    """
    It ended before the companion was there.
    """
    ended = subprocess.Popen(["true"])
    ended.wait()
    process = SessionProcess(ended.pid)

    assert not process.is_alive()


def test_the_end_of_a_process_wakes_a_poll() -> None:
    """
    On Linux.
    """
    sleeper = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    poll = select.poll()
    SessionProcess(sleeper.pid).register(poll)
    before = poll.poll(0)
    sleeper.communicate()

    assert before == []
    assert len(poll.poll(10_000)) == 1

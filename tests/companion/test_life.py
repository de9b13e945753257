"""
The life of the companion, from its start to its end.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from paceline.companion import launch
from paceline.companion.launch import start
from paceline.companion.order import Order
from paceline.companion.session_side import Companion, Observed
from paceline.errors import CompanionError

# Enough for a busy machine: an answer is waited for no longer than it takes.
_SECONDS = 60


def _order(folder: Path) -> Order:
    return Order(sample_seconds=0.1, project=str(folder))


def _process_of(temporary: Path) -> psutil.Process:
    """
    The companion's process, found by its arguments.
    """
    _wait_until(lambda: any(_companions(temporary)))
    process = next(_companions(temporary))
    _wait_until(lambda: not any(temporary.glob("*/order")))  # it watches
    return process


def _companions(temporary: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or [""]
        if arguments[-1].startswith(str(temporary)) and "-I" in arguments and process.status() != psutil.STATUS_ZOMBIE:
            yield process


def _wait_until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _run(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *arguments], stdout=subprocess.PIPE, text=True
    )


def test_it_is_no_child_and_no_job_of_the_session(companion: Companion, temporary: Path) -> None:
    """
    `os.wait` does not meet it, no list of child processes has it, and Ctrl-C does not reach it.
    """
    process = _process_of(temporary)

    assert process not in psutil.Process().children(recursive=True)
    _wait_until(lambda: os.getsid(process.pid) == process.pid)
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    assert companion.finish(_SECONDS).messages == ()


def test_its_answer_sums_up_the_machine(companion: Companion) -> None:
    """
    The process tree is the session's, in which the companion is not.
    """
    observed = companion.finish(_SECONDS)
    machine = observed.machine

    assert (machine.process_tree_processes_max or 0) >= 1
    assert (machine.process_tree_memory_max_bytes or 0) > 1 << 20
    assert (machine.memory_percent_max or 0) > 0
    assert machine.load_per_cpu_max is not None
    assert (observed.dropped, observed.failures, observed.messages) == (0, 0, ())


def test_nothing_is_left_when_it_has_ended(temporary: Path) -> None:
    """
    No process, no file, no descriptor.
    """
    descriptors = psutil.Process().num_fds()
    companion = start(_order(temporary))
    companion.finish(_SECONDS)
    companion.close()
    companion.close()

    assert psutil.Process().num_fds() == descriptors
    assert list(temporary.iterdir()) == []
    _wait_until(lambda: not list(_companions(temporary)))


def test_a_session_that_failed_stops_it(temporary: Path) -> None:
    """
    `close` without `finish`.
    """
    start(_order(temporary)).close()

    assert list(temporary.iterdir()) == []
    _wait_until(lambda: not list(_companions(temporary)))


def test_a_companion_that_was_killed_is_said(companion: Companion, temporary: Path) -> None:
    """
    Tests go on, and figures are absent.
    """
    _process_of(temporary).kill()
    companion.boundaries.test_started(1)
    observed = companion.finish(0.1)

    assert observed.messages == (
        "the companion process did not answer within 0.1 s: figures of the machine and of child processes are absent",
    )
    assert observed.machine.memory_percent_max is None


def test_a_session_that_is_over_first_waits_for_nothing(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A companion that has not begun to watch has nothing to say, which is no news.
    """
    monkeypatch.setattr(launch, "_DETACHED", "")
    companion = start(_order(temporary))
    began = time.monotonic()
    observed = companion.finish(_SECONDS)
    waited = time.monotonic() - began
    companion.close()

    assert observed == Observed()
    assert waited < _SECONDS / 2
    assert list(temporary.iterdir()) == []


def test_a_companion_that_failed_says_why(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Its error is in the message.
    """
    monkeypatch.setattr(launch, "import_path", lambda _: [])
    companion = start(_order(temporary))
    failure = Path(companion.fifo_path).with_name("failure")
    _wait_until(lambda: failure.exists() and bool(failure.read_text("utf-8")))
    observed = companion.finish(0.1)
    companion.close()

    assert observed.messages[0] == (
        "the companion process failed (ModuleNotFoundError: No module named 'paceline'): "
        "figures of the machine and of child processes are absent"
    )
    assert list(temporary.iterdir()) == []


def test_it_ends_with_a_session_that_was_killed(temporary: Path) -> None:
    """
    Also where a forked child of the tests lives on and has the FIFO open; the folder is removed.
    """
    script = """
        import os, signal, sys, time
        from paceline.companion.launch import start
        from paceline.companion.order import Order
        companion = start(Order(sample_seconds=60, project=sys.argv[1]))
        if os.fork() == 0:
            time.sleep(600)
        print(flush=True)
        time.sleep(600)
    """
    session = _run(script, str(temporary))
    assert session.stdout is not None
    session.stdout.readline()
    children = psutil.Process(session.pid).children()
    process = _process_of(temporary)
    session.kill()
    _wait_until(lambda: not process.is_running())
    left = list(temporary.iterdir())
    lives = [child.is_running() for child in children]
    for child in children:
        child.kill()
    session.communicate()

    assert (left, lives) == ([], [True])


def test_a_forked_child_does_not_end_it(companion: Companion) -> None:
    """
    A child that goes on with the tests gets an empty answer, and removes nothing.
    """
    child = os.fork()
    if child == 0:
        machine = companion.finish(_SECONDS).machine
        companion.close()
        os._exit(machine.memory_percent_max is not None)

    assert os.waitpid(child, 0)[1] == 0
    assert companion.finish(_SECONDS).machine.memory_percent_max is not None


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_to_the_group_of_the_session_does_not_end_it(temporary: Path, name: str) -> None:
    """
    Ctrl-C, or `timeout`, which may come before the companion has a group of its own.
    """
    script = """
        import os, signal, sys, time
        from paceline.companion.launch import start
        from paceline.companion.order import Order
        received = []
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: received.append(1))
        companion = start(Order(sample_seconds=60, project=sys.argv[1]))
        print(flush=True)
        while not received or os.path.exists(companion.fifo_path.replace("messages", "order")):
            time.sleep(0.01)
        print(companion.finish(60).machine.memory_percent_max)
        companion.close()
    """
    session = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(temporary)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert session.stdout is not None
    session.stdout.readline()
    os.killpg(session.pid, getattr(signal, name))
    output, _ = session.communicate(timeout=_SECONDS)

    assert float(output) > 0


def test_it_imports_installed_packages_before_those_of_a_project() -> None:
    """
    A project may have a `psutil.py`; the package that runs is the one that the session runs.
    """
    path = launch.import_path(["/project", "", "/lib/site-packages", "/usr/lib/dist-packages"])

    assert path == [
        str(Path(launch.__file__).parents[2]),
        "/lib/site-packages",
        "/usr/lib/dist-packages",
        "/project",
        str(Path.cwd()),
    ]


def test_process_1_has_no_companion(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Orphans become children of process 1, so that its tests would meet the companion.
    """
    monkeypatch.setattr("paceline.companion.launch.UNPATCHED", _Process1())

    with pytest.raises(CompanionError, match="process 1"):
        start(_order(temporary))


def test_without_a_shell_the_reason_is_said(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    And no folder is left.
    """
    monkeypatch.setattr(launch, "_SHELL", "/absent/sh")

    with pytest.raises(CompanionError, match="starting the companion failed"):
        start(_order(temporary))
    assert list(temporary.iterdir()) == []


class _Process1:
    mkfifo = posix_spawn = True

    def getpid(self) -> int:
        return 1

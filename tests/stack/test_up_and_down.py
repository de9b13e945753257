"""
`paceline stack up`, `status` and `down`.
"""

import re
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
import requests
from msgspec.structs import replace

from paceline.stack.state_file import StateFile
from support.local_stack import LocalStack, paceline, stack_in
from support.wording import ERROR

_TABLE = """server state address pid log
exporter runs http://127.0.0.1:PORT PID stack/logs/exporter.log
prometheus runs http://127.0.0.1:PORT PID stack/logs/prometheus.log
alertmanager runs http://127.0.0.1:PORT PID stack/logs/alertmanager.log
"""
_DAMAGED = "expected what `paceline stack up` writes; end what `pgrep -af DIR` lists, and remove the file\n"


@pytest.fixture
def stack(tmp_path: Path) -> LocalStack:
    """
    One that is not up.
    """
    return LocalStack(tmp_path)


def _plain(output: str) -> str:
    """
    A table without what differs from one start to the next.
    """
    output = re.sub(r"(?<=127\.0\.0\.1:)\d+ +\d+", "PORT PID", output)
    return re.sub(" {2,}", " ", output)


def test_a_stack_is_up_until_it_is_taken_down(tmp_path: Path) -> None:
    """
    Every command says what runs and where, starting it again is no second one, and ending it ends every process.
    """
    with stack_in(tmp_path) as stack:
        started = stack.started
        answers = [requests.get(f"{stack.url(name)}/-/ready", timeout=10).ok for name in started]
        status, again = stack.call("status"), stack.call("up")
        down = stack.call("down")

    assert answers == [True, True, True]
    assert (status.returncode, _plain(status.stdout)) == (0, _TABLE)
    assert (again.returncode, _plain(again.stdout)) == (0, f"the stack runs already\n{_TABLE}")
    assert down.stdout == "ended exporter, prometheus, alertmanager\n"
    assert [one.process() for one in started.values()] == [None, None, None]


def test_the_folder_is_left_alone_by_git(tmp_path: Path) -> None:
    """
    All that a stack keeps is in it, also when it was ended.
    """
    with stack_in(tmp_path) as stack:
        pass
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    command = ["git", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all", "stack"]

    assert subprocess.run(command, check=True, capture_output=True).stdout == b""
    assert {path.name for path in (stack.folder / "data").iterdir()} == {"exporter", "prometheus", "alertmanager"}


def test_nothing_runs_before(stack: LocalStack) -> None:
    """
    Then there is nothing to tell of and nothing to end, and no folder is made.
    """
    status, down = stack.call("status"), stack.call("down")

    assert (status.returncode, status.stdout) == (1, "nothing runs from stack\n")
    assert (down.returncode, down.stdout) == (0, "nothing runs from stack\n")
    assert not stack.folder.exists()


def _kill(stack: LocalStack, name: str) -> None:
    process = psutil.Process(stack.started[name].pid)
    process.kill()
    psutil.wait_procs([process], timeout=30)


def test_what_ended_by_itself_is_started_again(tmp_path: Path) -> None:
    """
    Where it was, beside what still runs.
    """
    with stack_in(tmp_path) as stack:
        before = stack.started
        _kill(stack, "prometheus")
        status, again = stack.call("status"), stack.call("up", "--interval=7")
        after = stack.started

    assert status.returncode == 1
    assert "prometheus ended http://127.0.0.1:PORT PID stack/logs/prometheus.log" in _plain(status.stdout)
    assert (again.returncode, _plain(again.stdout)) == (
        0,
        (
            "paceline: --interval ignored: the stack runs as it was started; to change it, "
            "`paceline stack down` first\n"
            f"the stack runs already; started again, as configured: prometheus\n{_TABLE}"
        ),
    )
    assert [before[name] == after[name] for name in before] == [True, False, True]
    assert [one.url for one in before.values()] == [one.url for one in after.values()]


def test_who_answers_in_place_of_another_is_found_out(tmp_path: Path) -> None:
    """
    A server that took the port of one that had ended is not taken for it.
    """
    with stack_in(tmp_path) as stack:
        _kill(stack, "prometheus")
        port = stack.ports["prometheus"]
        with socket.create_server(("127.0.0.1", port)):
            again, status = stack.call("up"), stack.call("status")

    assert (again.returncode, again.stdout) == (
        1,
        f"{ERROR}prometheus: port {port} is in use: end the program that uses it, or `paceline stack down` and `up`\n",
    )
    assert "prometheus ended" in _plain(status.stdout)


def test_what_cannot_be_started_again_leaves_the_rest(tmp_path: Path) -> None:
    """
    It still runs, and is known.
    """
    with stack_in(tmp_path) as stack:
        _kill(stack, "alertmanager")
        (stack.programs / "alertmanager").unlink()
        (stack.programs / "alertmanager").write_text("#!/bin/sh\nexit 1\n")
        (stack.programs / "alertmanager").chmod(0o755)
        again, down = stack.call("up"), stack.call("down")

    assert again.returncode == 1
    assert again.stdout.startswith(f"{ERROR}alertmanager ended at its start; its log ")
    assert down.stdout == "ended exporter, prometheus\n"


def test_the_next_start_is_where_the_last_one_was(tmp_path: Path) -> None:
    """
    Without a word of ports, and with the command that ends it.
    """
    with stack_in(tmp_path) as stack:
        before = [one.url for one in stack.started.values()]
        stack.call("down")
        again = paceline("stack", "up", "--folder=stack", cwd=tmp_path, PATH=str(stack.programs))
        after = [one.url for one in stack.started.values()]

    assert before == after
    assert again.stdout.splitlines()[-1] == "paceline stack down --folder stack"


def test_a_webhook_that_is_no_address_is_told(stack: LocalStack) -> None:
    """
    At once; nothing was started.
    """
    done = stack.call("up", "--webhook=nonsense")

    assert done.returncode == 1
    assert done.stdout == (
        f"{ERROR}--webhook is 'nonsense', expected an address such as http://127.0.0.1:9099/paceline\n"
    )
    assert not stack.folder.exists()


def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path) -> None:
    """
    What was started is known by the time of its start as well.
    """
    with stack_in(tmp_path) as stack:
        state = StateFile(stack.folder / "state.json")
        exporter, *rest = state.read()
        state.write([replace(exporter, created=exporter.created - 60), *rest])
        down = stack.call("down")
        is_left = exporter.process() is not None
        state.write([exporter])

    assert down.stdout == "ended prometheus, alertmanager\n"
    assert is_left


def test_a_missing_program_is_named(stack: LocalStack) -> None:
    """
    With how to get it; nothing was started.
    """
    (stack.programs / "alertmanager").unlink()
    done = stack.call("up")

    assert done.returncode == 1
    assert done.stdout == (
        f"{ERROR}no alertmanager on PATH: install it (on Debian and Ubuntu `apt-get install prometheus-alertmanager`, "
        "elsewhere from https://prometheus.io/download), name its folder with --programs, "
        f"or let --install download it into {stack.folder.parent}/cache/paceline/programs\n"
    )
    assert stack.started == {}


def test_a_program_that_ends_at_its_start_is_told_with_its_log(stack: LocalStack) -> None:
    """
    What was started before it is ended.
    """
    broken = stack.folder.parent / "broken"
    broken.mkdir()
    (broken / "alertmanager").write_text("#!/bin/sh\necho first\necho last\nexit 1\n")
    (broken / "alertmanager").chmod(0o755)
    done = stack.call("up", "--programs=broken")

    assert done.returncode == 1
    assert done.stdout == (
        f"{ERROR}alertmanager ended at its start; its log {stack.folder}/logs/alertmanager.log ends:\n  first\n  last\n"
    )
    assert stack.started == {}
    assert not any(
        str(stack.folder) in " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
    )


def test_a_port_that_is_taken_is_told(stack: LocalStack) -> None:
    """
    Where it was chosen; nothing was started.
    """
    with socket.create_server(("127.0.0.1", stack.ports["prometheus"])):
        done = stack.call("up")

    assert done.returncode == 1
    assert done.stdout == (
        f"{ERROR}--port-prometheus {stack.ports['prometheus']} is in use; without the option, a free port is chosen\n"
    )
    assert stack.started == {}


def test_a_damaged_state_file_is_told(stack: LocalStack) -> None:
    """
    It may know of processes, so that nothing is started over it.
    """
    stack.folder.mkdir()
    (stack.folder / "state.json").write_text("[{}]")
    (output,) = {stack.call(verb).stdout for verb in ("up", "status", "down")}

    assert output.startswith(f"{ERROR}{stack.folder}/state.json: ")
    assert output.endswith(_DAMAGED.replace("DIR", str(stack.folder)))

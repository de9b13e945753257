"""
Load by the workers of Locust.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from paceline.history.results_folder import read_run
from paceline.kit_results import LoadResult
from paceline.version import __version__
from support import loaded as loaded_module
from support.hosts import hosts
from support.loaded import Loaded, after, loaded
from support.neighbours import Beside

pytestmark = pytest.mark.stack
_REQUIREMENTS = "requirements-locust"
_SUITE = """
import os
from paceline.testkit import Endpoint, Locustfile, load_test

URL = os.environ["URL"]

def test_users():
    load_test(URL, concurrent_users=6, duration_seconds=2, ramp_up_seconds=0)

def test_rate():
    load_test(Endpoint(f"{URL}/rate", "POST", json={"a": 1}), requests_per_second=50, duration_seconds=2)

def test_long():
    load_test(URL, concurrent_users=6, duration_seconds=6)

def test_file():
    load_test(Locustfile("locustfile.py", URL), concurrent_users=2, duration_seconds=2, workers=2)

def test_closed_port():
    load_test("http://127.0.0.1:1/", concurrent_users=2, duration_seconds=1)

def test_both():
    load_test(URL, concurrent_users=4, duration_seconds=3, workers=2, name="locust")
"""
_LOCUSTFILE = """
from locust import HttpUser, task

class Customer(HttpUser):
    @task
    def look(self):
        self.client.get("/file")
"""


@pytest.fixture
def server() -> Iterator[Loaded]:
    """
    A server that takes 20 ms.
    """
    with loaded(after(0.02)) as server:
        yield server


@pytest.fixture
def suite(tmp_path: Path, server: Loaded) -> Beside:
    """
    A suite of load tests on the server.
    """
    suite = Beside(tmp_path, requirements=_REQUIREMENTS)
    suite.write("test_load.py", _SUITE)
    suite.write("locustfile.py", _LOCUSTFILE)
    suite.write("pytest.ini", "[pytest]\n")
    suite.environ["URL"] = server.url
    return suite


def _result(suite: Beside, test: str, *arguments: str) -> LoadResult:
    done = suite.run("-k", test, *arguments)
    (result,) = done.case(test).results
    assert isinstance(result, LoadResult), done.output
    return result


@pytest.mark.parametrize("test", ["test_users", "test_rate"])
def test_the_server_counts_what_the_workers_count(suite: Beside, server: Loaded, test: str) -> None:
    """
    Three workers share the plan, and none of their requests is lost.
    """
    result = _result(suite, test, "--paceline-load-workers", "3")

    assert (result.engine, result.workers, result.expected_workers) == ("Locust", 3, 3)
    assert (result.requests, result.failures) == (server.requests, 0)
    assert result.requests == 100 if test == "test_rate" else result.requests > 60
    assert 0.02 <= result.latency.p50 < 0.5


def test_a_locustfile_runs_as_it_is(suite: Beside, server: Loaded) -> None:
    """
    Its users send their requests to the given host.
    """
    result = _result(suite, "test_file")

    assert set(server.paths) == {"/file"}
    assert (result.target, result.workers) == ("locustfile.py", 2)
    assert server.requests - 2 <= result.requests <= server.requests
    assert result.success_rate == 1


def test_failures_back_off_and_are_named(suite: Beside) -> None:
    """
    A closed port is not asked in a loop.
    """
    result = _result(suite, "test_closed_port", "--paceline-load-workers", "2")

    assert (result.success_rate, result.errors[0].kind) == (0, "ConnectionRefusedError")
    assert 2 <= result.requests <= 20


def _workers_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """
    The processes of a load test once they send requests, the master first.
    """
    children = psutil.Process(process.pid).children(recursive=True)
    return sorted((one for one in children if "worker_process.py" in " ".join(one.cmdline())), key=lambda one: one.pid)


def test_a_worker_that_is_killed_is_missed(suite: Beside, server: Loaded) -> None:
    """
    The result says that two of three took part, and has no figures that are compared.
    """
    process = suite.start("-k", "test_long", "--paceline-load-workers", "3")
    _wait_for_requests(server, process)
    os.kill(_workers_of(process)[-1].pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=100)
    result = _only_result(suite, output)

    assert (result.workers, result.expected_workers, result.performance_acceptable) == (2, 3, False)
    assert result.problems[0].startswith("2 of 3 workers took part to the end")
    assert "load_p50_seconds" not in result.measures()


def test_a_master_that_dies_ends_the_test(suite: Beside, server: Loaded) -> None:
    """
    No worker took part to the end, and none is left.
    """
    process = suite.start("-k", "test_long", "--paceline-load-workers", "2")
    _wait_for_requests(server, process)
    known = _workers_of(process)
    os.kill(known[0].pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=100)
    result = _only_result(suite, output)

    assert (result.workers, result.performance_acceptable) == (0, False)
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in known)


def test_workers_elsewhere_connect_to_the_master(suite: Beside, server: Loaded) -> None:
    """
    Two workers that were started by the command send the load; each has its share.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = ["-m", "paceline", "load-worker", address]
    workers = [suite.start_program(*command) for _ in range(2)]
    try:
        result = _result(suite, "test_rate", "--paceline-load-workers", "2", "--paceline-load-master", address)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()

    assert (result.workers, result.requests, server.requests) == (2, 100, 100)


def test_a_worker_that_comes_late_takes_no_part(suite: Beside, server: Loaded) -> None:
    """
    The load is sent by those that were there when it began, and the result is whole.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = ["-m", "paceline", "load-worker", address]
    workers = [suite.start_program(*command) for _ in range(2)]
    process = suite.start("-k", "test_long", "--paceline-load-workers", "2", "--paceline-load-master", address)
    try:
        _wait_for_requests(server, process)
        workers.append(suite.start_program(*command))
        output, _ = process.communicate(timeout=100)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    result = _only_result(suite, output)

    assert (result.workers, result.expected_workers, result.problems) == (2, 2, ())
    assert (result.requests, result.failures) == (server.requests, 0)


def test_hosts_of_a_slow_and_lossy_network(suite: Beside) -> None:
    """
    Server, master and three workers are on five hosts, and each packet takes 10 ms, but for those that get lost: no
    request is lost, and each latency has the way to the server and back.
    """
    with hosts(5, delay=0.01, loss=0.01) as (of_server, of_master, *of_workers):
        program = [*of_server.command, sys.executable, loaded_module.__file__, of_server.address]
        server = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        suite.environ["URL"] = server.stdout.readline().strip()
        address = f"{of_master.address}:5557"
        workers = []
        for host in of_workers:
            suite.command = host.command
            workers.append(suite.start_program("-m", "paceline", "load-worker", address))
        suite.command = of_master.command
        allowed = ("--paceline-load-allow", of_server.address)
        try:
            result = _result(
                suite, "test_rate", "--paceline-load-workers", "3", "--paceline-load-master", address, *allowed
            )
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
            counted, _ = server.communicate()

    assert (result.workers, result.expected_workers, result.problems) == (3, 3, ())
    assert (result.requests, result.failures, int(counted)) == (100, 0, 100)
    assert result.latency.p50 >= 0.02


def test_a_worker_of_another_version_takes_no_part(suite: Beside, server: Loaded) -> None:
    """
    The other worker sends its share only, and the result names both versions.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    program = "import locust; from paceline.testkit.load import locust_worker as it; {} it.serve({!r}, {})"
    programs = [program.format(change, host, port) for change in ("", "it.__version__ = '0.0.1';")]
    workers = [suite.start_program("-c", one) for one in programs]
    try:
        result = _result(suite, "test_rate", "--paceline-load-workers", "2", "--paceline-load-master", f"{host}:{port}")
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()

    assert (result.workers, result.expected_workers, result.requests, server.requests) == (1, 2, 50, 50)
    assert f"a worker has Paceline 0.0.1, expected {__version__}" in result.problems[0]


def test_both_engines_say_the_same(suite: Beside) -> None:
    """
    The median of a server that takes 20 ms is the same by both, within what a busy machine adds.
    """
    suite.write(
        "test_load.py",
        _SUITE + '    load_test(URL, concurrent_users=4, duration_seconds=3, name="own")\n',
    )
    done = suite.run("-k", "test_both")
    locust, own = done.case("test_both").results

    assert isinstance(locust, LoadResult)
    assert isinstance(own, LoadResult)
    assert {locust.engine, own.engine} & {"Locust"}
    assert locust.latency.p50 == pytest.approx(own.latency.p50, rel=0.5)


def _wait_for_requests(server: Loaded, process: "subprocess.Popen[str]") -> None:
    while server.requests < 20 and process.poll() is None:
        time.sleep(0.05)


def _only_result(suite: Beside, output: str) -> LoadResult:
    (case,) = read_run(suite.results / "latest_report.json").cases
    (result,) = case.results
    assert isinstance(result, LoadResult), output
    return result

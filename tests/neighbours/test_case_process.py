"""
What tests find in their own process: no thread, no child, no socket, no request and no file of Paceline.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from paceline.translated_names import RunCount
from paceline.usage import UsageKey
from support.neighbours import Beside, Neighbour, observe
from support.receiving import receiving
from support.servers import free_port

_MEBIBYTE = 1 << 20


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    """
    A suite that has no other plugin.
    """
    return Beside(tmp_path / "shop")


@pytest.fixture(params=["nothing", "no-save", "port", "live", "push"])
def arguments(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """
    Options that make Paceline serve, send or ask while tests run.
    """
    with ExitStack() as stack:
        url = stack.enter_context(receiving(status=204)).url
        yield {
            "nothing": (),
            "no-save": ("--paceline-no-save",),
            "port": (f"--paceline-port={free_port()}",),
            "live": (f"--paceline-live={url}",),
            "push": (f"--paceline-push={url}",),
        }[request.param]


@pytest.mark.parametrize("workers", ["alone", "workers"])
def test_nothing_of_paceline_is_beside_a_test(arguments: tuple[str, ...], workers: str, tmp_path: Path) -> None:
    """
    Each test sees the threads, children and sockets that it sees without Paceline.
    """
    more = {"alone": (), "workers": ("-n2", "--dist=loadfile")}[workers]
    neighbour = Neighbour("process", ("xdist",), more)
    plain = observe(neighbour, tmp_path / "plain", on=False)
    seen = observe(Neighbour("process", ("xdist",), (*more, *arguments)), tmp_path / "on", on=True)

    assert seen.processes == plain.processes


def test_a_count_of_threads_is_the_test_s(beside: Beside) -> None:
    """
    Neither `threading` nor the kernel sees another thread than that of the tests.
    """
    beside.write(
        "test_threads.py",
        """
        import os, threading

        def test_counts():
            assert threading.active_count() == 1
            assert len(os.listdir("/proc/self/task")) == 1
        """,
    )
    result = beside.run()

    assert result.code == 0, result.output


@pytest.mark.parametrize("options", [(), ("--paceline-no-save",)], ids=str)
def test_a_child_is_the_test_s(beside: Beside, options: tuple[str, ...]) -> None:
    """
    Whoever waits for a child gets the child of the test, or hears that there is no other.
    """
    beside.write(
        "test_children.py",
        """
        import os, signal, time

        import pytest

        def test_forks():
            child = os.fork()
            if child == 0:
                os._exit(0)
            time.sleep(0.2)
            assert os.wait()[0] == child

        @pytest.mark.parametrize("n", range(10))
        def test_wait(n):
            with pytest.raises(ChildProcessError):
                os.wait()
            time.sleep(0.02)

        def test_waitpid():
            with pytest.raises(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)

        def test_waitid():
            with pytest.raises(ChildProcessError):
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)

        def test_signal():
            seen = []
            before = signal.signal(signal.SIGCHLD, lambda *_: seen.append(1))
            time.sleep(0.5)
            signal.signal(signal.SIGCHLD, before)
            assert seen == []
        """,
    )
    result = beside.run(*options)

    assert result.code == 0, result.output


def test_a_fake_is_called_by_the_test_alone(beside: Beside) -> None:
    """
    What watches the processes calls no function that a test has replaced for some seconds.
    """
    beside.write(
        "test_fake.py",
        """
        import time
        from unittest import mock

        import psutil
        import pytest

        NAMES = ["builtins.open", "psutil.virtual_memory", "threading.Thread.start", "os.getloadavg", "os.listdir"]

        @pytest.mark.parametrize("name", NAMES)
        def test_fakes(name):
            with mock.patch(name) as fake:
                time.sleep(1.5)
                fake.assert_not_called()

        def test_fakes_memory(monkeypatch):
            monkeypatch.setattr(psutil, "virtual_memory", lambda: None)
            monkeypatch.setattr(psutil.Process, "memory_info", lambda self: None)
            time.sleep(1.5)
        """,
    )
    result = beside.run("-W", "error")

    assert result.code == 0, result.output
    assert result.run.counts[RunCount.INTERNAL_FAILURES] == 0


@pytest.mark.parametrize("how", ["conftest", "session", "test"])
@pytest.mark.parametrize("tool", ["freezegun", "time-machine", "mock"])
def test_a_false_clock_changes_no_figure(beside: Beside, how: str, tool: str) -> None:
    """
    A test has its real duration and is over its budget, and the run has the date of today.
    """
    fakes = {
        "freezegun": "from freezegun import freeze_time\nfake = freeze_time('2021-06-01 12:00')",
        "time-machine": "import time_machine\nfake = time_machine.travel('2021-06-01 12:00', tick=False)",
        "mock": "import contextlib\nfrom unittest import mock\nNAMES = ['time', 'perf_counter', 'monotonic']\n"
        "class Fakes:\n    def start(self):\n        for name in NAMES:\n"
        "            mock.patch(f'time.{name}', lambda: 1622548800.0).start()\n"
        "    def stop(self):\n        mock.patch.stopall()\nfake = Fakes()",
    }
    fixture = {
        "conftest": "fake.start()",
        "session": "import pytest\n@pytest.fixture(scope='session', autouse=True)\ndef frozen():\n"
        "    fake.start()\n    yield\n    fake.stop()",
        "test": "import pytest\n@pytest.fixture(autouse=True)\ndef frozen():\n"
        "    fake.start()\n    yield\n    fake.stop()",
    }
    beside.write("conftest.py", f"{fakes[tool]}\n{fixture[how]}\n")
    beside.write(
        "test_slow.py",
        """
        import subprocess

        def test_sleeps():
            subprocess.run(["sleep", "0.3"], check=True)
        """,
    )
    run = beside.run().run
    (case,) = run.cases

    assert case.duration_seconds is not None
    assert 0.3 <= case.duration_seconds < 30
    assert [verdict.kind.value for verdict in run.verdicts] == ["budget"]
    assert abs(run.ended - time.time()) < 600
    assert 0.3 <= run.duration_seconds < 60


@pytest.mark.parametrize("scope", ["fs", "fs_module", "fs_session"])
def test_fake_files_cost_figures_of_their_test_alone(tmp_path: Path, scope: str) -> None:
    """
    With pyfakefs every test has a time, and each that has real files has CPU and memory.
    """
    suite = Beside(tmp_path / "shop", "fakefs")
    suite.write("test_before.py", "def test_before():\n    bytearray(8 << 20)\n")
    suite.write(
        "test_fake.py",
        f"""
        def test_fake({scope}):
            with open("/x.txt", "w") as file:
                file.write("hello")
            with open("/x.txt") as file:
                assert file.read() == "hello"
        """,
    )
    suite.write("test_later.py", "def test_after():\n    bytearray(8 << 20)\n")
    result = suite.run()
    real = [result.case("test_before"), *([result.case("test_after")] if scope != "fs_session" else [])]

    assert result.code == 0, result.output
    assert result.case("test_fake").duration_seconds
    assert [case.id for case in real if {UsageKey.CPU_SECONDS, UsageKey.MEMORY_PEAK_BYTES} - case.usage.keys()] == []
    assert result.kept_runs() == 1
    assert result.run.counts[RunCount.INTERNAL_FAILURES] == 0, result.output


def test_a_probe_that_failed_is_tried_again(beside: Beside) -> None:
    """
    A function that raises in one test costs no later test a figure.
    """
    beside.write(
        "test_broken.py",
        """
        from unittest import mock

        import pytest

        NAMES = ["builtins.open", "os.open", "os.pread", "resource.getrusage", "time.perf_counter", "gc.get_stats"]

        @pytest.fixture
        def broken(request):
            with mock.patch(request.param, side_effect=OSError("broken")):
                yield

        def test_before(): pass

        @pytest.mark.parametrize("broken", NAMES, indirect=True)
        def test_broken(broken): pass

        @pytest.mark.parametrize("n", range(5))
        def test_after(n): pass
        """,
    )
    result = beside.run()
    keys = {case.id: set(case.usage) for case in result.run.cases}
    usual = keys["test_broken.py::test_before"] - {UsageKey.GC_COLLECTIONS}

    assert UsageKey.CPU_SECONDS in usual
    assert [one for one, found in keys.items() if "after" in one and usual - found] == []


@pytest.mark.parametrize("way", ["port", "live"])
def test_a_blocked_socket_blocks_the_test_alone(tmp_path: Path, way: str) -> None:
    """
    Under pytest-socket a scrape is answered, live reports arrive, and tests pass without a warning.
    """
    suite = Beside(tmp_path / "shop", "pytest_socket")
    suite.write(
        "test_waits.py",
        """
        import pathlib, time

        def test_first(): pass

        def test_waits():
            end = time.monotonic() + 30
            while not pathlib.Path("go").exists() and time.monotonic() < end:
                time.sleep(0.02)

        def test_last(): pass
        """,
    )
    port = free_port()
    with receiving(status=204) as receiver:
        option = {"port": f"--paceline-port={port}", "live": f"--paceline-live={receiver.url}"}[way]
        process = suite.start("--disable-socket", "-W", "error", option)
        answered = _is_scraped(port) if way == "port" else _has_reports(receiver.requests)
        (suite.folder / "go").touch()
        output, _ = process.communicate(timeout=60)

    assert answered, output
    assert process.returncode == 0, output
    assert "paceline: " not in output.partition("collected")[2], output


def _is_scraped(port: int) -> bool:
    for _ in range(100):
        time.sleep(0.1)
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=2)
        except requests.RequestException:
            continue
        if "test_waits.py::test_waits" in answer.text:
            return True
    return False


def _has_reports(received: Sequence[object]) -> bool:
    """
    Whether more than the report of the start has arrived.
    """
    for _ in range(120):
        time.sleep(0.1)
        if len(received) > 1:
            return True
    return False


def test_live_reports_are_not_the_test_s_requests(beside: Beside) -> None:
    """
    What records or fakes requests for longer than an interval sees none, and no file has the exporter's token.
    """
    beside.write(
        "test_asks.py",
        """
        import logging
        import os
        import time
        from unittest import mock

        import requests_mock
        import responses
        import vcr

        def test_records_nothing(caplog):
            caplog.set_level(logging.DEBUG)
            with vcr.use_cassette("cart.yaml", record_mode="once"):
                time.sleep(6)
            assert not os.path.exists("cart.yaml")
            assert [record for record in caplog.records if not record.name.startswith("vcr")] == []

        def test_fakes_nothing():
            with responses.RequestsMock() as fake:
                time.sleep(6)
                assert len(fake.calls) == 0

        def test_mocks_nothing():
            with requests_mock.Mocker() as fake, mock.patch("socket.socket") as sockets:
                time.sleep(6)
                assert fake.call_count == 0
                assert sockets.mock_calls == []
        """,
    )
    with receiving(status=204) as receiver:
        result = beside.run(f"--paceline-live={receiver.url}", environ={"PACELINE_PUSH_TOKEN": "t0ken-of-ours"})
    files = [path.read_bytes() for path in beside.folder.rglob("*") if path.is_file()]

    assert result.code == 0, result.output
    assert not any(b"t0ken-of-ours" in content for content in files)
    assert any(request.headers.get("Authorization") == "Bearer t0ken-of-ours" for request in receiver.requests)


@pytest.mark.parametrize("way", ["os.fork", "multiprocessing", "forkserver"])
def test_a_fork_has_no_warning(beside: Beside, way: str) -> None:
    """
    Python warns of a fork beside other threads, and there is no other thread.
    """
    beside.write(
        "test_forks.py",
        """
        import multiprocessing, os, threading

        def test_forks():
            assert threading.active_count() == 1
            WAY
        """.replace(
            "WAY",
            {
                "os.fork": "child = os.fork()\n            if child == 0:\n                os._exit(0)\n"
                "            assert os.waitpid(child, 0)[1] == 0",
                "multiprocessing": "one = multiprocessing.get_context('fork').Process(target=print)\n"
                "            one.start()\n            one.join()\n            assert one.exitcode == 0",
                "forkserver": "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
                "                assert pool.map(abs, [-1, -2]) == [1, 2]",
            }[way],
        ),
    )
    result = beside.run("-W", "error")

    assert result.code == 0, result.output


_ENDS = [
    ("sys.exit(0)", ()),
    ("raise SystemExit(3)", ()),
    ("os._exit(0)", ()),
    ("raise KeyboardInterrupt", ()),
    ("return", ()),
    ("return", ("--paceline-live",)),
]


@pytest.mark.parametrize(("end", "options"), _ENDS)
def test_a_forked_child_speaks_for_nobody(beside: Beside, end: str, options: tuple[str, ...]) -> None:
    """
    However a child ends, or goes on with the tests, the run that is kept is that of the process that began it.
    """
    beside.write(
        "test_forks.py",
        f"""
        import os, sys

        def test_one(): pass

        def test_forks():
            child = os.fork()
            if child == 0:
                {end}
            os.waitpid(child, 0)

        def test_three(): pass
        """,
    )
    with receiving(status=204) as receiver:
        result = beside.run(*(f"{option}={receiver.url}" for option in options))
    reports = [request for request in receiver.requests if b'"is_over":true' in request.body]

    assert result.code == 0, result.output
    assert result.run.outcome.value == "passed"
    assert result.outcomes == {"test_one": "passed", "test_forks": "passed", "test_three": "passed"}
    assert result.kept_runs() == 1
    assert "document only" not in result.output
    assert len(list(result.results.glob("performance_*.json"))) == 1
    assert len(reports) <= len(options)


def test_a_forked_child_keeps_no_run_where_its_parent_failed(beside: Beside) -> None:
    """
    The outcome is the parent's where the child had another.
    """
    beside.write(
        "test_forks.py",
        """
        import os

        PARENT = os.getpid()

        def test_forks():
            child = os.fork()
            if child:
                os.waitpid(child, 0)

        def test_of_the_parent():
            assert os.getpid() != PARENT
        """,
    )
    result = beside.run()

    assert result.code == 1
    assert result.run.outcome.value == "failed"
    assert result.outcomes["test_of_the_parent"] == "failed"
    assert result.kept_runs() == 1


def test_files_of_a_test_are_its_own_after_it_closed_all(beside: Beside) -> None:
    """
    A test that closes every descriptor gets their numbers for its own files, and no byte of Paceline is in these.
    """
    beside.write(
        "test_closes.py",
        """
        import os

        FILES = []

        def test_closes():
            os.closerange(3, 256)
            for number in range(40):
                FILES.append(os.open(f"own-{number}", os.O_RDWR | os.O_CREAT))

        def test_between(): pass

        def test_content():
            assert [os.fstat(file).st_size for file in FILES] == [0] * 40
            assert [os.lseek(file, 0, os.SEEK_CUR) for file in FILES] == [0] * 40
        """,
    )
    result = beside.run("-p", "no:faulthandler", "-s", "-W", "error")

    assert result.code == 0, result.output
    assert [path.name for path in beside.folder.glob("own-*") if path.stat().st_size] == []
    assert result.outcomes == {"test_closes": "passed", "test_between": "passed", "test_content": "passed"}
    assert result.kept_runs() == 1


_IN_PROCESS = """
    import os
    import sys
    import threading

    import pytest

    COUNTS = []
    for number in range(6):
        pytest.main(["-q", "-p", "no:cacheprovider", "-p", "paceline", "--paceline", *sys.argv[1:], "test_one.py"])
        COUNTS.append((len(os.listdir("/proc/self/fd")), threading.active_count()))
    print("counts", set(COUNTS[1:]), len(COUNTS))
"""


@pytest.mark.parametrize("options", [(), ("--paceline-no-save",), ("--paceline-port=0",)])
def test_a_session_leaves_no_descriptor(beside: Beside, options: tuple[str, ...]) -> None:
    """
    However many sessions run in one process, as those of pytester do, descriptors and threads are as before.
    """
    beside.write("test_one.py", "def test_one(): pass\n")
    beside.write("many.py", _IN_PROCESS)
    options = tuple(option.replace("=0", f"={free_port()}") for option in options)
    output, _ = beside.start_program("many.py", *options).communicate(timeout=120)
    last = output.splitlines()[-1]

    assert last.startswith("counts"), output
    assert last.endswith(" 6"), output
    assert last.count("(") == 1, output


@pytest.mark.parametrize("way", ["subprocess", "inprocess"])
def test_an_inner_pytest_is_a_run_of_its_own(tmp_path: Path, way: str) -> None:
    """
    Tests of a plugin run pytest in a job that gives the run an id; the outer run has it.
    """
    suite = Beside(tmp_path / "shop", "pytester")
    suite.write(
        "test_plugin.py",
        f"""
        def test_inner(pytester):
            pytester.makepyfile("def test_inside(): pass")
            result = pytester.runpytest_{way}("-q", "-p", "paceline")
            result.assert_outcomes(passed=1)

        def test_other(): pass
        """,
    )
    environ = {
        "PERFORMANCE_MONITORING": "true",
        "PACELINE_RUN_ID": "job-4711",
        "PACELINE_RESULTS": str(suite.results),
    }
    result = suite.run(environ=environ)

    assert result.code == 0, result.output
    assert result.run.run_id == "job-4711"
    assert result.outcomes == {"test_inner": "passed", "test_other": "passed"}
    assert "document only" not in result.output
    assert result.kept_runs() == 1


@pytest.mark.parametrize("way", ["subprocess", "fork", "spawn", "grandchild"])
def test_memory_of_child_processes_is_seen(beside: Beside, way: str) -> None:
    """
    A test that starts a process of 200 MiB has a figure that shows it.
    """
    beside.write(
        "hog.py",
        """
        import time

        def hog():
            table = bytearray(200 << 20)
            table[::4096] = b"x" * len(table[::4096])
            time.sleep(1.5)

        if __name__ == "__main__":
            hog()
        """,
    )
    run = {
        "subprocess": "subprocess.run([sys.executable, 'hog.py'], check=True)",
        "fork": "process = multiprocessing.get_context('fork').Process(target=hog); process.start(); process.join()",
        "spawn": "process = multiprocessing.get_context('spawn').Process(target=hog); process.start(); process.join()",
        "grandchild": "subprocess.run(['sh', '-c', f'{sys.executable} hog.py; true'], check=True)",
    }[way]
    beside.write(
        "test_hog.py",
        f"""
        import multiprocessing, subprocess, sys

        from hog import hog

        def test_hog():
            {run}

        def test_light(): pass
        """,
    )
    result = beside.run(environ={"PYTHONPATH": "."})
    heavy, light = result.case("test_hog"), result.case("test_light")

    assert max(_memory(heavy.usage).values()) > 190 * _MEBIBYTE
    assert max(_memory(light.usage).values(), default=0) < 50 * _MEBIBYTE


def _memory(usage: Mapping[str, float]) -> dict[str, float]:
    return {key: value for key, value in usage.items() if key.endswith("memory_peak_bytes")}


def test_what_watches_ends_with_the_tests(beside: Beside) -> None:
    """
    A session that is killed leaves no process behind.
    """
    beside.write(
        "test_dies.py",
        """
        import os, signal, time

        def test_dies():
            time.sleep(2)
            os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    mark = f"mark-{os.getpid()}-{time.time()}"
    beside.run(environ={"MARK": mark})
    for _ in range(100):
        if not (left := _marked(mark)):
            break
        time.sleep(0.1)

    assert left == []


def _marked(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text("utf-8", "replace"))
        except OSError:
            continue
    return found

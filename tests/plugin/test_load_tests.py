"""
Load and stress tests in a suite: fixtures, options, and what is kept and judged.
"""

import sys
import time
from pathlib import Path

import pytest

from paceline.extras import install_command
from paceline.kit_results import LoadResult, StressResult
from paceline.model import RunOutcome
from paceline.quantity import Unit
from paceline.verdict_kinds import VerdictKind
from support.suite import Suite

_APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]

class Asgi:
    async def __call__(self, scope, receive, send):
        assert scope["type"] == "http" or exit()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

asgi = Asgi()
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """
    A suite with two apps.
    """
    suite = Suite(tmp_path)
    suite.write("shop.py", _APP)
    return suite


def test_a_load_test_without_its_packages_is_one_sentence(suite: Suite) -> None:
    """
    It names the package and the command that installs it; no frame of Paceline, and no broken budget, however long the
    test took.
    """
    suite.write(
        "test_load.py",
        """
        import sys, time

        def test_load(load_test):
            sys.modules["httptools"] = None
            time.sleep(0.15)
            load_test("http://127.0.0.1:9/", duration_seconds=1)
        """,
    )
    result = suite.run("--paceline-fail-on=budget")
    lines = [line for line in result.output.splitlines() if line.startswith("E ")]
    install = install_command("load")

    assert lines == [
        f"E       paceline.errors.ConfigError: load_test: httptools is not installed; install it with: {install}"
    ]
    assert "testkit" not in result.output
    assert result.run.verdicts == ()


def test_a_load_test_is_kept_and_its_time_is_not_judged(suite: Suite) -> None:
    """
    The result is in the run document with its measures; a test that lasts as long as it asks for breaks no budget of
    its type.
    """
    suite.write(
        "test_load.py",
        """
        import shop

        def test_load(load_server, load_test):
            server = load_server(shop.app)
            result = load_test(server.url, concurrent_users=2, duration_seconds=1, max_error_ratio=0.5)
            assert result.performance_acceptable
            assert result.server.memory_max_bytes > 0
        """,
    )
    result = suite.run("--paceline-fail-on=budget,regression")

    case = result.case("test_load")
    load = case.results[0]
    assert (result.code, case.budget_seconds) == (0, None), result.output
    assert isinstance(load, LoadResult)
    assert case.measures["load_p50_seconds"].value == load.latency.p50 == (case.benchmark_seconds or 0) > 0
    assert case.normalized_duration_seconds == pytest.approx(load.latency.p50, rel=0.9)
    assert {"load_p95_seconds", "load_p99_seconds", "load_throughput", "load_error_ratio"} <= case.measures.keys()


_SLEEPS = """
import os, time
from paceline.testkit import load_test

def test_load():
    load_test(lambda: time.sleep(float(os.environ["SECONDS"])), 2, 0.5, ramp_up_seconds=0)
"""


def test_a_slower_server_is_a_regression_of_latency(suite: Suite) -> None:
    """
    After ten runs, a server whose answers take longer is found by the median, the throughput is found too, and the
    repeats confirm both.
    """
    suite.write("test_load.py", _SLEEPS)
    first = suite.run(environ={"SECONDS": "0.01"}).run
    suite.keep_before(first, 10)
    result = suite.run(environ={"SECONDS": "0.15"})

    reasons = {(verdict.kind, verdict.measure): verdict.reason for verdict in result.run.verdicts}
    assert "in 3 repeats" in reasons[VerdictKind.REGRESSION, ""], result.output
    assert "in 3 repeats" in reasons[VerdictKind.MEASURE, "load_throughput"]


def test_a_load_test_is_not_measured_again_if_its_repeats_take_too_long(suite: Suite) -> None:
    """
    The reason says how long they would take.
    """
    suite.write("pyproject.toml", "[tool.paceline.confirmation]\nseconds = 1")
    suite.write("test_load.py", _SLEEPS)
    first = suite.run(environ={"SECONDS": "0.01"}).run
    suite.keep_before(first, 10)
    result = suite.run(environ={"SECONDS": "0.05"})

    slower = next(verdict for verdict in result.run.verdicts if verdict.unit == Unit.SECONDS and not verdict.measure)
    assert "not measured again (3 repeats of it would take " in slower.reason, result.output


def test_a_broken_threshold_is_a_verdict(suite: Suite) -> None:
    """
    Thresholds of a load test are limits of its measures.
    """
    suite.write(
        "test_load.py",
        """
        import time

        def test_load(load_test):
            load_test(lambda: time.sleep(0.02), 2, 0.5, p95_ms=5)
        """,
    )
    verdicts = suite.run().run.verdicts

    assert [(verdict.kind, verdict.measure) for verdict in verdicts] == [(VerdictKind.BUDGET, "load_p95_seconds")]


def test_other_hosts_need_an_option(suite: Suite) -> None:
    """
    A host is refused without `--paceline-load-allow`, also where Paceline is off.
    """
    suite.write(
        "test_load.py",
        """
        from paceline.testkit import load_test

        def test_load():
            assert load_test("http://no-such-host.invalid/", 1, 0.5).success_rate == 0
        """,
    )

    assert suite.run(on=False).code == 1
    assert suite.run("--paceline-load-allow", "no-such-host.invalid", on=False).code == 0
    assert suite.run("--paceline-load-allow", "no-such-host.invalid").code == 0


_STRESS = """
import time

def test_stress(stress_test):
    result = stress_test(lambda: False, 1, 5, 2, 0.5)
    assert (result.max_successful_load, result.breaking_point, len(result.results)) == (0, 1, 1)
"""


@pytest.mark.parametrize("on", [True, False])
def test_stress_tests_run_only_where_they_are_asked_for(suite: Suite, on: bool) -> None:
    """
    A test with the fixture is deselected or skipped, and runs with `--paceline-stress`.
    """
    suite.write("test_stress.py", _STRESS)
    left_out = suite.run(on=on)
    result = suite.run("--paceline-stress", on=on)

    assert ("1 deselected" in left_out.output) if on else ("1 skipped" in left_out.output)
    assert "1 passed" in result.output
    if on:
        case = result.case("test_stress")
        assert isinstance(case.results[0], StressResult)
        assert case.measures["stress_max_load"].value == 0
        assert case.normalized_duration_seconds is None


@pytest.mark.parametrize("app", ["shop.asgi", "'shop:asgi'", "shop.app", "'shop:app'"])
def test_apps_are_served(suite: Suite, app: str) -> None:
    """
    An app runs in a process of its own, which has ended when the test has.
    """
    suite.write(
        "test_serve.py",
        f"""
        import os, shop, urllib.request

        def test_app(load_server):
            server = load_server({app})
            with open("pid", "w") as file:
                file.write(str(server.process_id))
            assert server.process_id != os.getpid()
            assert urllib.request.urlopen(server.url).read() == b"ok"
        """,
    )
    result = suite.run(on=False)

    assert result.code == 0, result.output
    assert not Path(f"/proc/{(suite.folder / 'pid').read_text()}").exists()


def test_a_command_gets_a_port_and_is_stopped_with_its_children(suite: Suite) -> None:
    """
    The port is in the command and in the environment; a server that ignores SIGTERM is killed.
    """
    suite.write(
        "stubborn.py",
        """
        import http.server, os, signal, subprocess, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
        open("pids", "w").write(f"{os.getpid()} {child.pid}")
        assert sys.argv[1] == os.environ["PORT"]
        http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
        """,
    )
    suite.write(
        "test_serve.py",
        f"""
        def test_command(load_server, load_test):
            server = load_server([{sys.executable!r}, "stubborn.py", "{{port}}"])
            assert load_test(server.url, 1, 0.5).success_rate == 1
        """,
    )
    result = suite.run(on=False)

    assert result.code == 0, result.output
    assert not [pid for pid in (suite.folder / "pids").read_text().split() if Path(f"/proc/{pid}/exe").exists()]


def test_a_server_that_does_not_start_is_an_error_with_its_output(suite: Suite) -> None:
    """
    The message has the end of the output of the command.
    """
    suite.write(
        "test_serve.py",
        f"""
        def test_command(load_server):
            load_server([{sys.executable!r}, "-c", "raise SystemExit('no config')"])
        """,
    )

    assert "load_server: the server ended with 1: no config" in suite.run(on=False).output


@pytest.mark.parametrize("endpoint", ["call", "server.url"])
def test_ctrl_c_keeps_what_was_measured(suite: Suite, endpoint: str) -> None:
    """
    The interrupted test is in the run with the requests up to Ctrl-C, and without figures that are compared.
    """
    suite.write(
        "test_load.py",
        f"""
        import pathlib, time, shop
        from paceline.testkit import load_test

        def call():
            time.sleep(0.01)

        def test_load(load_server):
            server = load_server(shop.app)
            pathlib.Path("begun").touch()
            load_test({endpoint}, 2, 60, ramp_up_seconds=0)
        """,
    )
    process = suite.start()
    while not (suite.folder / "begun").exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(4)
    result = suite.interrupt(process)
    load = result.case("test_load").results[0]

    assert result.run.outcome is RunOutcome.INTERRUPTED, result.output
    assert isinstance(load, LoadResult)
    assert load.interrupted
    assert 0 < load.elapsed_seconds < 30
    assert load.requests > load.failures
    assert "load_p50_seconds" not in result.case("test_load").measures

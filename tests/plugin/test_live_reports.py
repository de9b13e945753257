"""
Live reports to an exporter.
"""

import time
from pathlib import Path

import pytest

from paceline.plugin.live_reports import last_wait
from support.answering import answer, answering, silence
from support.exporter import Exporter, exporter_in
from support.receiving import receiving
from support.servers import free_port
from support.suite import Suite
from support.wording import REFUSED

_WAITS = """
    import pathlib, time

    def test_first(): pass
    def test_waits():
        while not pathlib.Path("go").exists(): time.sleep(0.02)
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_exporter_sees_a_run_while_it_runs(suite: Suite, tmp_path: Path, workers: str) -> None:
    """
    The active test, progress, outcomes and the process tree; when the run is over, all of it is gone.
    """
    suite.write("test_waits.py", _WAITS)
    with exporter_in(tmp_path) as exporter:
        process = suite.start(f"--paceline-live={exporter.url}", "-n", workers, "--dist=loadfile")
        _wait_until(exporter, {"main,passed,,shop": 1})
        active = exporter.state("paceline_active_case_seconds")
        progress = exporter.state("paceline_run_progress_ratio")
        memory = exporter.state("paceline_process_resident_memory_bytes")
        (suite.folder / "go").touch()
        output, _ = process.communicate(timeout=60)

        assert list(active) == ["main,,shop,test_waits.py::test_waits"]
        assert progress == {"main,,shop": 0.5}
        assert memory["main,,shop"] > 1 << 20
        assert exporter.state("paceline_active_runs") == {}
        assert (process.returncode, "live reports" in output) == (0, False)


def test_what_stops_reporting_is_gone(suite: Suite, tmp_path: Path) -> None:
    """
    A session that was killed is seen for three intervals more.
    """
    suite.write("test_waits.py", _WAITS)
    with exporter_in(tmp_path) as exporter:
        process = suite.start(f"--paceline-live={exporter.url}")
        _wait_until(exporter, {"main,passed,,shop": 1})
        process.kill()
        process.communicate()
        _wait_until(exporter, {})

        assert exporter.state("paceline_active_runs") == {}


def test_a_dead_server_is_said_once_and_fails_nothing(suite: Suite) -> None:
    """
    The run is as ever.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    url = f"http://127.0.0.1:{free_port()}"
    result = suite.run(f"--paceline-live={url}")

    assert result.code == 0
    assert f"2 of 2 live reports did not reach {url}/api/v1/live: the connection failed ({REFUSED})" in result.output


def test_a_silent_server_holds_up_nobody(suite: Suite) -> None:
    """
    The session ends within its few seconds, though no report is ever answered.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    with answering(silence) as server:
        result = suite.run(f"--paceline-live={server.url}")

    assert (result.code, result.outcomes) == (0, {"test_one": "passed"})


@pytest.mark.parametrize(
    ("seconds", "waited", "left"), [(10, 0.5, 1.5), (10, 10.2, 0), (0.3, 0.1, pytest.approx(0.2)), (0.3, 0.4, 0)]
)
def test_the_last_report_adds_nothing_to_what_servers_may_take(seconds: float, waited: float, left: float) -> None:
    """
    It is on its way while runs are sent.
    """
    assert last_wait(seconds, waited) == left


@pytest.mark.parametrize(("status", "body"), [("200 OK", b"<html>Log in</html>"), ("302 Found", b"")])
def test_only_an_exporter_takes_a_report(suite: Suite, status: str, body: bytes) -> None:
    """
    Not a proxy that says yes to all, or points to another server, which is told without secrets and not followed.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    with receiving(status=204) as other, answering(answer(body, status, f"Location: {other.url}/in?t=t0ken")) as proxy:
        result = suite.run(f"--paceline-live={proxy.url}")

    why = {"200 OK": "200", "302 Found": f"302, which points to {other.url}/in"}[status]
    assert f"paceline: 2 of 2 live reports did not reach {proxy.url}/api/v1/live: it answered {why}\n" in result.output
    assert other.requests == []


def test_a_wrong_token_is_said(suite: Suite, tmp_path: Path) -> None:
    """
    Without the token.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    with exporter_in(tmp_path, environ={"PACELINE_TOKENS": "right-token"}) as exporter:
        wrong = suite.run(f"--paceline-live={exporter.url}", environ={"PACELINE_PUSH_TOKEN": "wrong-token"})
        right = suite.run(f"--paceline-live={exporter.url}", environ={"PACELINE_PUSH_TOKEN": "right-token"})

    assert "it answered 401" in wrong.output
    assert "-token" not in wrong.output
    assert "live reports did not" not in right.output


@pytest.mark.parametrize("url", ["exporter:10464", "http://", "http://user:secret@exporter"])
def test_an_address_that_is_none_is_said_before_the_first_test(suite: Suite, url: str) -> None:
    """
    A usage error, without a password.
    """
    result = suite.run(f"--paceline-live={url}")

    assert result.code == 4
    assert (
        f"ERROR: paceline: live reports go to {url.rpartition('@')[2]!r}, "
        "expected an address such as http://exporter:10464" in result.output
    )


def _wait_until(exporter: Exporter, outcomes: dict[str, float]) -> None:
    end = time.monotonic() + 60
    while exporter.state("paceline_active_run_cases") != outcomes:
        assert time.monotonic() < end
        time.sleep(0.1)

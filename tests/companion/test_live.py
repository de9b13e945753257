"""
Those who are told of a run while it goes on, seen from the session.
"""

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from paceline.companion.launch import start
from paceline.companion.order import Live, Order
from paceline.companion.session_side import Companion, last_wait
from paceline.documents import decode_live_report
from paceline.errors import ConfigError
from paceline.live_report import LiveReport
from paceline.model import Case, Outcome
from support.answering import answering, silence
from support.receiving import Receiving, receiving
from support.servers import free_port
from support.wording import IN_USE, REFUSED

_SECONDS = 60
_CASE = Case(id="a", family="a", test_type="unit", outcome=Outcome.PASSED, duration_seconds=0.5)
_FAILED = Case(id="c", family="c", test_type="unit", outcome=Outcome.FAILED)


def _start(temporary: Path, port: int | None = None, server: str = "") -> Companion:
    live = Live(run_id="1", suite="shop", shard="1of2", budgets={"unit": 0.1}, port=port, server=server)
    return start(Order(sample_seconds=0.1, project=str(temporary), live=live))


def _scrape(companion: Companion, name: str) -> dict[str, float]:
    text = requests.get(companion.url, timeout=_SECONDS).text
    return {
        ",".join(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def _wait_until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _reports(server: Receiving) -> list[LiveReport]:
    return [decode_live_report(request.body, "a request") for request in server.requests]


def test_the_endpoint_shows_the_run(temporary: Path) -> None:
    """
    Tests that run by their shown id, those that have ended by outcome, and the process tree.
    """
    with closing(_start(temporary, port=0)) as companion:
        companion.tell_branch("main", "main")
        companion.tell_expected(4)
        companion.tell_case_started("a[secret]", "a[1]")
        companion.tell_case_started("b", "b")
        companion.tell_case_ended("b")
        companion.tell_case(_CASE)
        companion.tell_case(_FAILED)
        companion.tell_failures(3)
        _wait_until(lambda: _scrape(companion, "paceline_internal_failures_total") == {"": 3})
        active = _scrape(companion, "paceline_active_case_seconds")

        assert list(active) == ["main,shop,a[1]"]
        assert 0 < active["main,shop,a[1]"] < _SECONDS
        assert _scrape(companion, "paceline_cases_total") == {"main,passed,shop,unit": 1, "main,failed,shop,unit": 1}
        assert _scrape(companion, "paceline_active_failed_case") == {"main,shop,c": 1}
        assert _scrape(companion, "paceline_case_duration_seconds_sum") == {"main,shop,unit": 0.5}
        assert _scrape(companion, "paceline_run_progress_ratio") == {"main,shop": 0.5}
        assert _scrape(companion, "paceline_budget_seconds") == {"shop,unit": 0.1}
        _wait_until(lambda: _scrape(companion, "paceline_process_resident_memory_bytes")[""] > 1 << 20)


def test_a_port_in_use_is_an_error_of_the_start(temporary: Path) -> None:
    """
    The port is named, and how to choose another; nothing is left.
    """
    with receiving() as occupant:
        port = int(occupant.url.rpartition(":")[2])
        with pytest.raises(ConfigError) as raised:
            _start(temporary, port=port)

    assert str(raised.value) == (
        f"the live endpoint cannot use port {port} on 127.0.0.1: {IN_USE}; choose another with --paceline-port"
    )
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("url", ["exporter:10464", "http://", "http://user:secret@exporter"])
def test_an_address_that_is_not_valid_is_an_error_of_the_start(temporary: Path, url: str) -> None:
    """
    A password in it is not shown.
    """
    with pytest.raises(ConfigError) as raised:
        _start(temporary, server=url)

    assert str(raised.value) == (
        f"live reports go to {url.rpartition('@')[2]!r}, expected an address such as http://exporter:10464"
    )


def test_an_exporter_is_sent_reports_until_the_run_is_over(temporary: Path) -> None:
    """
    The first as soon as the branch is known, the last at the end.
    """
    with receiving(status=204, body=b"") as server:
        companion = _start(temporary, server=server.url)
        companion.tell_expected(4)
        companion.tell_branch("main", "main")
        _wait_until(lambda: bool(server.requests))
        companion.tell_case(_CASE)
        companion.tell_case(_FAILED)
        companion.finish(_SECONDS)
        messages = companion.close(_SECONDS)
        first, *_, last = _reports(server)

    assert (first.run_id, first.suite, first.branch, first.shard) == ("1", "shop", "main", "1of2")
    assert (first.is_over, first.expected, first.outcomes, first.budgets) == (False, 4, {}, {"unit": 0.1})
    assert (last.is_over, last.outcomes, last.ended) == (True, {Outcome.PASSED: 1, Outcome.FAILED: 1}, 2)
    assert (first.failed, last.failed) == ((), ("c",))
    assert messages == ()


def test_a_token_comes_from_the_environment(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is in no file and in no argument of the companion.
    """
    monkeypatch.setenv("PACELINE_PUSH_TOKEN", "t0ken")
    with receiving(status=204, body=b"") as server, closing(_start(temporary, server=server.url)) as companion:
        kept = [path.read_text("utf-8") for path in temporary.glob("*/order")]
        companion.tell_branch("main", "main")
        _wait_until(lambda: bool(server.requests))

    assert server.requests[0].headers["Authorization"] == "Bearer t0ken"
    assert "t0ken" not in "".join(kept)


def test_reports_that_did_not_arrive_are_said_at_the_end(temporary: Path) -> None:
    """
    With the reason of the last one.
    """
    url = f"http://127.0.0.1:{free_port()}"
    companion = _start(temporary, server=url)
    companion.tell_branch("main", "main")
    companion.finish(_SECONDS)
    (message,) = companion.close(_SECONDS)

    assert message.endswith(f"live reports did not reach {url}/api/v1/live: the connection failed ({REFUSED})")


def test_a_silent_server_is_given_up(temporary: Path) -> None:
    """
    Its answer is not waited for beyond the last report's two seconds.
    """
    with answering(silence) as server:
        companion = _start(temporary, server=server.url)
        companion.tell_branch("main", "main")
        companion.finish(_SECONDS)
        companion.close(_SECONDS)

    assert list(temporary.iterdir()) == []


def test_a_text_that_is_no_unicode_is_dropped(temporary: Path) -> None:
    """
    A branch may have any bytes in its name.
    """
    with closing(_start(temporary, port=0)) as companion:
        companion.tell_branch("m\udcffain", "main")

        assert companion.boundaries.dropped == 1


def test_without_anything_live_nothing_is_told(companion: Companion) -> None:
    """
    No message, and no test that is thought to run.
    """
    companion.tell_branch("main", "main")
    companion.tell_case_started("a", "a")
    companion.tell_case_ended("a")
    companion.tell_case(_CASE)

    assert (companion.is_live, companion.url) == (False, "")
    assert companion.finish(_SECONDS).messages == ()
    assert companion.close(_SECONDS) == ()


def test_the_session_has_no_thread_and_no_http(temporary: Path) -> None:
    """
    Not even the modules for it.
    """
    script = """
        import sys, threading
        before = {*sys.modules}
        from paceline.companion.launch import start
        from paceline.companion.order import Live, Order
        live = Live(run_id="1", suite="shop", port=0, server="http://127.0.0.1:9")
        companion = start(Order(sample_seconds=1, project=sys.argv[1], live=live))
        companion.tell_branch("main", "main")
        new = {*sys.modules} - before
        print(threading.active_count(), sorted(new & {"requests", "socket", "prometheus_client", "psutil"}))
        companion.finish()
        companion.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(temporary)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "1 []\n"


@pytest.mark.parametrize(
    ("seconds", "waited", "left"), [(10, 0.5, 1.5), (10, 10.2, 0), (0.3, 0.1, pytest.approx(0.2)), (0.3, 0.4, 0)]
)
def test_the_last_report_adds_nothing_to_what_servers_may_take(seconds: float, waited: float, left: float) -> None:
    """
    It is on its way while runs are sent.
    """
    assert last_wait(seconds, waited) == left

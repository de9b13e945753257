"""
Sessions whose runs go somewhere.
"""

import signal
import time
from pathlib import Path

import pytest

from paceline.delivery.outbox import Outbox, Parcel, outboxes
from paceline.extras import install_command
from support.answering import answering, silence
from support.dying import leave_journal
from support.receiving import receiving
from support.servers import free_port
from support.suite import Result, Suite
from support.values import make_case, make_run
from support.wording import NO_FOLDER, REFUSED

_QUICK = "[tool.paceline]\npush_seconds = 0.3\n"


@pytest.fixture
def small(suite: Suite) -> Suite:
    """
    A suite of two tests, which gives up on a server after 300 ms.
    """
    suite.write("test_small.py", "def test_one(): pass\ndef test_two(): pass\n")
    suite.write("pyproject.toml", _QUICK)
    suite.environ |= {"NO_PROXY": "127.0.0.1", "PACELINE_BRANCH": "main"}
    return suite


def _said(result: Result) -> list[str]:
    return [line for line in result.output.splitlines() if line.startswith(("sent ", "paceline: "))][1:]


def _waiting(result: Result) -> int:
    return _waiting_in(result.results)


def _waiting_in(results: Path) -> int:
    return sum(box.count() for _, _, box in outboxes(results / ".outbox"))


@pytest.mark.parametrize("way", ["option", "variable", "setting"])
def test_a_run_is_sent(small: Suite, way: str) -> None:
    """
    It is the run that is kept, and the report says where it went.
    """
    with receiving() as exporter:
        small.write("pyproject.toml", f"[tool.paceline]\npush = '{exporter.url}'\n" if way == "setting" else "")
        options = ["--paceline-push", exporter.url] if way == "option" else []
        result = small.run(*options, environ={"PACELINE_PUSH": exporter.url} if way == "variable" else {})

    assert [request.run for request in exporter.requests] == [result.run]
    assert _said(result) == [f"sent        1 run to {exporter.url} (push)"]
    assert (result.code, _waiting(result)) == (0, 0)


_LEFT = {
    "sockets": "import socket\n    def refuse(*_, **__): raise RuntimeError('no network')\n    socket.socket = refuse",
    "connections": "import socket\n    socket.create_connection = None",
    "requests": "import requests\n    requests.Session.send = lambda *_, **__: None",
    "json": "import json\n    json.dumps = json.loads = None",
    "a proxy": "import os\n    os.environ['HTTP_PROXY'] = 'http://127.0.0.1:9'\n    os.environ.pop('NO_PROXY')",
    "a clock": "import time\n    time.monotonic = lambda: 0.0",
}


@pytest.mark.parametrize("left", _LEFT.values(), ids=_LEFT)
def test_a_run_is_sent_whatever_a_test_left_replaced(small: Suite, left: str) -> None:
    """
    From a process of its own, which has the variables of the start of the session and the functions of Python.
    """
    small.write("pyproject.toml", "")
    small.write("test_left.py", f"def test_left():\n    {left}\n")
    with receiving() as exporter:
        result = small.run("--paceline-push", exporter.url)

    assert [request.run for request in exporter.requests] == [result.run]
    assert _said(result) == [f"sent        1 run to {exporter.url} (push)"]
    assert (result.code, _waiting(result)) == (0, 0)


def test_a_dead_server_is_named_whatever_a_test_left_replaced(small: Suite) -> None:
    """
    The run waits, as it does where a test left nothing replaced.
    """
    url = f"http://127.0.0.1:{free_port()}"
    small.write("pyproject.toml", "")
    small.write("test_left.py", "def test_left():\n    import json\n    json.dumps = None\n")
    result = small.run("--paceline-push", url)

    assert (result.code, _waiting(result)) == (0, 1)
    assert REFUSED in result.told()


def test_under_xdist_one_run_is_sent(small: Suite) -> None:
    """
    The controller sends; workers have nothing to send.
    """
    with receiving() as exporter:
        small.run("-n2", "--paceline-push", exporter.url)

    assert [len(request.run.cases) for request in exporter.requests] == [2]


def test_a_dead_server_costs_one_line(small: Suite) -> None:
    """
    The tests pass, the run is kept, and it waits.
    """
    url = f"http://127.0.0.1:{free_port()}"
    result = small.run("--paceline-push", url)

    assert (result.code, result.kept_runs(), _waiting(result)) == (0, 1, 1)
    assert _said(result) == [
        (
            f"paceline: 1 run was not sent to {url}: the connection failed ({REFUSED}); "
            "it is sent with the next run, or by `paceline push`"
        )
    ]


def test_what_waits_goes_with_the_next_run(small: Suite) -> None:
    """
    Each run once, the oldest first.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    runs = [small.run("--paceline-push", url).run for _ in range(2)]
    small.write("pyproject.toml", "")
    with receiving(port=port) as exporter:
        result = small.run("--paceline-push", url)

    assert exporter.run_ids == [*(run.run_id for run in runs), result.run.run_id]
    assert _said(result) == [f"sent        3 runs to {url} (push)"]
    assert _waiting(result) == 0


def test_where_nobody_listens_a_session_soon_ends(small: Suite) -> None:
    """
    It asks three times, and does not wait for the time that a slow server is given.
    """
    small.write("pyproject.toml", "[tool.paceline]\npush_seconds = 600\n")
    url = f"http://127.0.0.1:{free_port()}"
    result = small.run("--paceline-push", url)

    assert _said(result) == [
        (
            f"paceline: 1 run was not sent to {url}: the connection failed ({REFUSED}), tried 3 times; "
            "it is sent with the next run, or by `paceline push`"
        )
    ]


def test_what_is_beyond_the_limits_of_an_outbox_is_let_go(small: Suite) -> None:
    """
    It is in the results folder as before.
    """
    small.write("pyproject.toml", _QUICK + "outbox.runs = 2\n")
    url = f"http://127.0.0.1:{free_port()}"
    results = [small.run("--paceline-push", url) for _ in range(3)]
    said = [line for line in _said(results[-1]) if "dropped" in line]

    assert (_waiting(results[-1]), results[-1].kept_runs()) == (2, 3)
    assert said == [
        (
            f"paceline: dropped 1 queued run for {url}: the outbox keeps at most 2 runs, 256 MiB and 30 days; "
            "`paceline replay` sends the runs of the results folder"
        )
    ]


def test_a_damaged_file_does_not_hold_up_the_others(small: Suite) -> None:
    """
    It is set aside, and the user reads where it is.
    """
    with receiving() as exporter:
        box = Outbox(small.results / ".outbox", "push", exporter.url)
        small.run()
        box.put(Parcel("0", b"damaged"))
        result = small.run("--paceline-push", exporter.url)

    assert exporter.run_ids == [result.run.run_id]
    said = _said(result)[-1]
    assert said.startswith(
        "paceline: 1 file in the outbox is damaged and set aside: the outbox: not compressed with gzip: "
    )
    assert said.endswith(f"; kept in {box.refused.relative_to(small.folder)}")


def test_a_page_that_says_yes_to_all_takes_no_run(small: Suite) -> None:
    """
    As a proxy has one for whoever did not log in: the run waits.
    """
    with receiving(status=200, body=b"<html>Log in</html>", content_type="text/html") as proxy:
        result = small.run("--paceline-push", proxy.url)

    assert (result.code, _waiting(result)) == (0, 1)
    assert _said(result) == [
        (
            f"paceline: 1 run was not sent to {proxy.url}: answered 200 In Words with text/html, expected an "
            "exporter's answer, with run_id and result; it is sent with the next run, or by `paceline push`"
        )
    ]


def test_a_killed_process_loses_nothing(small: Suite) -> None:
    """
    The run is in the outbox before the server is asked.
    """
    small.write("pyproject.toml", "[tool.paceline]\npush_seconds = 60\n")
    with answering(silence) as hanging:
        process = small.start("--paceline-push", hanging.url)
        while not hanging.requests:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate()
    result = Result(process.returncode, output, small.results)

    assert result.code == -signal.SIGKILL
    assert (result.kept_runs(), _waiting(result)) == (1, 1)


def test_ctrl_c_while_a_server_hangs_leaves_the_run_in_the_outbox(small: Suite) -> None:
    """
    The report says so, also of a server that answered; the exit code is pytest's of an interruption.
    """
    small.write("pyproject.toml", "[tool.paceline]\npush_seconds = 600\n")
    with answering(silence) as hanging, receiving(status=200) as collector:
        process = small.start("--paceline-push", hanging.url, f"--paceline-otlp={collector.url}")
        while not (hanging.requests and collector.requests and _waiting_in(small.results) == 1):
            time.sleep(0.01)
        time.sleep(0.5)  # the session removes the run that was taken before it notes it for the report
        result = small.interrupt(process)

    assert (result.code, result.kept_runs(), _waiting(result)) == (2, 1, 1)
    assert "Traceback" not in result.output
    assert _said(result) == [
        f"sent        1 run to {collector.url}/v1/metrics (otlp)",
        (
            f"paceline: 1 run was not sent to {hanging.url}: interrupted; it is sent with the next "
            "run, or by `paceline push`"
        ),
    ]


def test_what_a_dead_session_left_is_sent_too(small: Suite) -> None:
    """
    Its run is read back from the journal, kept, and sent with the next one.
    """
    small.run()
    leave_journal(small.results / ".running", make_run(1, [make_case()]))
    with receiving() as exporter:
        result = small.run("--paceline-push", exporter.url)

    assert exporter.run_ids == ["run-1", result.run.run_id]


def test_what_died_under_the_id_of_a_session_gives_way_to_it(small: Suite) -> None:
    """
    A step that is run again has the same id: sent first, the rest of the run that died would stand for the whole.
    """
    small.run()
    leave_journal(small.results / ".running", make_run(1, [make_case()], run_id="77-1"))
    with receiving() as exporter:
        result = small.run("--paceline-push", exporter.url, environ={"PACELINE_RUN_ID": "77-1"})

    assert [request.run for request in exporter.requests] == [result.run]
    assert result.kept_runs() == 2
    assert _said(result) == [
        f"sent        1 run to {exporter.url} (push)",
        "paceline: a session that died left 1 test under the id of this run, 77-1; this run replaces them",
    ]


def test_what_died_waits_where_the_session_of_its_id_has_no_run(small: Suite) -> None:
    """
    Else nobody would send it.
    """
    small.run()
    leave_journal(small.results / ".running", make_run(1, [make_case()], run_id="77-1"))
    with receiving() as exporter:
        arguments = ("--paceline-push", exporter.url)
        result = small.run(*arguments, "-k", "nothing", environ={"PACELINE_RUN_ID": "77-1"})
        waiting = _waiting(result)
        small.run(*arguments)

    assert (result.code, waiting, exporter.run_ids[0]) == (5, 1, "77-1")


def test_what_died_of_another_suite_is_left_to_it(small: Suite) -> None:
    """
    Two projects that share a results folder do not share their servers.
    """
    small.run()
    leave_journal(small.results / ".running", make_run(1, [make_case()], suite="tools"))
    with receiving() as exporter:
        small.run("--paceline-push", exporter.url)
        other = small.run(environ={"PACELINE_SUITE": "tools"})

    assert len(exporter.requests) == 1
    assert "paceline: a session that died left 1 test, kept as run run-1\n" in other.output


def test_where_nothing_is_kept_a_run_is_sent_or_lost(small: Suite, tmp_path: Path) -> None:
    """
    No file is written, and the user reads what that means.
    """
    url = f"http://127.0.0.1:{free_port()}"
    with receiving() as exporter:
        sent = small.run("--paceline-no-save", "--paceline-push", exporter.url)
    lost = small.run("--paceline-no-save", "--paceline-push", url)

    assert _said(sent) == [f"sent        1 run to {exporter.url} (push)"]
    assert _said(lost) == [
        (
            f"paceline: 1 run was not sent to {url}: the connection failed ({REFUSED}); "
            "no outbox keeps it for a later try"
        )
    ]
    assert list(tmp_path.rglob("*.gz")) == []


def test_an_outbox_that_cannot_be_written_to_costs_one_line(small: Suite) -> None:
    """
    The run is sent all the same.
    """
    small.run()
    (small.results / ".outbox").write_text("in the way")
    with receiving() as exporter:
        result = small.run("--paceline-push", exporter.url)

    assert exporter.run_ids == [result.run.run_id]
    assert [line.rpartition(" cannot")[2] for line in _said(result)] == [
        f"sent        1 run to {exporter.url} (push)",
        f" be written to: {NO_FOLDER}",
    ]


def test_secrets_are_never_shown(small: Suite) -> None:
    """
    Not in the output, not in the name of a file, not in a document.
    """
    with receiving(status=401) as exporter:
        url = exporter.url.replace("://", "://ann:passw0rd@")
        result = small.run("-vv", "--paceline-push", url, environ={"PACELINE_PUSH_TOKEN": "t0ken"})
    left = "".join(f"{path} {path.read_bytes()!r}" for path in result.results.rglob("*") if path.is_file())

    assert exporter.requests[0].headers["Authorization"] == "Bearer t0ken"
    assert f"not sent to {exporter.url}: answered 401 In Words" in result.output
    assert [secret for secret in ("t0ken", "passw0rd") if secret in result.output + left] == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "--paceline-push=exporter",
            "runs are pushed to 'exporter', expected an address such as http://exporter:10464",
        ),
        (
            "--paceline-otlp=ann:secret@collector",
            "runs are sent by OTLP to 'collector', expected an address such as http://collector:4318",
        ),
    ],
)
def test_a_wrong_address_stops_before_collection(small: Suite, option: str, message: str) -> None:
    """
    The message says which, without its secrets.
    """
    result = small.run(option)

    assert result.code == 4
    assert f"ERROR: paceline: {message}\n" in result.output


def test_otlp_without_its_package_says_what_to_install(small: Suite) -> None:
    """
    Before any test runs.
    """
    small.write("opentelemetry.py", "raise ModuleNotFoundError('no', name='opentelemetry.proto')\n")
    result = small.run("--paceline-otlp", environ={"PYTHONPATH": str(small.folder)})

    assert result.code == 4
    assert (
        f"ERROR: paceline: OTLP needs opentelemetry.proto, which is not installed: {install_command('otlp')}\n"
    ) in result.output


def test_metrics_and_a_trace_go_to_a_collector(small: Suite) -> None:
    """
    The address may come from OpenTelemetry's variables.
    """
    with receiving(status=200) as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        result = small.run("--paceline-otlp-traces", "--paceline-otlp", environ=environ)

    assert sorted(request.path for request in collector.requests) == ["/v1/metrics", "/v1/traces"]
    assert _said(result) == [
        f"sent        1 run to {collector.url}/v1/metrics (otlp)",
        f"sent        1 run to {collector.url}/v1/traces (otlp-traces)",
    ]


def test_where_opentelemetry_is_off_nothing_is_sent_by_it(small: Suite) -> None:
    """
    The user reads why; what goes elsewhere goes.
    """
    small.write("pyproject.toml", "")  # its server answers, be it late
    with receiving(status=200) as collector:
        arguments = (f"--paceline-otlp={collector.url}", "--paceline-otlp-traces")
        off = small.run(*arguments, "--paceline-push", collector.url, environ={"OTEL_SDK_DISABLED": "true"})
        none = small.run(*arguments, environ={"OTEL_METRICS_EXPORTER": "none"})

    assert [request.path for request in collector.requests] == ["/api/v1/runs", "/v1/traces"]
    assert _said(off)[-1] == "paceline: nothing is sent by OTLP: the environment variable OTEL_SDK_DISABLED is true"
    assert _said(none) == [
        f"sent        1 run to {collector.url}/v1/traces (otlp-traces)",
        "paceline: no metrics are sent by OTLP: the environment variable OTEL_METRICS_EXPORTER is none",
    ]


def test_without_a_server_nothing_of_sinks_is_imported(small: Suite) -> None:
    """
    Who does not send does not pay.
    """
    small.write(
        "conftest.py",
        "import sys\n"
        "def pytest_sessionfinish(): print([name for name in sys.modules if name.startswith('paceline.delivery')])\n",
    )

    assert "[]" in small.run("-s").output

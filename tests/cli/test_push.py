"""
`paceline push` and `paceline replay`.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.delivery.outbox import Outbox, pack
from paceline.documents import encode_run
from paceline.history.archive import Archive
from support.command import Ended, run_command
from support.receiving import Receiving, receiving
from support.servers import free_port
from support.values import make_case, make_run
from support.wording import ERROR, NO_FILE, REFUSED

_RUNS = [make_run(number, [make_case()], suite=suite) for number, suite in enumerate(["shop", "shop", "tools"])]


@pytest.fixture
def exporter() -> Iterator[Receiving]:
    """
    An exporter that takes all.
    """
    with receiving() as server:
        yield server


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A project that keeps three runs, and gives a server half a second.
    """
    archive = Archive(tmp_path / "performance_results", pytest.fail)
    archive.folder.prepare()
    for run in _RUNS:
        archive.ledger.add(run)
    (tmp_path / "pyproject.toml").write_text("[tool.paceline]\npush_seconds = 0.5\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


def _box(project: Path, url: str, kind: str = "push") -> Outbox:
    return Outbox(project / "performance_results" / ".outbox", kind, url)


def _call(*arguments: str) -> Ended:
    return run_command(arguments)


def test_what_waits_is_sent(project: Path, exporter: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    To the server that is configured.
    """
    box = _box(project, exporter.url)
    for run in _RUNS:
        box.put(pack(run))
    monkeypatch.setenv("PACELINE_PUSH", exporter.url)
    result = _call("push")

    assert (result.exit_code, result.output) == (0, f"sent 3 runs to {exporter.url} (push)\n")
    assert (exporter.run_ids, box.count()) == (["run-0", "run-1", "run-2"], 0)


def test_what_waits_for_a_server_that_has_moved_goes_to_another(project: Path, exporter: Receiving) -> None:
    """
    And where it is not meant, the user is told that it is there.
    """
    old = "http://old:10464"
    _box(project, old).put(pack(_RUNS[0]))
    left, moved = _call("push", "--otlp", exporter.url), _call("push", "--to", exporter.url)

    assert left.stderr + left.stdout == (
        f"paceline: 1 run is queued for {old} (push); `paceline push` without an address sends "
        "it there\nno run is queued\n"
    )
    assert moved.output == f"sent 1 run to {exporter.url} (push)\n"


def test_what_the_server_had_already_is_said(project: Path, exporter: Receiving) -> None:
    """
    A run that came twice was not sent anew.
    """
    exporter.statuses += [200, 201, 200]
    for run in _RUNS:
        _box(project, exporter.url).put(pack(run))
    result = _call("push", "--to", exporter.url)

    assert (result.exit_code, result.output) == (
        0,
        f"sent 1 run to {exporter.url} (push); the server had 2 runs already\n",
    )


def test_a_file_of_authorities_may_be_given() -> None:
    """
    It is looked at before anything is sent.
    """
    result = _call("push", "--to", "https://exporter", "--ca-file", "ca.pem")

    assert (result.exit_code, result.output) == (
        1,
        (f"{ERROR}push_ca_file is 'ca.pem', which cannot be read ({NO_FILE}), expected a CA bundle (PEM)\n"),
    )


def test_refused_runs_may_be_sent_again(project: Path, exporter: Receiving) -> None:
    """
    They wait until somebody asks.
    """
    exporter.statuses.append(422)
    _box(project, exporter.url).put(pack(_RUNS[0]))
    codes = [_call("push", "--to", exporter.url, *more).exit_code for more in ([], [], ["--refused"])]

    assert codes == [1, 0, 0]
    assert exporter.run_ids == ["run-0", "run-0"]


def test_documents_from_elsewhere_are_sent(project: Path, exporter: Receiving) -> None:
    """
    As CI keeps them, compressed or not; a run that comes twice is the exporter's to know.
    """
    (project / "one.json").write_bytes(encode_run(_RUNS[0]))
    (project / "two.json.gz").write_bytes(gzip.compress(encode_run(_RUNS[1])))
    result = _call("push", "one.json", "two.json.gz", "--to", exporter.url)

    assert result.output == f"sent 2 runs to {exporter.url} (push)\n"
    assert [request.run for request in exporter.requests] == _RUNS[:2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b"{", "x.json: not a run document: "),
        ("x.json.gz", b"{", "x.json.gz: not compressed with gzip: "),
    ],
)
def test_a_file_that_is_no_run_is_named(project: Path, name: str, content: bytes, message: str) -> None:
    """
    Before anything is sent.
    """
    (project / name).write_bytes(content)
    result = _call("push", name, "--to", "http://127.0.0.1:1")

    assert result.exit_code == 1
    assert result.output.startswith(f"{ERROR}{message}")


def test_what_does_not_arrive_waits(project: Path) -> None:
    """
    The exit code is 1, and the message says why.
    """
    url = f"http://127.0.0.1:{free_port()}"
    box = _box(project, url)
    box.put(pack(_RUNS[0]))
    result = _call("push", "--to", url)

    assert result.exit_code == 1
    assert result.output == (
        f"sent 0 runs to {url} (push)\n"
        f"paceline: 1 run was not sent to {url}: the connection failed ({REFUSED}); "
        "it is sent with the next run, or by `paceline push`\n"
        f"{ERROR}not all runs were delivered\n"
    )
    assert box.count() == 1


def test_what_waits_goes_to_where_it_was_meant_to_go(
    project: Path, exporter: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Wherever a session was told on its command line; what only an outbox names gets no credentials, as it may be
    somebody else's.
    """
    addresses = {"push": exporter.url, "otlp": f"{exporter.url}/v1/metrics", "otlp-traces": f"{exporter.url}/v1/traces"}
    for kind, address in addresses.items():
        _box(project, address, kind).put(pack(_RUNS[0]))
    monkeypatch.setenv("PACELINE_PUSH_TOKEN", "t0ken")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer 0tel")
    result = _call("push")

    assert (result.exit_code, sorted(result.output.splitlines())) == (
        0,
        sorted(f"sent 1 run to {address} ({kind})" for kind, address in addresses.items()),
    )
    assert {request.path for request in exporter.requests} == {"/api/v1/runs", "/v1/metrics", "/v1/traces"}
    assert not any("Authorization" in request.headers for request in exporter.requests)


def test_what_waits_for_a_collector_waits_where_opentelemetry_is_off(
    project: Path, exporter: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What waits for others goes.
    """
    for kind in ("otlp", "push"):
        _box(project, exporter.url, kind).put(pack(_RUNS[0]))
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    result = _call("push")

    assert (result.exit_code, result.stderr + result.stdout) == (
        0,
        (
            f"paceline: 1 run is queued for {exporter.url} (otlp); nothing is sent by OTLP: the environment variable "
            f"OTEL_SDK_DISABLED is true\nsent 1 run to {exporter.url} (push)\n"
        ),
    )


def test_a_server_that_is_configured_gets_the_token(
    project: Path, exporter: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Of the environment, for what waits as for what is sent at once.
    """
    (project / "pyproject.toml").write_text(f'[tool.paceline]\npush = "{exporter.url}"\n')
    _box(project, exporter.url, "push").put(pack(_RUNS[0]))
    monkeypatch.setenv("PACELINE_PUSH_TOKEN", "t0ken")
    result = _call("push")

    assert (result.exit_code, result.output) == (0, f"sent 1 run to {exporter.url} (push)\n")
    assert [request.headers["Authorization"] for request in exporter.requests] == ["Bearer t0ken"]


def test_an_outbox_of_another_kind_is_said(project: Path) -> None:
    """
    As a later version may have made it.
    """
    _box(project, "http://there", "pigeon").put(pack(_RUNS[0]))
    result = _call("push")

    assert (result.exit_code, result.output) == (
        1,
        f"{ERROR}the outbox has runs for 'pigeon', expected push, otlp, otlp-traces\n",
    )


def test_where_nothing_waits_nothing_is_asked() -> None:
    """
    Also where no server is configured.
    """
    result = _call("push")

    assert (result.exit_code, result.output) == (0, "no run is queued\n")


@pytest.mark.parametrize("arguments", [("push", "pyproject.toml"), ("replay",)])
def test_somebody_has_to_say_where_to(arguments: tuple[str, ...]) -> None:
    """
    On the command line, in the environment or in the file.
    """
    result = _call(*arguments)

    assert result.exit_code == 1
    assert result.output == (
        f"{ERROR}no server is configured, expected --to URL, --otlp URL, or push or otlp in [tool.paceline]\n"
    )


def test_a_span_of_the_past_is_sent_again(exporter: Receiving) -> None:
    """
    Oldest first.
    """
    exporter.statuses.append(200)
    result = _call("replay", "--to", exporter.url, "--suite", "shop")
    later = _call("replay", "--to", exporter.url, "--since", "2023-11-14T23:00:00", "--until", "2023-11-15T00:00:00")

    assert result.stdout.splitlines()[-1] == f"sent 1 run to {exporter.url} (push); the server had 1 run already"
    assert (result.exit_code, later.exit_code) == (0, 0)
    assert exporter.run_ids == ["run-0", "run-1", "run-1"]


def test_a_replay_that_stops_says_where_to_go_on(exporter: Receiving) -> None:
    """
    With the time of the first run that has not arrived.
    """
    exporter.statuses += [201, 404]
    result = _call("replay", "--to", exporter.url)

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == (
        f"{ERROR}stopped at run run-1: {exporter.url}: answered 404 In Words; continue with --since 2023-11-14T23:13:20"
    )


def test_a_replay_goes_on_where_a_run_is_refused(exporter: Receiving) -> None:
    """
    As one is that has the id of another: it would be refused whenever it is sent.
    """
    exporter.statuses += [409, 201, 409]
    result = _call("replay", "--to", exporter.url)

    assert exporter.run_ids == ["run-0", "run-1", "run-2"]
    assert result.stdout == f"sent 1 run to {exporter.url} (push)\n"
    assert (result.exit_code, result.stderr.splitlines()[-2:]) == (
        1,
        [
            (
                f"paceline: 2 runs were refused by {exporter.url}: answered 409 In Words "
                '({"error":"no"}); not sent: run-0, run-2'
            ),
            f"{ERROR}not all runs were delivered",
        ],
    )

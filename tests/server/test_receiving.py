"""
What is answered to runs, good and bad.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from paceline.documents import encode_run
from support.exporter import Exporter, exporter_in
from support.values import make_case, make_run

_RUN = make_run(1, [make_case()])


def _document(**changes: Any) -> bytes:
    return json.dumps({**json.loads(encode_run(_RUN)), **changes}).encode()


def test_a_run_is_accepted_once(exporter: Exporter) -> None:
    """
    201 for a new run, 200 for a known one, and the run is in the ledger as it was sent.
    """
    first, second = exporter.push(_RUN), exporter.post(encode_run(_RUN))

    assert (first.status_code, first.json()) == (201, {"run_id": "run-1", "result": "accepted"})
    assert (second.status_code, second.json()) == (200, {"run_id": "run-1", "result": "duplicate"})
    assert exporter.ledger.run("run-1") == _RUN
    assert exporter.state("paceline_exporter_reports_total") == {
        "accepted": 1,
        "duplicate": 1,
        "conflict": 0,
        "rejected": 0,
        "unauthorized": 0,
        "unavailable": 0,
    }


def test_a_whole_run_replaces_what_a_crash_left(exporter: Exporter) -> None:
    """
    It is exposed instead, and its test is not counted again.
    """
    exporter.post(_document(outcome="crashed"))
    answer = exporter.push(make_run(1, [make_case(), make_case("test_b")]))

    assert answer.json() == {"run_id": "run-1", "result": "accepted"}
    assert exporter.state("paceline_cases_total") == {"main,passed,shop,unit": 2}
    assert exporter.state("paceline_runs_total") == {"main,crashed,shop": 1}
    assert len([name for name, *_ in exporter.scrape() if name == "paceline_test_passed"]) == 2


def test_another_run_under_a_known_id_is_refused(exporter: Exporter) -> None:
    """
    409, with both runs and what to do; it is counted, and neither the kept run nor its samples change.
    """
    exporter.push(_RUN)
    answer = exporter.post(_document(suite="e2e"))

    assert (answer.status_code, answer.json()) == (409, {"error": _CONFLICT})
    assert exporter.state("paceline_exporter_reports_total")["conflict"] == 1
    assert exporter.ledger.run("run-1") == _RUN
    assert exporter.runs() == ["run-1"]
    assert f"WARNING rejected, 409: {_CONFLICT}, from 127.0.0.1\n" in exporter.log.read_text("utf-8")


_CONFLICT = (
    "the run: run run-1 exists already (suite shop, begun at 2023-11-14 23:13:10 UTC); the new run differs (suite e2e,"
    " begun at 2023-11-14 23:13:10 UTC): give each session an id of its own, or PACELINE_SHARD to the parts of one run"
)


def _without(key: str) -> bytes:
    document = json.loads(encode_run(_RUN))
    del document[key]
    return json.dumps(document).encode()


_NOT_A_RUN = "the run: not a run document"
_UNNAMED = {**json.loads(encode_run(_RUN))["cases"][0], "id": ""}
_DEEP = b'{"schema": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", f"{_NOT_A_RUN}: "),
        (b"not JSON", f"{_NOT_A_RUN}: "),
        (b"\xef\xbb\xbf{}", "the run: not a run document: a byte order mark, expected JSON without one"),
        (b"[]", f"{_NOT_A_RUN}: "),
        (_DEEP, f"{_NOT_A_RUN}: values nested too deeply"),
        (b'{"schema": 1, "suite": "\xff"}', f"{_NOT_A_RUN}: "),
        (_document(schema=99), "the run: a run document of version 99, expected at most 1"),
        (_document(suite=7), f"{_NOT_A_RUN}: "),
        (_without("schema"), "the run: schema is absent, expected 1"),
        (_document(suite=" "), "the run: suite is ' ', expected a name"),
        (_document(run_id=""), f"{_NOT_A_RUN}: "),
        (_document(run_id=" "), f"{_NOT_A_RUN}: "),
        (_document(cases=[_UNNAMED]), "the run: cases[0].id is '', expected a name"),
        (_document(started=1e10), "the run: started is 10000000000.0, expected at most 1700003600.0, when it ended"),
        (
            _document(cases=[*json.loads(encode_run(_RUN))["cases"]] * 2),
            "the run: cases has 'tests/test_cart.py::test_total' 2 times, expected each test once",
        ),
    ],
    ids=[
        "empty",
        "no JSON",
        "byte order mark",
        "a list",
        "deep",
        "no UTF-8",
        "newer",
        "type",
        "no version",
        "no suite",
        "no id",
        "blank id",
        "no test",
        "times",
        "twice",
    ],
)
def test_what_is_no_run_is_refused(refusing: Exporter, body: bytes, error: str) -> None:
    """
    400, with the place and the reason; nothing is kept and nothing breaks.
    """
    before = refusing.state("paceline_exporter_reports_total")["rejected"]
    answer = refusing.post(body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert refusing.state("paceline_exporter_reports_total")["rejected"] == before + 1
    assert refusing.runs() == []
    assert "Traceback" not in refusing.log.read_text("utf-8")


def test_a_refusal_is_logged(exporter: Exporter) -> None:
    """
    Who sent it and why, in one line, without a secret that the body may have put into the reason.
    """
    case = json.loads(encode_run(make_run(1, [make_case("a\ntoken=hunter22")])))["cases"][0]
    exporter.post(_document(cases=[case, case]))
    exporter.post(b'{"run_id": "a", "suite": "", "branch": ""}', "/api/v1/live")
    lines = exporter.log.read_text("utf-8").splitlines()

    assert [line.partition(" WARNING ")[2] for line in lines if "WARNING" in line] == [
        "rejected, 400: the run: cases has 'a\\\\ntoken=***' 2 times, expected each test once, from 127.0.0.1",
        "rejected, 400: the report: suite is '', expected a name, from 127.0.0.1",
    ]


_BOMB = gzip.compress(bytes(200 << 20), 9)


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (bytes(100 << 20), {}, 413, "the body: 104857600 bytes, expected at most 33554432"),
        (_BOMB, {"Content-Encoding": "gzip"}, 413, "the body: more than 67108864 bytes when unpacked"),
        (_BOMB[:100], {"Content-Encoding": "gzip"}, 400, "the body: the gzip data ends too early"),
        (b"{}", {"Content-Encoding": "br"}, 415, "Content-Encoding: 'br', expected gzip or none"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "Content-Type: 'text/plain', expected application/json"),
        (b"{}", {"Content-Encoding": "gzip"}, 400, "the body: not gzip data: "),
    ],
    ids=["100 MB", "bomb", "cut", "encoding", "type", "no gzip"],
)
def test_a_body_that_cannot_be_is_refused(
    refusing: Exporter, body: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    """
    Before it takes memory.
    """
    answer = refusing.post(body, **headers)

    assert answer.status_code == status
    assert answer.json()["error"].startswith(error)
    assert refusing.get("/-/healthy").text == "Paceline's exporter is healthy.\n"


def test_whoever_may_not_send_is_told_so_after_a_large_body(tmp_path: Path) -> None:
    """
    Its connection is not cut while it is still sending.
    """
    with exporter_in(tmp_path, environ={"PACELINE_TOKENS": "some-token"}) as exporter:
        answer = exporter.post(bytes(20 << 20))

    assert answer.status_code == 401


def test_a_token_is_needed_where_there_are_tokens(tmp_path: Path) -> None:
    """
    Each of several is good, from the file or the environment; a wrong one is not, and none is ever logged.
    """
    file = tmp_path / "tokens"
    file.write_text("# of CI\nfirst-token\nsecond-token\n", "utf-8")
    environ = {"PACELINE_TOKENS": "third-token"}
    given = ["", "Bearer first-token", "Bearer second-token", "Bearer third-token", "Bearer wrong-token", "first-token"]
    with exporter_in(tmp_path, "--tokens-file", str(file), environ=environ) as exporter:
        answers = [exporter.push(_RUN, Authorization=header) for header in given]
        log = exporter.log.read_text("utf-8")

    assert [answer.status_code for answer in answers] == [401, 201, 200, 200, 401, 401]
    assert answers[0].json() == {"error": "the request: not a token of this exporter, expected a bearer token"}
    assert [answer.headers.get("WWW-Authenticate") for answer in answers[:2]] == ['Bearer realm="paceline"', None]
    assert "-token" not in log.replace("tokens-file", "")


def test_an_empty_live_report_asks_about_the_token(tmp_path: Path) -> None:
    """
    It is accepted with a token of the exporter and refused without, and only the refusal is in the log.
    """
    (tmp_path / "tokens").write_text("first-token\n", "utf-8")
    with exporter_in(tmp_path, "--tokens-file", str(tmp_path / "tokens")) as exporter:
        headers: list[dict[str, str]] = [{"Authorization": "Bearer first-token"}, {}]
        codes = [exporter.post(b"", "/api/v1/live", **one).status_code for one in headers]
        log = exporter.log.read_text("utf-8")

    assert codes == [204, 401]
    assert log.count("rejected") == log.count("rejected, 401") == 1


def test_a_wrong_method_or_path_is_said(refusing: Exporter) -> None:
    """
    405 and 404.
    """
    assert refusing.get("/api/v1/runs").status_code == 405
    assert refusing.get("/nowhere").status_code == 404

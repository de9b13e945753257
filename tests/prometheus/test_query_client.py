"""
A server of history that answers well, badly, or not at all.
"""

import gzip
import time
from pathlib import Path

import pytest

from paceline.errors import StorageError
from paceline.http.server_access import ServerAccess, read_server
from paceline.prometheus.query_client import NAMING, QueryClient
from support.answering import Behaviour, answer, answering, drip, silence
from support.servers import free_port
from support.wording import REFUSED

_GOOD = (
    b'{"status":"success","data":{"resultType":"matrix","result":'
    b'[{"metric":{"test":"a"},"values":[[1700000000.123,"0.5"],[1700000001,"1"]]}]}}'
)
_MANY = 1 << 20


def _error(behave: Behaviour, seconds: float = 20, largest: int = _MANY) -> str:
    with answering(behave) as server, pytest.raises(StorageError) as caught:
        QueryClient(ServerAccess(server.url), seconds, largest).query("up[1d]", 1_700_000_000)
    return str(caught.value).replace(server.url, "http://server")


@pytest.mark.parametrize(
    "behave",
    [answer(_GOOD), answer(gzip.compress(_GOOD), "200 OK", "Content-Encoding: gzip")],
    ids=["plain", "gzip"],
)
def test_an_answer_is_read(behave: Behaviour) -> None:
    """
    Labels, times in milliseconds and values; compressed or not, and compression is asked for.
    """
    with answering(behave) as server:
        (series,) = QueryClient(ServerAccess(server.url), 20).query("up[1d]", 1_700_000_000.5)

    assert series.labels == {"test": "a"}
    assert (list(series.stamps), list(series.values)) == ([1_700_000_000_123, 1_700_000_001_000], [0.5, 1.0])
    assert server.requests[0].startswith("GET /api/v1/query?query=up%5B1d%5D&time=1700000000.500&timeout=20.000 HTTP")
    assert "gzip" in server.requests[0]


def test_what_is_no_number_is_no_sample() -> None:
    """
    A figure that is not finite says nothing of a run.
    """
    body = _GOOD.replace(b'"0.5"', b'"NaN"').replace(b'"1"', b'"+Inf"')
    with answering(answer(body)) as server:
        (series,) = QueryClient(ServerAccess(server.url), 20).query("up[1d]", 1)

    assert (list(series.stamps), list(series.values)) == ([], [])


_NO_SAMPLES = (
    'answered \'{"status":"success","data":{"resultType":"matrix","result":[\'…, '
    "expected samples as JSON of Prometheus: "
)


@pytest.mark.parametrize(
    ("behave", "message"),
    [
        (
            answer(b"<html>Sign in</html>"),
            "answered '<html>Sign in</html>', expected samples as JSON of Prometheus: ",
        ),
        (answer(b""), "answered nothing, expected samples as JSON of Prometheus: "),
        (
            answer(_GOOD[:100]),
            _NO_SAMPLES,
        ),
        (
            answer(b'{"status":"success","data":{"resultType":"vector","result":[]}}'),
            _NO_SAMPLES.replace("matrix", "vector"),
        ),
        (
            answer(b'{"status":"success"}'),
            'answered \'{"status":"success"}\', expected samples as JSON of Prometheus: ',
        ),
        (
            answer(_GOOD.replace(b'"0.5"', b"0.5")),
            _NO_SAMPLES,
        ),
        (
            answer(_GOOD.replace(b"0.5", b"many")),
            _NO_SAMPLES,
        ),
        (
            answer(b'{"status":"success","data":{"deep":' + b"[" * 100_000),
            (
                f'answered \'{{"status":"success","data":{{"deep":{"[" * 25}\'…, '
                "expected samples as JSON of Prometheus: values nested too deeply"
            ),
        ),
        (
            answer(b'{"status":"error","error":"query processing would load too many samples"}', "422 Unprocessable"),
            "answered 422 Unprocessable (query processing would load too many samples), expected 200 OK",
        ),
        (answer(b"<html>oops", "503 Service Unavailable"), "answered 503 Service Unavailable, expected 200 OK"),
        (
            answer(b"no", "401 Unauthorized"),
            (
                "answered 401 Unauthorized, expected 200 OK; credentials come from PACELINE_HISTORY_TOKEN, "
                "or PACELINE_HISTORY_USER and PACELINE_HISTORY_PASSWORD"
            ),
        ),
        (answer(b" " * (_MANY + 1)), "the answer is larger than 1 MiB, expected less"),
    ],
    ids=["html", "empty", "half", "vector", "no data", "number", "word", "deep", "too much", "down", "locked", "large"],
)
def test_what_is_no_answer_is_explained(behave: Behaviour, message: str) -> None:
    """
    One line: who answered, with which text, and what was expected.
    """
    assert _error(behave).startswith(f"http://server: {message}")


def test_an_answer_that_ends_too_early_is_none() -> None:
    """
    A connection that is cut gives no half of a history.
    """
    message = _error(answer(_GOOD, length=len(_GOOD) + 10))

    assert message.startswith("http://server: the connection failed (")
    assert message.endswith(", expected a Prometheus")


def test_nobody_there() -> None:
    """
    A port that nobody listens on.
    """
    port = free_port()
    with pytest.raises(StorageError) as caught:
        QueryClient(ServerAccess(f"http://127.0.0.1:{port}"), 20).query("up[1d]", 1)

    assert str(caught.value) == (f"http://127.0.0.1:{port}: the connection failed ({REFUSED}), expected a Prometheus")


@pytest.mark.parametrize("behave", [silence, drip], ids=["silence", "drip"])
def test_the_time_is_for_all_answers(behave: Behaviour) -> None:
    """
    A server that never comes to an end is left alone, and after that no question waits any more.
    """
    with answering(behave) as server:
        client = QueryClient(ServerAccess(server.url), 0.3)
        began = time.monotonic()
        for _ in range(50):
            with pytest.raises(StorageError) as caught:
                client.query("up[1d]", 1)

    assert str(caught.value) == f"{server.url}: no answer within 300 ms, expected a Prometheus"
    assert len(server.requests) == 1
    assert time.monotonic() - began < 50 * 0.3


@pytest.mark.parametrize(
    ("environ", "user", "header"),
    [
        ({"PACELINE_HISTORY_TOKEN": "t0k"}, "", "Bearer t0k"),
        ({"PACELINE_HISTORY_USER": "ann", "PACELINE_HISTORY_PASSWORD": "pä"}, "", "Basic YW5uOnDDpA=="),
        ({}, "ann:p%40ss@", "Basic YW5uOnBAc3M="),
        ({"PACELINE_HISTORY_TOKEN": "t0k"}, "ann:pass@", "Bearer t0k"),
    ],
)
def test_credentials_are_sent(
    tmp_path: Path, environ: dict[str, str], user: str, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A token, or user and password, from the environment or the address; a `.netrc` takes the place of neither.
    """
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with answering(answer(_GOOD)) as server:
        url = server.url.replace("://", f"://{user}")
        QueryClient(read_server(url, NAMING, environ), 20).query("up[1d]", 1)

    assert f"\r\nAuthorization: {header}\r\n" in server.requests[0]

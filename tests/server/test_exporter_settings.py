"""
What the exporter is told at its start.
"""

import socket
from math import inf
from pathlib import Path

import pytest

from paceline.errors import ConfigError
from paceline.server.asgi_process import listen, shown_address
from paceline.server.exporter_settings import read_path, read_tokens, read_window
from support.wording import IN_USE, NO_FILE


def test_tokens_come_from_both(tmp_path: Path) -> None:
    """
    One a line, with comments, and several in the variable.
    """
    file = tmp_path / "tokens"
    file.write_text("# CI\n\n token-one \ntoken-two\n", "utf-8")
    tokens = read_tokens(file, {"PACELINE_TOKENS": "token-three,token-four"})

    assert tokens == (b"token-three", b"token-four", b"token-one", b"token-two")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"short\n", "{}, line 1: a token of 5 characters, expected at least 8"),
        (b"# none\n", "the file of tokens {} has no token, expected one a line"),
        (b"\xff", "the file of tokens {} is not UTF-8 at byte 0"),
        (None, f"the file of tokens {{}} cannot be read: {NO_FILE}"),
    ],
)
def test_a_file_of_tokens_that_is_none_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    """
    Without the token in the message.
    """
    file = tmp_path / "tokens"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_tokens(file, {})

    assert str(caught.value) == message.format(file)


@pytest.mark.parametrize("given", ["", " , "])
def test_a_variable_without_a_token_is_refused(given: str) -> None:
    """
    As a secret that is empty by mistake would open the exporter to everybody; without the variable it is meant so.
    """
    with pytest.raises(ConfigError) as caught:
        read_tokens(None, {"PACELINE_TOKENS": given})

    assert str(caught.value) == (
        "the environment variable PACELINE_TOKENS has no token; unset the variable to let everybody send runs"
    )
    assert read_tokens(None, {}) == ()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """
    With what was expected.
    """
    with pytest.raises(ConfigError) as caught:
        listen(address)

    assert str(caught.value) == (
        f"--web.listen-address is {address!r}, expected an address such as 127.0.0.1:10464 or :10464"
    )


@pytest.mark.parametrize(
    ("name", "is_secure", "shown"),
    [
        (("127.0.0.1", 10464), False, "http://127.0.0.1:10464"),
        (("::1", 10464, 0, 0), False, "http://[::1]:10464"),
        (("::", 443, 0, 0), True, "https://[::]:443"),
    ],
)
def test_an_address_is_shown_as_it_is_entered(name: tuple[object, ...], is_secure: bool, shown: str) -> None:
    """
    One of IPv6 in brackets.
    """
    assert shown_address(name, is_secure=is_secure) == shown


@pytest.mark.parametrize(("text", "longest"), [("7d", 604_680.0), ("30s", 27.0), ("0", inf)])
def test_a_window_ends_a_margin_earlier(text: str, longest: float) -> None:
    """
    Of a short one a tenth.
    """
    assert read_window(text).longest(120.0) == longest


def test_a_connection_sends_the_parts_of_an_answer_at_once() -> None:
    """
    Without a wait for the acknowledgement of the first.
    """
    with listen("127.0.0.1:0") as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            option = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert option != 0


def test_an_address_in_use_is_said() -> None:
    """
    With the reason of the system.
    """
    with listen("127.0.0.1:0") as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ConfigError) as caught:
            listen(address)

    assert str(caught.value) == f"--web.listen-address {address}: cannot be used: {IN_USE}"


@pytest.mark.parametrize(
    ("text", "seconds"), [("7d", 604800), ("1h30m", 5400), ("90s", 90), ("2w", 1209600), ("0", inf), ("0s", inf)]
)
def test_a_window_is_written_as_prometheus_does(text: str, seconds: float) -> None:
    """
    With 0 for none.
    """
    assert read_window(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "7", "7 days", "1m1h", "-1d"])
def test_a_window_that_is_none_is_refused(text: str) -> None:
    """
    With what was expected.
    """
    with pytest.raises(ConfigError) as caught:
        read_window(text)

    assert str(caught.value) == f"{text!r}, expected a duration such as 7d, 12h or 1h30m, or 0 for no limit"


@pytest.mark.parametrize("path", ["/metrics", "/team/a-1/metrics", "/apis"])
def test_a_path_is_taken(path: str) -> None:
    """
    Of any depth.
    """
    assert read_path(path) == path


@pytest.mark.parametrize("path", ["", "/", "metrics", "/metrics/", "//metrics", "/{x}", "/a b", "/a?b"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    """
    The landing page's among them.
    """
    with pytest.raises(ConfigError) as caught:
        read_path(path)

    assert str(caught.value) == f"{path!r}, expected a path such as /metrics"


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/runs", "/-", "/-/ready"])
def test_a_path_of_the_exporters_own_is_refused(path: str) -> None:
    """
    As nobody could send runs any more, or ask whether it is up.
    """
    with pytest.raises(ConfigError) as caught:
        read_path(path)

    assert str(caught.value) == f"{path!r} is among the exporter's own pages, expected a path such as /metrics"

"""
Why there is no answer.
"""

import socket

import pytest
import requests

from paceline.http.failures import failure_of
from support.servers import free_port
from support.wording import REFUSED


def _asked(port: int) -> str:
    with pytest.raises(requests.RequestException) as caught:
        requests.get(f"http://127.0.0.1:{port}", timeout=0.3)
    return failure_of(caught.value)


def test_a_server_that_does_not_answer() -> None:
    """
    It took the question, and said nothing.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = _asked(server.getsockname()[1])

    assert said == "it did not answer in time"


def test_a_server_that_is_not_there() -> None:
    """
    With what the system says.
    """
    assert _asked(free_port()) == f"the connection failed ({REFUSED})"

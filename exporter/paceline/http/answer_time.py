"""
The time that all answers of one server may take together.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import requests

from paceline.errors import StorageError
from paceline.formatting import duration
from paceline.http.deadline import within
from paceline.http.failures import failure_of
from paceline.http.server_access import ServerAccess

_T = TypeVar("_T")


class AnswerTime:
    """
    A number of seconds, of which each request takes what it needs.

    Args:
        server: that is asked.
        seconds: for all answers together.
        expected: the end of each error: what kind of server is expected; "" for nothing.
    """

    def __init__(self, server: ServerAccess, seconds: float, expected: str = "") -> None:
        self._server: Final = server
        self._seconds: Final = seconds
        self._expected: Final = f", {expected}" if expected else ""
        self.left = seconds

    def spent_on(self, ask: Callable[[], _T], thread: str) -> _T:
        """
        What a request returns.

        Args:
            ask: makes the request.
            thread: the name of the thread in which it runs.

        Raises:
            StorageError: there is no answer within the time that is left.
        """
        began = time.monotonic()
        try:
            return within(self.left, ask, thread)
        except (TimeoutError, requests.Timeout) as error:
            said = f"no answer within {duration(self._seconds)}"
            raise StorageError(f"{self._server}: {said}{self._expected}") from error
        except requests.RequestException as error:
            raise StorageError(f"{self._server}: {failure_of(error)}{self._expected}") from error
        finally:
            self.left -= time.monotonic() - began

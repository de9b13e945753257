"""
Ask a Prometheus: every answer within a time for all of them, of a bounded size, and of the form that is expected.
"""

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Final, Literal, NamedTuple, TypeVar

import requests
from msgspec import DecodeError, Raw, Struct, json

from paceline.errors import StorageError
from paceline.formatting import size
from paceline.http.answer_time import AnswerTime
from paceline.http.failures import UNAUTHORIZED, shown_status
from paceline.http.server_access import Naming, ServerAccess, auth_of
from paceline.http.server_kinds import PROMETHEUS, wrong_kind
from paceline.identity import quoted

# 10,000 tests in 300 runs are 90 MB.
_LARGEST = 256 << 20
_CHUNK = 1 << 16
_LONGEST_QUOTE = 60
_EXPECTED = "expected a Prometheus"
# Other servers have no such page, or one for people.
_OF_ANOTHER_SERVER = {404, 405, 410}
NAMING = Naming(
    place="the history is at",
    example="http://prometheus:9090",
    token="PACELINE_HISTORY_TOKEN",  # noqa: S106 - the name of a variable
    user="PACELINE_HISTORY_USER",
    password="PACELINE_HISTORY_PASSWORD",  # noqa: S106 - likewise
)

_T = TypeVar("_T")


class Answered(NamedTuple):
    """
    A series of an answer: its labels, the times of its samples in milliseconds, ascending, and their values.
    """

    labels: Mapping[str, str]
    stamps: Sequence[int]
    values: Sequence[float]


class _Series(Struct, frozen=True):
    # Decoded one series after the other, an answer costs little more than its own size.
    metric: dict[str, str]
    values: Raw

    def decoded(self) -> Answered:
        points = json.decode(self.values, type=list[tuple[float, str]])
        figures = {round(seconds * 1e3): float(value) for seconds, value in points}
        known = {stamp: value for stamp, value in figures.items() if isfinite(value)}
        return Answered(self.metric, array("q", known.keys()), array("d", known.values()))


class _Data(Struct, frozen=True, rename="camel"):
    result_type: Literal["matrix"]
    result: list[_Series]


class _Answer(Struct, frozen=True):
    status: Literal["success"]
    data: _Data


class _Refusal(Struct, frozen=True):
    error: str = ""


class QueryClient:
    """
    Queries one server, within a number of seconds in all.

    Args:
        server: a Prometheus.
        seconds: for all answers together.
        largest: bytes of an answer.
    """

    def __init__(self, server: ServerAccess, seconds: float, largest: int = _LARGEST) -> None:
        self.server: Final = server
        self._largest: Final = largest
        self._time: Final = AnswerTime(server, seconds, _EXPECTED)

    def query(self, promql: str, at: float) -> list[Answered]:
        """
        Ask an instant query for samples as they are.

        Args:
            promql: a range selector.
            at: the time of its end, in seconds.

        Raises:
            StorageError: the server cannot be reached, or does not answer as expected within the time.
        """
        params = {"query": promql, "time": f"{at:.3f}", "timeout": f"{self._time.left:.3f}"}
        return self.get("query", params, _samples, "samples")

    def get(self, path: str, params: Mapping[str, str], decode: Callable[[bytes], _T], what: str) -> _T:
        """
        Ask for a page of the API, such as `alerts`.

        Args:
            path: below `/api/v1/`.
            params: of the request.
            decode: takes the answer apart, and raises a ValueError where it cannot.
            what: what is expected, for the error.

        Raises:
            StorageError: the server cannot be reached, or does not answer as expected within the time.
        """
        body = self._get(path, params)
        try:
            return decode(body)
        except (ValueError, OverflowError, RecursionError) as error:
            why = "values nested too deeply" if isinstance(error, RecursionError) else error
            raise StorageError(
                f"{self.server}: answered {_quote(body)}, expected {what} as JSON of Prometheus: {why}"
            ) from error

    def _get(self, path: str, params: Mapping[str, str]) -> bytes:
        try:
            return self._time.spent_on(partial(self._fetch, path, params), "paceline-history")
        except StorageError:
            raise
        except Exception as error:
            raise StorageError(f"{self.server}: {type(error).__name__}: {quoted(str(error))}") from error

    def _fetch(self, path: str, params: Mapping[str, str]) -> bytes:
        end = time.monotonic() + self._time.left
        with requests.get(
            f"{self.server}/api/v1/{path}",
            params=params,
            auth=auth_of(self.server),
            timeout=self._time.left,
            stream=True,
        ) as response:
            body = self._read(response, end)
        if response.status_code != requests.codes.ok:
            other = wrong_kind(str(self.server), PROMETHEUS) if response.status_code in _OF_ANOTHER_SERVER else ""
            raise StorageError(f"{self.server}: {_refusal(response, body)}{other}")
        return body

    def _read(self, response: requests.Response, end: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._largest:
                raise StorageError(f"{self.server}: the answer is larger than {size(self._largest)}, expected less")
            if time.monotonic() > end:
                raise requests.Timeout
        return bytes(body)


def _samples(body: bytes) -> list[Answered]:
    return [one.decoded() for one in json.decode(body, type=_Answer).data.result]


def _refusal(response: requests.Response, body: bytes) -> str:
    try:
        said = json.decode(body, type=_Refusal).error
    except (DecodeError, ValueError):
        said = ""
    why = f" ({quoted(said)})" if said else ""
    hint = f"; credentials come from {NAMING.credentials}" if response.status_code in UNAUTHORIZED else ""
    return f"{shown_status(response)}{why}, expected 200 OK{hint}"


def _quote(body: bytes) -> str:
    if not body:
        return "nothing"
    text = quoted(body[:_LONGEST_QUOTE].decode("utf-8", "replace"))
    return f"{text!r}{'…' if len(body) > _LONGEST_QUOTE else ''}"

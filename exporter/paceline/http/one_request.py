"""
One request, one answer; refusals become errors that say whether to ask again.
"""

import ssl
import time
from collections.abc import Callable
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from paceline.errors import BusyError, DeliveryError, HungUpError, ProxyRefusedError, RefusedError, UnreachableError
from paceline.formatting import duration, size
from paceline.http.failures import cause_of, failure_of, hung_up, shown_status, shown_type, target_of
from paceline.identity import quoted

_MULTIPLE_CHOICES, _SERVER_ERRORS = 300, 500
_ASK_AGAIN = {408, 425, 429}
# Of these the run is the cause, and would be the next time. All other 4xx are about the address or who asks.
_ABOUT_THE_RUN = {400, 409, 413, 415, 422}
# A 400 or 413 without a type, or with a page, is not from a receiver of runs: so do servers answer http:// that expect https://.
_NOT_OF_A_RECEIVER = {"no type", "text/html"}
# More is read than quoted, as half a token would not be known.
_LONGEST_READ, _LONGEST_QUOTE = 4096, 400
_SHORTEST = 0.001


# From the type of an answer and its beginning.
IsOwn = Callable[[str, str], bool]
# The end of the message on an answer that is about the address or the credentials; "" where it is about neither.
Hint = Callable[[requests.Response], str]


class AskingOnce(HTTPAdapter):
    """
    Sends each request once, and raises what came of it unless that is 2xx.

    Args:
        seconds: for all requests together; each waits as long as is left.
        is_own: whether the beginning of an answer is that of the server, and of no proxy before it.
        hint: how to correct the address or the credentials.
    """

    def __init__(self, seconds: float, is_own: IsOwn, hint: Hint) -> None:
        super().__init__(max_retries=0)
        self._is_own: Final = is_own
        self._hint: Final = hint
        self._seconds: Final = seconds
        self._end: Final = time.monotonic() + seconds

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:  # type: ignore[override]
        """
        Send a request.

        Raises:
            DeliveryError: the request failed, or the status of the answer is not 2xx.
        """
        left = max(self._end - time.monotonic(), _SHORTEST)
        given = options.get("timeout")
        options["timeout"] = min(given, left) if isinstance(given, float | int) else left
        try:
            response = super().send(request, **options)  # type: ignore[arg-type]
        except requests.Timeout as error:
            raise BusyError(f"no answer within {duration(self._seconds)}") from error
        except requests.RequestException as error:
            raise _failure(error) from error
        if response.status_code >= _MULTIPLE_CHOICES:
            raise _refusal(response, self._is_own, self._hint)
        return response


def is_no_page(kind: str, _: str) -> bool:
    """
    Whether an answer may be that of a receiver of runs, by its type.
    """
    return kind not in _NOT_OF_A_RECEIVER


def no_hint(_: requests.Response) -> str:
    """
    Nothing more to say than the status.
    """
    return ""


def asking_once(seconds: float, is_own: IsOwn = is_no_page, hint: Hint = no_hint) -> requests.Session:
    """
    A session that asks once, and takes no longer than this for all that it asks.
    """
    session, adapter = requests.Session(), AskingOnce(seconds, is_own, hint)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def read_short(response: requests.Response, longest: int) -> bytes:
    """
    The body of an answer that should be a short one; of a longer one the beginning.

    Raises:
        BusyError: the body ends too early, or too late.
    """
    try:
        body: bytes = response.raw.read(longest, decode_content=True)
    except (HTTPError, OSError) as error:
        raise BusyError(f"{shown_status(response)}, but the answer ended too early") from error
    finally:
        response.close()
    return body


def _failure(error: requests.RequestException) -> DeliveryError:
    said = failure_of(error)
    if hung_up(error):
        return HungUpError(said)
    if isinstance(error, requests.exceptions.SSLError):
        # A server that went away in the middle may come back; a wrong certificate, or none, stays as it is.
        return BusyError(said) if isinstance(cause_of(error), ssl.SSLEOFError) else DeliveryError(said)
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return UnreachableError(said) if isinstance(reason, NewConnectionError) else BusyError(said)


def _refusal(response: requests.Response, is_own: IsOwn, hint: Hint) -> DeliveryError:
    body, target = _beginning(response), target_of(response)
    said = quoted(body, _LONGEST_QUOTE) if "<" not in body else ""  # a page of a proxy
    message = f"{shown_status(response)}, which points to {target}" if target else shown_status(response)
    message += f" ({said})" if said else ""
    if response.status_code == requests.codes.request_entity_too_large and _is_of_no_receiver(response):
        sent = size(int(response.request.headers.get("Content-Length") or 0))
        return ProxyRefusedError(f"{message}, as by a proxy whose limit for a request is below {sent}")
    if response.status_code == requests.codes.bad_request and _is_of_no_receiver(response):
        is_plain = str(response.url).startswith("http://")
        return DeliveryError(f"{message}, as by a server that expects https://" if is_plain else message)
    if response.status_code >= _SERVER_ERRORS or response.status_code in _ASK_AGAIN:
        return BusyError(message)
    if response.status_code not in _ABOUT_THE_RUN:
        return DeliveryError(f"{message}{hint(response)}")
    is_refusal = is_own(shown_type(response).lower(), body)
    return RefusedError(message) if is_refusal else ProxyRefusedError(f"{message}, as by a proxy")


def _is_of_no_receiver(response: requests.Response) -> bool:
    return shown_type(response).lower() in _NOT_OF_A_RECEIVER


def _beginning(response: requests.Response) -> str:
    try:
        return read_short(response, _LONGEST_READ).decode("utf-8", "replace").strip()
    except BusyError:
        return ""

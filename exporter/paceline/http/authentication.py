"""
How to prove who asks, and how to say what went wrong.
"""

import ssl
from http.client import BadStatusLine, RemoteDisconnected
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from paceline.http.endpoint import Endpoint
from paceline.identity import safe_text

_TLS_ALERT = "\x15\x03"


class Bearer(AuthBase):
    """
    Sends a token. As a plain header, it would lose to what a `.netrc` has for the host.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def auth_of(endpoint: Endpoint) -> AuthBase | None:
    """
    What proves to a server who asks; None where there are no credentials.
    """
    if endpoint.token:
        return Bearer(endpoint.token)
    return HTTPBasicAuth(endpoint.user.encode(), endpoint.password.encode()) if endpoint.user else None


def failure_of(error: requests.RequestException) -> str:
    """
    Why there is no answer, in a person's words.
    """
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    cause = cause_of(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({safe_text(cause.verify_message)})"
    if hung_up(error):
        return "the connection was closed without an answer, as by a server that expects https://"
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"the connection failed ({safe_text(said)})"


def hung_up(error: requests.RequestException) -> bool:
    """
    Whether a server closed a plain connection without an answer, or with an alert of TLS.
    """
    cause, request = cause_of(error), error.request
    is_plain = request is not None and str(request.url).startswith("http://")
    is_alert = isinstance(cause, BadStatusLine) and str(cause).startswith(_TLS_ALERT)
    return is_plain and (is_alert or isinstance(cause, RemoteDisconnected))


def target_of(answer: requests.Response) -> str:
    """
    The server that an answer points to instead, without what may be secret in its address; "" for none.
    """
    if not answer.is_redirect:
        return ""
    try:
        target = urlsplit(urljoin(str(answer.url), answer.headers["Location"]))
    except ValueError:
        return "no address"
    return safe_text(f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}")


def cause_of(error: BaseException) -> BaseException:
    """
    The innermost cause, which says it; the outer ones quote each other.
    """
    inner = error.__cause__ or error.__context__ or next(iter(error.args), None)
    return cause_of(inner) if isinstance(inner, BaseException) else error

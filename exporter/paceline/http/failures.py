"""
Why a request failed, and what a server answered, in a person's words.
"""

import ssl
from http.client import BadStatusLine
from urllib.parse import urljoin, urlsplit

import requests

from paceline.identity import quoted

# Statuses of an answer to missing or wrong credentials.
UNAUTHORIZED = frozenset({401, 403})
_TLS_ALERT = "\x15\x03"


def failure_of(error: requests.RequestException) -> str:
    """
    Why there is no answer, in a person's words.
    """
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    cause = cause_of(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({quoted(cause.verify_message)})"
    if hung_up(error):
        return "the connection was closed without an answer, as by a server that expects https://"
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"the connection failed ({quoted(said)})"


def hung_up(error: requests.RequestException) -> bool:
    """
    Whether a server closed a plain connection without an answer, or with an alert of TLS.

    A server that closes the connection before it has read the whole request resets it.
    """
    cause, request = cause_of(error), error.request
    is_plain = request is not None and str(request.url).startswith("http://")
    is_alert = isinstance(cause, BadStatusLine) and str(cause).startswith(_TLS_ALERT)
    return is_plain and (is_alert or isinstance(cause, ConnectionResetError))


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
    return quoted(f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}")


def cause_of(error: BaseException) -> BaseException:
    """
    The innermost cause, which says it; the outer ones quote each other.
    """
    inner = error.__cause__ or error.__context__ or next(iter(error.args), None)
    return cause_of(inner) if isinstance(inner, BaseException) else error


def status_of(response: requests.Response) -> str:
    """
    The status of an answer and its reason, such as `404 Not Found`.
    """
    return f"{response.status_code} {quoted(response.reason or '')}".rstrip()


def shown_status(response: requests.Response) -> str:
    """
    The sentence on the status of an answer, such as `answered 404 Not Found`.
    """
    return f"answered {status_of(response)}"


def shown_type(response: requests.Response) -> str:
    """
    What a server says its answer is.
    """
    return quoted(response.headers.get("Content-Type", "").partition(";")[0].strip()) or "no type"

"""
How to prove who asks, and how to say what went wrong.
"""

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from paceline.client.endpoint import Endpoint
from paceline.identity import safe_text


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
    # The innermost cause says it; the outer ones quote each other.
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__ or getattr(cause, "reason", None)) is not None:
        if not isinstance(inner, BaseException):
            break
        cause = inner
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"the connection failed ({safe_text(said)})"

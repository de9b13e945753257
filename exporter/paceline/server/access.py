"""
Who may do what: users for everything, tokens for sending runs.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import bcrypt
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_MOST_REMEMBERED = 100
# bcrypt takes no more, and longer ones are no password of the file.
_LONGEST = 72
_DEFAULT_COST = 10


def is_token(authorization: str, tokens: Iterable[bytes]) -> bool:
    """
    Whether a header has one of the tokens. All are compared, in constant time each.
    """
    scheme, _, given = authorization.partition(" ")
    digest = hashlib.sha256(given.strip().encode()).digest()
    matches = [hmac.compare_digest(digest, hashlib.sha256(token).digest()) for token in tokens]
    return scheme.lower() == "bearer" and any(matches)


class Users:
    """
    The users of the web configuration. A pair that was right is remembered, as bcrypt is slow on purpose.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes: Final = hashes
        # A name that is unknown takes as long as a wrong password, also where hashes differ in their cost.
        self._highest_cost: Final = max(map(_cost, hashes.values()), default=_DEFAULT_COST)
        self._hash_of_nobody: Final = bcrypt.hashpw(b"nobody", bcrypt.gensalt(self._highest_cost)).decode()
        self._right: Final[dict[bytes, None]] = {}

    def __len__(self) -> int:
        return len(self._hashes)

    def is_user(self, authorization: str) -> bool:
        """
        Whether a header has the name and the password of a user.
        """
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        digest = hashlib.sha256(given.encode()).digest()
        if digest in self._right:
            return True
        is_right = self._check(given)
        if is_right and len(self._right) < _MOST_REMEMBERED:
            self._right[digest] = None
        return is_right

    def _check(self, given: str) -> bool:
        try:
            name, _, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        known = self._hashes.get(name)
        used = known or self._hash_of_nobody
        is_right = bcrypt.checkpw(password.encode()[:_LONGEST], used.encode())
        # Each cost takes twice as long as the one before: so much is left to the highest.
        for cost in range(_cost(used), self._highest_cost):
            bcrypt.hashpw(b"nobody", bcrypt.gensalt(cost))
        return is_right and known is not None


def _cost(hashed: str) -> int:
    return int(hashed.split("$")[2])


class Guarded(Protocol):
    """
    The users and tokens of the moment.
    """

    @property
    def users(self) -> Users: ...

    @property
    def tokens(self) -> Sequence[bytes]: ...


class UsersOnly:
    """
    Answers 401 to whoever is no user, where there are users. What may be done with a token is left to the token, and
    everybody may ask whether the exporter is alive.

    Args:
        app: what is behind it.
        credentials: as they are now.
        token_paths: the paths that a token opens, where there are tokens.
        open_paths: the paths for everybody.
    """

    def __init__(
        self, app: ASGIApp, credentials: Guarded, token_paths: frozenset[str], open_paths: frozenset[str]
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._token_paths = token_paths
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve a request.
        """
        users = self._credentials.users
        if len(users) and scope["type"] == "http" and not self._is_open(scope["path"]):
            authorization = Headers(scope=scope).get("authorization", "")
            if not await run_in_threadpool(users.is_user, authorization):
                await _UNAUTHORIZED(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or (path in self._token_paths and bool(self._credentials.tokens))


_UNAUTHORIZED = JSONResponse(
    {"error": "the request: not a user of this exporter, expected basic authentication"},
    401,
    {"WWW-Authenticate": 'Basic realm="paceline"'},
)

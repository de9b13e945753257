"""
The cookies of one user.
"""

from collections.abc import Mapping, Sequence
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import NamedTuple

from paceline.testkit.load.endpoint import Origin


class _Kept(NamedTuple):
    value: str
    domain: str
    is_host_only: bool
    path: str
    is_secure: bool


class Cookies:
    """
    Cookies by name, path and domain. A lifetime ends only where a server deletes the cookie: a load test is short.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], _Kept] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def set(self, lines: Sequence[str], origin: Origin, path: str) -> None:
        """
        Take the cookies of an answer.

        Args:
            lines: values of Set-Cookie.
            origin: of the answer.
            path: that was asked for.
        """
        for line in lines:
            try:
                parsed: Mapping[str, Morsel[str]] = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                self._set(name, morsel, origin, path)

    def header(self, origin: Origin, path: str) -> bytes:
        """
        The line of a request; empty where no cookie fits.
        """
        pairs = [f"{key[0]}={kept.value}" for key, kept in self._kept.items() if _fits(kept, origin, path)]
        return f"Cookie: {'; '.join(pairs)}\r\n".encode("latin-1") if pairs else b""

    def _set(self, name: str, morsel: "Morsel[str]", origin: Origin, asked: str) -> None:
        domain = morsel["domain"].lstrip(".").lower()
        if domain and not _is_within(origin.host, domain):
            return
        path = morsel["path"] if morsel["path"].startswith("/") else asked.partition("?")[0].rpartition("/")[0] or "/"
        kept = _Kept(morsel.coded_value, domain or origin.host, not domain, path, bool(morsel["secure"]))
        key = (name, kept.domain, path)
        self._kept.pop(key, None)
        if not _is_deleted(morsel["max-age"], morsel["expires"]):
            self._kept[key] = kept


def _is_deleted(max_age: str, expires: str) -> bool:
    if max_age:
        return max_age.strip().startswith(("0", "-"))
    return "1970" in expires


def _is_within(host: str, domain: str) -> bool:
    return host.lower() == domain or host.lower().endswith(f".{domain}")


def _fits(kept: _Kept, origin: Origin, path: str) -> bool:
    is_host = origin.host == kept.domain if kept.is_host_only else _is_within(origin.host, kept.domain)
    asked = path.partition("?")[0]
    is_below = asked == kept.path or asked.startswith(kept.path.rstrip("/") + "/")
    return is_host and is_below and (not kept.is_secure or origin.scheme == "https")

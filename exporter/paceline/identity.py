"""
Make names safe to keep: no control characters, no secrets, no endless lengths.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from types import MappingProxyType

LONGEST_ID = 200
_DIGEST_CHARACTERS = 12

# Known shapes of credentials, and values that call themselves secret. A plain word after "token" may be a
# test's own word ("token-expired"), so a name needs an "=" or ":" behind it to count, and a few digits behind "tokens"
# ("max_tokens=128") are a size, as are those behind "pass" ("pass=3,fail=1").
_SECRET = re.compile(
    r"(?P<name>(?!tokens?[\"']?\s*[=:]\s*\d{1,7}\b)(?!pass[\"']?\s*[=:]\s*(?:\d{1,3}|true|false)\b)"
    r"(?:pass(?:word|wd|phrase|code)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?header"
    r"|authorization|credential|(?<![a-z])(?:pass|pwd?)|\bpin)s?[\"']?\s*(?:=|:(?!:))\s*[\"']?(?:(?:Bearer|Basic)\s+)?+)"
    r"(?!\*\*\*)[^\s,;&\]\"']+"
    r"|(?P<scheme>\b(?-i:Bearer|Basic)\s+)[A-Za-z0-9._+/=-]{8,}"
    r"|(?P<user>://[^\s:/@]*:)(?!\*\*\*)[^\s/]+?(?=@(?:[A-Za-z0-9.-]+(?![@A-Za-z0-9.-])|[\[/]))"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\b(?-i:AIza)[A-Za-z0-9_-]{35}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bsk[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^\]]*",
    re.IGNORECASE,
)
# Each alternative above has one of these in it: looking for them costs a tenth of looking for the pattern.
_HINTS = (
    *("pass", "secret", "token", "key", "authorization", "credential", "bearer", "basic", "://", "akia", "asia"),
    *("pw", "pin", "auth_header", "auth-header", "authheader", "aiza"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "sk_", "xox", "eyj", "-----begin"),
)
# A parameter of such a name has secrets; as above, a few digits are a size where the name is about tokens. Others pass
# a test or count passes, and have the pins of a chip: "pass" and "pin" have to be all that the name says.
_SECRET_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase|code)|secret|(?P<token>token)|api_?key|access_?key|private_?key|auth_?header"
    r"|authorization|credential|(?<![a-z])pwd?|\A(?:(?:admin|db|login|root|smtp|user)_)?pass|\Apin(?!s))s?_?\d*\Z",
    re.IGNORECASE,
)
_SIZE = re.compile(r"\d{1,7}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def safe_text(text: str, longest: int = LONGEST_ID) -> str:
    """
    The text with control characters escaped, secrets masked, and what is beyond `longest` replaced by a digest.

    Applied to its own result it changes nothing.
    """
    if len(text) <= longest and text.isascii() and text.isprintable() and not _may_have_secrets(text):
        return text
    shown = without_secrets(_CONTROL.sub(_escaped, text))
    if len(shown) <= longest:
        return shown
    digest = blake2b(shown.encode(), digest_size=_DIGEST_CHARACTERS // 2).hexdigest()
    # The end of a cut text may look like a secret that the whole text had not.
    return without_secrets(f"{shown[: longest - _DIGEST_CHARACTERS - 1]}~{digest}")


def without_secrets(text: str) -> str:
    """
    The text with what looks like a secret masked, and no other change.
    """
    if not _may_have_secrets(text):
        return text
    # What is left of one secret may be the name of another.
    masked = _SECRET.sub(_masked, text)
    return text if masked == text else without_secrets(masked)


def is_secret(name: str, text: str) -> bool:
    """
    Whether what a parameter is called makes its value one that is not to be shown.

    Args:
        name: of the parameter, such as `password` or `github_token`.
        text: the value as it is shown.
    """
    found = _SECRET_NAME.search(name)
    return found is not None and not (found["token"] and _SIZE.match(text))


def safe_ids(node_ids: Iterable[str], masked: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """
    A safe id for each node id, each id once.

    Two that look alike after masking are told apart by their order (`#2`), not by a digest of the secret:
    a digest of a short password can be reversed by trying.

    Args:
        node_ids: pytest's node ids, in the order of collection (the same in every xdist worker).
        masked: node id → the same without secrets, of those that have some that only pytest knows.

    Returns:
        node id → safe id, in that order.
    """
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for node_id in node_ids:
        if node_id in ids:
            continue
        safe = safe_text(masked.get(node_id, node_id))
        number = 1
        unique = safe
        while unique in taken:
            number += 1
            unique = f"{safe[: LONGEST_ID - len(str(number)) - 1]}#{number}"
        taken.add(unique)
        ids[node_id] = unique
    return ids


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _may_have_secrets(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def _masked(match: re.Match[str]) -> str:
    kept = match["name"] or match["scheme"] or match["user"] or ""
    return f"{kept}***"

"""
What looks like a secret: names that call their values so, and known shapes of credentials.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

# A word begins after a character that is not a letter, or at a capital after a small letter: "db_auth", "dbAuth", not
# "oauth".
_WORD = r"(?:(?<![a-z])|(?-i:(?<=[a-z\d])(?=[A-Z])))"
_KEY_OF = (
    "access|account|aes|api|auth|cipher|consumer|decryption|deploy|encryption|gpg|hmac|jwt|licen[cs]e|master|pgp"
    "|integration|private|routing|rsa|secret|service|session|shared|signature|signing|ssh|storage|subscription|webhook"
)
_LOGIN_OF = "admin|app|db|ftp|http|ldap|login|mail|proxy|redis|root|smtp|ssh|sudo|user"
# Others pass a test or count passes, and have the pins of a chip: "pass" and "pin" have to be all that the name says,
# in an id behind another value.
_ALL = r"(?:\A|-)"
_STRICT = (
    rf"(?:pass(?:word|wd|phrase|code)|secret)(?:[_-]?(?:hash|value))?|(?:{_KEY_OF})[_-]?key"
    rf"|auth[_-]?header|authorization|credential|{_WORD}(?:cred(?=s)|cv[cv]|jwt|t?otp|pwd?|pin[_-]?code)"
    rf"|{_WORD}(?:{_LOGIN_OF})(?:pass|pwd?)|{_ALL}(?:(?:{_LOGIN_OF})[_-])?pass(?!es)|{_ALL}pin(?!s)"
)
# Values of these may as well be sizes ("max_tokens=128") or words for how it is done ("auth=basic").
_LOOSE = rf"token(?:[_-]?(?:hash|value))?|{_WORD}(?:auth|bearer|cookie|session[_-]?id)"
_NAME = re.compile(rf"(?:(?:{_STRICT}|(?P<loose>{_LOOSE}))s?|(?P<source>{_WORD}dsn))_?\d*\Z", re.IGNORECASE)
_END = r"(?=[\s,;&\]\"'-]|\Z)"
_MODE = re.compile(
    r"(?:\d{1,7}|anonymous|basic|bearer|digest|disabled|enabled|false|jwt|kerberos|ldap|negotiate|no|none|ntlm|null"
    rf"|oauth2?|off|on|optional|required|saml|token|true|yes){_END}",
    re.IGNORECASE,
)
_COUNT = re.compile(rf"(?:\d{{1,3}}|true|false){_END}", re.IGNORECASE)
# An address without a user; in that of a service that tracks errors, the user is the key.
_SOURCE = re.compile(r"[a-z][a-z\d+.-]{0,30}:[^@\s\]\"']{0,500}+(?!@)", re.IGNORECASE)
_NEVER = re.compile(r"(?!)")

# A plain word behind "token" may be a test's own ("token-expired"): it needs a sign, or to be an option.
_ASSIGNED = re.compile(
    r"(?<![\w-])(?P<name>[\w-]+)"
    r"(?:(?P<sign>[\"']?\s*(?:=|:(?!:))\s*[\"']?)|\s+[\"']?(?!-))(?:(?i:Basic|Bearer|Digest|Negotiate|Token)\s+)?+(?!\*\*\*)"
)
_VALUE = re.compile(r"[^\s,;&\]\"']+")
_QUOTED = {quote: re.compile(rf"[^{quote}\]]{{1,500}}(?={quote})") for quote in "\"'"}
_COOKIES = re.compile(r"[^\s,;&\]\"']+(?:;\s*[^\s,;&\]\"']+)*")
_NAMES = ("pass", "secret", "token", "key", "auth", "cred", "bearer", "pw", "pin", "cv", "jwt", "otp", "cookie", "dsn")
_NAME_HINTS = (*_NAMES, "session")

_ADDRESS = re.compile(
    r"(?P<user>://[^\s:/@]*:)(?!\*\*\*)[^\s/]+?(?=@(?:[A-Za-z0-9.-]+(?![@A-Za-z0-9.-])|[\[/]))"
    r"|(?P<key>://)[\da-f]{32}(?=@)"
    r"|(?P<login>(?<![\w.%+-])(?!(?:[\w.%+-]*-)?(?:acct|im|mailto|npm|sips?|xmpp):)[A-Za-z][\w.%+-]*:)"
    r"(?!\*\*\*)[^\s/:@\[\],]{4,}(?=@(?!sha\d)(?:[A-Za-z]|\d+\.\d+\.\d+\.\d))"
)
_SHAPE = re.compile(
    r"(?P<scheme>\b(?-i:Bearer|Basic)\s+)(?=[A-Za-z._+/-]{0,200}(?-i:[\d=]|[a-z][A-Z]))[A-Za-z0-9._+/=-]{8,}"
    r"|(?P<login>(?<![\w-])(?:-u|--(?:proxy-)?user)[\s=]+[\"']?(?!\d+:\d+\b)[^\s:\"']+:)(?!\*\*\*)[^\s,;&\]\"']+"
    r"|(?P<signature>[?&](?:[a-z\d]+-)*sig(?:nature)?=)(?!\*\*\*)[^\s,;&\]\"']+"
    r"|(?P<webhook>hooks\.slack\.com/[a-z]{1,20}/|\bdiscord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/"
    r"|events(?:\.eu)?\.pagerduty\.com/integration/|\.office\.com/webhook(?:b2)?/"
    r"|\.(?:azure|powerplatform)\.com(?::\d+)?/(?:[\w-]{1,40}/){0,6}workflows/)(?!\*\*\*)[^\s,;\]\"']+"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\b(?-i:AIza)[A-Za-z0-9_-]{35}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bsk[-_](?=[A-Za-z_-]{0,200}\d)[A-Za-z0-9_-]{20,}"
    r"|\b[rs]k_(?:live_|test_(?=[A-Za-z]{0,200}\d))[A-Za-z0-9]{8,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\b(?:npm|hf|do[opr]_v1)_[A-Za-z0-9]{20,}"
    r"|\b(?-i:pypi-Ag)[A-Za-z0-9_-]{16,}"
    r"|\b(?-i:SG)\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^\]]*",
    re.IGNORECASE,
)
# Each alternative above has one of these in it: looking for them costs a tenth of looking for the pattern.
_SHAPE_HINTS = (
    *("akia", "asia", "aiza", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "sk_", "rk_"),
    *("xox", "npm_", "hf_", "pypi-", "_v1_", "sg.", "eyj", "-----begin", "bearer", "basic", "-u", "sig=", "signature="),
    *("hooks.slack", "webhook", "pagerduty", "workflows/"),
)


def without_secrets(text: str) -> str:
    """
    The text with what looks like a secret masked, and no other change.
    """
    # What is left of one secret may be the name of another.
    while (masked := _masked(text)) != text:
        text = masked
    return text


def is_secret(name: str, text: str) -> bool:
    """
    Whether what a parameter is called makes its value one that is not to be shown.

    Args:
        name: of the parameter, such as `password` or `github_token`.
        text: the value as it is shown.
    """
    shown = _what_is_shown(name)
    return shown is not None and not shown.fullmatch(text)


def _masked(text: str) -> str:
    lowered = text.lower()
    # Most ids have none, and hints are quick.
    if any(hint in lowered for hint in _SHAPE_HINTS):
        text = _SHAPE.sub(_hidden, text)
    if "@" in text:
        text = _ADDRESS.sub(_hidden, text)
    if _may_assign(text) and any(hint in lowered for hint in _NAME_HINTS):
        text = "".join(_without_named(text))
    return text


def _may_assign(text: str) -> bool:
    return "=" in text or " " in text or ":" in text.replace("::", "")


def _hidden(match: re.Match[str]) -> str:
    return f"{match[match.lastgroup] if match.lastgroup else ''}***"


def _without_named(text: str) -> Iterator[str]:
    end = 0
    for found in _ASSIGNED.finditer(text):
        name, start = found["name"], found.end()
        shown = _what_is_shown(name)
        if shown is None or found.start() < end or (found["sign"] is None and "--" not in name):
            continue
        value = None if shown.match(text, start) else _value(name, text, start)
        if value is not None:
            yield f"{text[end:start]}***"
            end = value.end()
    yield text[end:]


def _value(name: str, text: str, start: int) -> re.Match[str] | None:
    quoted = _QUOTED.get(text[start - 1])
    if quoted is not None and (value := quoted.match(text, start)):
        return value
    return (_COOKIES if "cookie" in name.lower() else _VALUE).match(text, start)


@lru_cache(maxsize=1024)
def _what_is_shown(name: str) -> re.Pattern[str] | None:
    """
    Which values of a name are no secrets; None where all are none.
    """
    found = _NAME.search(name)
    if found is None:
        return None
    if found["loose"]:
        return _MODE
    if found["source"]:
        return _SOURCE
    return _COUNT if found[0].lower().lstrip("-") == "pass" else _NEVER

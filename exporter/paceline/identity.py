"""
Make names safe to keep: no control characters, no secrets, no endless lengths.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from types import MappingProxyType

from paceline.own_secrets import without_own_secrets
from paceline.redaction import without_secrets

LONGEST_ID = 200
_DIGEST_CHARACTERS = 12
# So much of a text is looked at for secrets. What is behind it is not shown, and only its length is in the digest, as
# one could try out what a digest was made of.
LONGEST_LOOKED_AT = 10_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def safe_text(text: str, longest: int = LONGEST_ID) -> str:
    """
    The text with control characters escaped, secrets masked, and what is beyond `longest` replaced by a digest.

    Applied to its own result it changes nothing.
    """
    rest = len(text) - LONGEST_LOOKED_AT
    text = text[:LONGEST_LOOKED_AT]
    plain = text if text.isascii() and text.isprintable() else _CONTROL.sub(_escaped, text)
    shown = without_secrets(plain)
    if len(shown) <= longest and rest <= 0:
        return shown
    digest = blake2b(
        (f"{shown}{rest}" if rest > 0 else shown).encode(), digest_size=_DIGEST_CHARACTERS // 2
    ).hexdigest()
    # The end of a cut text may look like a secret that the whole text had not.
    return without_secrets(f"{shown[: longest - _DIGEST_CHARACTERS - 1]}~{digest}")


def quoted(text: str, longest: int = LONGEST_ID) -> str:
    """
    Words of another program, such as a server, as safe as a name and without Paceline's own tokens.
    """
    return safe_text(without_own_secrets(text), longest)


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

"""
Laws of ids without secrets.
"""

from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st

from paceline.plugin.collect.masked_ids import masked

_WORDS = st.text("ABxyz129_+*.[", min_size=1, max_size=12)
_ROWS = st.lists(_WORDS, max_size=3)


def _masked(before: Sequence[str], secret: str, after: Sequence[str]) -> str:
    params = {f"p{place}": word for place, word in enumerate([*before, secret, *after])}
    name = f"p{len(before)}"
    return masked("-".join(params.values()), params, {name: [secret]}, {name: "password0"})


@given(secret=_WORDS, before=_ROWS, after=_ROWS)
def test_a_secret_is_not_in_its_place(secret: str, before: list[str], after: list[str]) -> None:
    """
    Nor, if it is long, anywhere else; each word that has nothing of it stays where it was.
    """
    words = _masked(before, secret, after).split("-")
    others = {place: word for place, word in enumerate([*before, "password0", *after]) if secret not in word}

    assert words[len(before)] == "password0"
    assert len(secret) < 5 or secret not in words
    assert len(secret) < 10 or not any(secret in word for word in words)
    assert {place: words[place] for place in others} == others


@given(secret=_WORDS.filter(lambda word: len(word) < 10), one=_ROWS, other=_ROWS, before=_ROWS)
def test_tests_stay_apart(secret: str, one: list[str], other: list[str], before: list[str]) -> None:
    """
    Two that differ in another value have two ids.
    """
    assume(one != other)

    assert _masked(before, secret, one) != _masked(before, secret, other)

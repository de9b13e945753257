"""
Laws of safe names.
"""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from paceline.identity import safe_ids, safe_text
from property.strategies import names


@given(text=names, longest=st.just(200) | st.integers(min_value=20, max_value=60))
def test_a_safe_text_is_safe_already(text: str, longest: int) -> None:
    """
    safe_text(safe_text(x)) == safe_text(x).
    """
    safe = safe_text(text, longest)

    assert safe_text(safe, longest) == safe


@given(text=names, longest=st.integers(min_value=20, max_value=300))
def test_a_safe_text_is_never_too_long(text: str, longest: int) -> None:
    """
    At most 200 characters, or as many as are asked for.
    """
    assert len(safe_text(text)) <= 200
    assert len(safe_text(text, longest)) <= longest


@given(text=st.text(st.characters(codec=None, exclude_categories=())) | names)
def test_a_safe_text_can_be_written_on_one_line(text: str) -> None:
    """
    No control characters, no line breaks, and nothing that UTF-8 cannot hold.
    """
    safe = safe_text(text)

    assert not [character for character in safe if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}]
    assert safe.encode().decode() == safe


@given(text=st.text(st.characters(categories=["L", "N"]), max_size=200))
def test_words_stay_as_they_are(text: str) -> None:
    """
    Up to 200 letters and digits that are no key of a cloud are not touched.
    """
    word = text.replace("A", "a")

    assert safe_text(word.replace("ey", "")) == word.replace("ey", "")


@given(secret=st.text("abcdefghXYZ0123456789", min_size=6, max_size=30), before=names, after=names)
def test_a_password_does_not_come_through(secret: str, before: str, after: str) -> None:
    """
    Whatever stands around it, what is assigned to a password is not in the safe text.
    """
    assert f"password={secret}" not in safe_text(f"{before[:60]} password={secret} {after}")


@given(node_ids=st.lists(names))
def test_safe_ids_are_unique(node_ids: list[str]) -> None:
    """
    As many ids as there are different tests, none twice, none too long, in the same order.
    """
    ids = safe_ids(node_ids)

    assert list(ids) == list(dict.fromkeys(node_ids))
    assert len(set(ids.values())) == len(ids)
    assert max(map(len, ids.values()), default=0) <= 200

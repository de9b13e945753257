"""
Laws of ids without secrets.
"""

from hypothesis import given
from hypothesis import strategies as st

from paceline.plugin.parameters import masked_text

_WORDS = st.text("ABxyz129_+*.[", min_size=1, max_size=12)


@given(secret=_WORDS, before=st.lists(_WORDS, max_size=3), after=st.lists(_WORDS, max_size=3))
def test_a_secret_is_no_word_of_an_id(secret: str, before: list[str], after: list[str]) -> None:
    """
    Nor, if it is long, a part of one; each word that has nothing of it stays.
    """
    masked = masked_text("-".join([*before, secret, *after]), secret, "password0").split("-")
    others = [word for word in (*before, *after) if secret not in word]

    assert secret not in masked
    assert len(secret) < 5 or not any(secret in word for word in masked)
    assert [word for word in masked if word in others] == others

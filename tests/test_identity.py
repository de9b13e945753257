"""
Names that are safe to keep.
"""

import pytest

from paceline.identity import safe_ids, safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("line\nbreak", "line\\nbreak"),
        ("nul\x00bell\x07", "nul\\x00bell\\x07"),
        ("delete\x7f", "delete\\x7f"),
        ("c1\x85", "c1\\x85"),
        ("separator\u2028", "separator\\u2028"),
        ("half\ud800", "half\\ud800"),
        ("Töpfe 🍲 и", "Töpfe 🍲 и"),
    ],
)
def test_control_characters_are_escaped(text: str, safe: str) -> None:
    """
    What would break a line, a terminal or a file is shown as Python would write it; letters stay.
    """
    assert safe_text(text) == safe


def test_a_long_text_is_cut_with_a_digest() -> None:
    """
    200 characters stay; of 201 the first 187 stay, and a digest of the whole tells two of them apart.
    """
    kept, one, other = safe_text("x" * 200), safe_text("x" * 201), safe_text("x" * 202)

    assert kept == "x" * 200
    assert one == "x" * 187 + "~" + one[-12:]
    assert len(other) == 200
    assert one != other


@pytest.mark.parametrize(
    "text",
    [
        f"{'x' * 180} token=hunter2, and what follows",
        f"{'x' * 178} Bearer a b c d e f g h i j k l",
        f"{'x' * 166} AKIAIOSFODNN7EXAMPLEisnokey, and more",
        f"{'x' * 100} ://eve:password=hunter2/2,3@host",
    ],
)
def test_a_safe_text_is_safe_already(text: str) -> None:
    """
    A cut or a mask makes nothing that would be masked again.
    """
    safe = safe_text(text)

    assert safe_text(safe) == safe


def test_the_digest_does_not_betray_a_secret() -> None:
    """
    Two long texts that differ in a secret alone are cut to the same text.
    """
    one, other = (safe_text(f"password={secret}," + "x" * 300) for secret in ("hunter2", "hunter3"))

    assert one == other


def test_ids_that_look_alike_get_numbers() -> None:
    """
    Ids that only differ in what is masked are told apart by their order.
    """
    ids = safe_ids(["test[token=a]", "test[token=b]", "test[other]", "test[token=***]#2"])

    assert ids == {
        "test[token=a]": "test[token=***]",
        "test[token=b]": "test[token=***]#2",
        "test[other]": "test[other]",
        "test[token=***]#2": "test[token=***]#2#2",
    }


def test_what_stands_for_an_id_is_made_safe_too() -> None:
    """
    Where only pytest knows what in an id is a secret.
    """
    ids = safe_ids(["test[a]", "test[b]"], {"test[a]": "test[\n]", "test[b]": "test[\n]"})

    assert ids == {"test[a]": "test[\\n]", "test[b]": "test[\\n]#2"}


def test_an_id_that_comes_twice_is_one_id() -> None:
    """
    A node id that pytest names twice is the same test.
    """
    assert safe_ids(["test_a", "test_b", "test_a"]) == {"test_a": "test_a", "test_b": "test_b"}


def test_a_numbered_id_is_not_longer_than_others() -> None:
    """
    The number takes the place of the last characters.
    """
    ids = safe_ids([f"test[{'x' * 180}-token={name}]" for name in ("one", "two")])

    assert [len(safe) for safe in ids.values()] == [196, 198]
    assert max(len(safe) for safe in safe_ids([f"{'x' * 186}-token={n}]" for n in "abcdefghijkl"]).values()) == 200

"""
The words of other projects.
"""

import errno
import os
import re
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent
_TEXTS = {path: path.read_text("utf-8") for path in _FOLDER.rglob("*.py") if path != Path(__file__)}
_REASONS = "|".join(re.escape(os.strerror(number)) for number in errno.errorcode if " " in os.strerror(number))


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (rf"\b(?:{_REASONS})\b", "NO_FILE and the like"),
        (r"""["'\n]Error: |Invalid value for '""", "ERROR or invalid()"),
        (r"Expected `|Object (?:contains|missing)|Input data was truncated", "cause()"),
        (r"file is not a database|disk image is malformed|unable to open database", "cause()"),
    ],
    ids=["the operating system", "click", "msgspec", "SQLite"],
)
def test_no_test_holds_a_copy_of_the_words(words: str, instead: str) -> None:
    """
    Words that another project may change come from `support.wording`, or from the cause of an error.
    """
    copies = [
        f"{path.relative_to(_FOLDER)}: {found[0]!r}"
        for path, text in _TEXTS.items()
        for found in re.finditer(words, text)
    ]

    assert copies == [], f"use {instead} of support.wording"

"""
Label values in text.
"""

import pytest

from paceline.metrics.label_quoting import quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("tests/test_cart.py::test_total[é-{}]", '"tests/test_cart.py::test_total[é-{}]"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines", r'"two\nlines"'),
        ('\\"\n', r'"\\\"\n"'),
    ],
)
def test_nothing_ends_the_quotes_or_the_line(value: str, text: str) -> None:
    """
    Quotes, backslashes and ends of lines are escaped, and all else stands as it is.
    """
    assert quoted(value) == text

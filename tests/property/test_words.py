"""
Laws of figures in human units.
"""

import re

from hypothesis import given
from hypothesis import strategies as st

from paceline.formatting import duration, size
from paceline.model import Cause
from paceline.report.words import cause, sparkline

_FACTORS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "B": 1.0, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}


@given(seconds=st.floats(min_value=1e-7, max_value=99))
def test_a_time_is_near_to_its_figure(seconds: float) -> None:
    """
    Read again, a time is within half a percent of what it was, and has no exponent.
    """
    figure, unit = duration(seconds).split(" ")

    assert re.fullmatch(r"\d{1,3}(\.\d+)?", figure)
    assert abs(float(figure) * _FACTORS[unit] - seconds) <= seconds * 0.0051


@given(seconds=st.floats(min_value=100, max_value=1e6))
def test_a_long_time_is_minutes_and_seconds(seconds: float) -> None:
    """
    Never sixty seconds, and within half a second.
    """
    found = re.fullmatch(r"(\d+) min (\d+) s", duration(seconds))

    assert found
    assert int(found[2]) < 60
    assert abs(int(found[1]) * 60 + int(found[2]) - seconds) <= 0.5


@given(count=st.integers(min_value=0, max_value=1 << 49))
def test_a_size_is_near_to_its_figure(count: int) -> None:
    """
    Read again, a size is within half a percent of what it was, below 1,024 of its unit, and has no exponent.
    """
    figure, unit = size(count).split(" ")

    assert re.fullmatch(r"\d{1,4}(\.\d+)?", figure)
    assert float(figure) < 1024
    assert abs(float(figure) * _FACTORS[unit] - count) <= count * 0.0051


@given(before=st.floats(min_value=0, max_value=1e12), after=st.floats(min_value=1e-3, max_value=1e12))
def test_a_cause_has_no_large_exponent(before: float, after: float) -> None:
    """
    Whoever reads a count reads all its digits.
    """
    assert "e+" not in cause(Cause(measure="measures.rows", before=before, after=after))


@given(values=st.lists(st.floats(min_value=0, max_value=1e9), min_size=2, max_size=60), ascii_only=st.booleans())
def test_a_line_of_blocks_is_short(values: list[float], ascii_only: bool) -> None:
    """
    At most 20 characters, a block a value, the highest for the highest.
    """
    line = sparkline(values, ascii_only=ascii_only)
    shown = values[-20:]

    assert len(line) == (len(shown) if max(shown) > 0 else 0)
    assert not line or line[shown.index(max(shown))] == ("#" if ascii_only else "█")

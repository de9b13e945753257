"""
Tables.
"""

from paceline.report.table import Column, table

_COLUMNS = (
    Column("test", is_name=True),
    Column("runs", 2, is_figure=True),
    Column("time", is_figure=True),
    Column("CPU", 1, is_figure=True),
)
_ROWS = [["tests/shop/test_cart.py::test_total", "12", "12.1 ms", "9 ms"]]


def test_a_pipe_gets_all() -> None:
    """
    Every column, every name whole.
    """
    assert table(_COLUMNS, _ROWS, None) == (
        "test                                   runs     time    CPU\n"
        "-----------------------------------  ------  -------  -----\n"
        "tests/shop/test_cart.py::test_total      12  12.1 ms   9 ms"
    )


def test_names_are_cut_before_a_column_goes() -> None:
    """
    From the left, as the end tells a test from its neighbours.
    """
    lines = table(_COLUMNS, _ROWS, 52).splitlines()

    assert lines[0].split() == ["test", "runs", "time", "CPU"]
    assert lines[-1] == "…op/test_cart.py::test_total      12  12.1 ms   9 ms"


def test_the_least_important_column_goes_first() -> None:
    """
    Then the next, and what is left may be wider than the terminal.
    """
    narrow, narrower, narrowest = (table(_COLUMNS, _ROWS, width).splitlines() for width in (40, 30, 10))

    assert narrow[0].split() == ["test", "time", "CPU"]
    assert narrower[0].split() == narrowest[0].split() == ["test", "time"]
    assert max(map(len, narrow)) <= 40
    assert max(map(len, narrower)) <= 30
    assert narrowest[-1] == "…cart.py::test_total  12.1 ms"


def test_no_rows_are_headers() -> None:
    """
    A table can be empty.
    """
    assert table(_COLUMNS, [], 80).splitlines()[0].split() == ["test", "runs", "time", "CPU"]

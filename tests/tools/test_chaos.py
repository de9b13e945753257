"""
The faults of `make chaos` are run, and counted as they are.
"""

from pathlib import Path

import pytest

from tools.chaos import damages, exporter, session, texts
from tools.chaos.row import Row, run_rows, table

FAULTS = dict(fault for part in (texts, damages, exporter, session) for fault in part.faults())
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "faults.md"


@pytest.mark.parametrize(
    "name",
    [
        "ledger: cut",
        "document: block",
        "journal: insert",
        "outbox: bytes",
        "two senders of one id",
        "results folder removed by a test",
        "no locks on files",
    ],
)
def test_a_fault_is_made_without_a_loss(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Each part of the table has rows that are short enough for each day.
    """
    monkeypatch.setattr(damages, "_TIMES", 5)

    (row,) = run_rows([(name, FAULTS[name])], 60.0)

    assert row.is_good, row


def test_a_fault_that_ends_in_an_error_is_wrong() -> None:
    """
    Its row says so, and the next row is run.
    """

    def fails(_: Row, __: Path) -> None:
        raise OSError

    first, second = run_rows([("fails", fails), ("passes", lambda row, _: row.took(0.5))], 60.0)

    assert not first.is_good
    assert second.is_good
    assert "2 rows, 1 without a loss" in table([first, second])


def test_no_fault_begins_when_the_time_is_over() -> None:
    """
    Its row has 0 times, which is no success.
    """
    (row,) = run_rows([("late", lambda row, _: row.took(0.5))], 0.0)

    assert (row.times, row.is_good) == (0, False)


def test_the_page_of_faults_has_each_fault() -> None:
    """
    In the order in which they are run.
    """
    shown = [line.split("|")[1].strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]

    assert [name for name in FAULTS if not any(cell.startswith(name) for cell in shown)] == []

"""
A row of the table of faults, and how rows are run within a time.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

_MEBI = 1 << 20
_HEADERS = ("fault", "times", "lost", "doubled", "wrong", "longest, s", "scrape, s", "memory, MiB")


@dataclass
class Row:
    """
    What became of a fault: how many times it was made, runs that were lost or doubled, what else was wrong (an exit
    code, an outcome, an answer), the longest time in seconds until somebody had an answer, and the highest memory.
    The slowest scrape of an exporter is apart.
    """

    fault: str
    times: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    seconds: float = 0.0
    memory: int = 0
    scrape_seconds: float = 0.0

    def took(self, seconds: float, memory: int = 0) -> None:
        """
        Note one time.
        """
        self.times += 1
        self.seconds, self.memory = max(self.seconds, seconds), max(self.memory, memory)

    def counted(self, expected: Sequence[str], found: Sequence[str]) -> None:
        """
        Count the ids that are missing, and those that are there more than once.
        """
        self.lost += len(set(expected) - set(found))
        self.doubled += len(found) - len(set(found))

    @property
    def is_good(self) -> bool:
        return self.times > 0 and not (self.lost or self.doubled or self.wrong)


# Makes a fault in a folder, and notes in the row what became of it.
Fault = Callable[[Row, Path], None]


def run_rows(faults: Sequence[tuple[str, Fault]], seconds: float) -> list[Row]:
    """
    Make each fault, as long as there is time; a row that was not begun has 0 times.
    """
    end, rows = time.monotonic() + seconds, []
    for name, fault in faults:
        row = Row(name)
        if time.monotonic() < end:
            with TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
                try:
                    fault(row, Path(folder))
                except Exception as error:  # noqa: BLE001 - one row says so, and the others are run
                    row.wrong += 1
                    row.fault += f" ({type(error).__name__}: {error})"[:120]
        rows.append(row)
        print(_lines([row]).splitlines()[-1], flush=True)
    return rows


def table(rows: Sequence[Row]) -> str:
    """
    The rows in Markdown, with their sums.
    """
    good = sum(row.is_good for row in rows)
    total = Row(f"{len(rows)} rows, {good} without a loss")
    for row in rows:
        total.times += row.times
        total.lost, total.doubled, total.wrong = (
            total.lost + row.lost,
            total.doubled + row.doubled,
            total.wrong + row.wrong,
        )
        total.seconds, total.memory = max(total.seconds, row.seconds), max(total.memory, row.memory)
        total.scrape_seconds = max(total.scrape_seconds, row.scrape_seconds)
    return _lines([*rows, total])


def _lines(rows: Sequence[Row]) -> str:
    cells = [
        (
            *(one.fault, one.times, one.lost, one.doubled, one.wrong, f"{one.seconds:.1f}"),
            f"{one.scrape_seconds:.1f}" if one.scrape_seconds else "",
            one.memory // _MEBI or "",
        )
        for one in rows
    ]
    return tabulate(cells, _HEADERS, tablefmt="github", disable_numparse=True)

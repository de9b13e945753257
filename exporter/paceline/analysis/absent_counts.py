"""
Counts of probes that are absent in an earlier run: 0 where the probe looked, as it counted for another test.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from paceline.analysis.past import OUTCOME, Past, Series, SeriesByTest
from paceline.analysis.verdicts.count import WORK


def with_absent_counts(past: Past) -> Past:
    """
    The past in which a test that passed did no work of a kind that was counted for other tests of the run only.

    Figures that tests report of themselves stay absent: nobody looked for them.
    """
    counted = {key: _Counted(past, past.column(key)) for key in WORK if key in past.columns}
    return replace(past, columns={**past.columns, **counted}) if counted else past


class _Counted:
    """
    One count, with a 0 for each run in which the test passed and the probe looked.
    """

    def __init__(self, past: Past, column: SeriesByTest) -> None:
        self._outcomes: Final = past.column(OUTCOME)
        self._column: Final = column

    def get(self, case_id: str, /) -> Series | None:
        known, outcomes = self._column.get(case_id) or Series((), ()), self._outcomes.get(case_id)
        if outcomes is None:
            return known if known.runs else None
        counts = {run: 0.0 for run, passed in zip(*outcomes, strict=True) if passed and run in self._looked}
        counts |= dict(zip(*known, strict=True))
        runs = sorted(counts)
        return Series(runs, [counts[run] for run in runs]) if runs else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcomes)

    @cached_property
    def _looked(self) -> frozenset[int]:
        """
        The runs in which the probe counted for any test.
        """
        looked: set[int] = set()
        for case_id in self._column:
            looked.update((self._column.get(case_id) or Series((), ())).runs)
        return frozenset(looked)

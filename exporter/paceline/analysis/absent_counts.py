"""
Quantities of what tests touch that are absent in an earlier run: 0 where their probe was on.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from paceline.analysis.past import DURATION, PROBES, Past, Series, SeriesByTest
from paceline.usage import UsageKey

# The quantities that have a probe, by their table.
WITH_PROBE = frozenset(key for key in UsageKey if key.quantity.probe)
_NO_SERIES = Series((), ())


def with_absent_counts(past: Past) -> Past:
    """
    The past in which a test that passed has a 0 for what it did not touch, in each run in which a probe looked for it.

    The column of the probes is used up. Figures that tests report of themselves stay absent: nobody looked for them.
    """
    probes = past.column(PROBES)
    filled = {
        key: _Filled(past.column(key), past.column(DURATION), frozenset(looked.runs))
        for key in WITH_PROBE & past.columns.keys()
        if (looked := probes.get(key.quantity.probe))
    }
    columns = {measure: column for measure, column in past.columns.items() if measure != PROBES}
    return replace(past, columns={**columns, **filled})


class _Filled:
    """
    One quantity, with a 0 for each run in which the test was measured and the probe looked.
    """

    def __init__(self, column: SeriesByTest, measured: SeriesByTest, looked: frozenset[int]) -> None:
        self._column: Final = column
        self._measured: Final = measured
        self._looked: Final = looked

    def get(self, case_id: str, /) -> Series | None:
        known, measured = self._column.get(case_id) or _NO_SERIES, self._measured.get(case_id) or _NO_SERIES
        figures = dict.fromkeys(self._looked.intersection(measured.runs), 0.0)
        figures |= dict(zip(*known, strict=True))
        runs = sorted(figures)
        return Series(runs, [figures[run] for run in runs]) if runs else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._measured)

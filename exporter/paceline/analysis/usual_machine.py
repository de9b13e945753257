"""
The machine as it usually is: how fast, and how busy with other work.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Self

from msgspec import Struct

from paceline.analysis.past import NORMALIZED, Past, PastRun

# More than usual by so many percent of all CPUs: on two CPUs less than half of a process that always computes. Where
# others always use most of the CPUs there is no room for that: then half of what they usually leave is as telling.
_BUSIER_PERCENT, _LEFT = 20.0, 0.5


class UsualMachine(Struct, frozen=True, kw_only=True):
    """
    The medians of earlier runs; absent where too few runs have the figure.

    `others_cpu_percent` is by test, of the runs that have a time of the test: of what the time is compared with.
    """

    calibration_seconds: float | None = None
    others_cpu_percent: Mapping[str, float] = {}

    @classmethod
    def of(cls, past: Past, tests: Iterable[str], fewest: int) -> Self:
        """
        Args:
            past: earlier runs.
            tests: the tests that it is asked about.
            fewest: the runs that are needed.
        """
        others = {
            test: _median([past.runs[run].others_cpu_percent for run in past.series(NORMALIZED, test).runs], fewest)
            for test in tests
        }
        return cls(
            calibration_seconds=usual_calibration(past.runs, fewest),
            others_cpu_percent={test: percent for test, percent in others.items() if percent is not None},
        )

    def is_busier(self, test: str, others_cpu_percent: float) -> bool:
        """
        Whether other processes keep the machine busier than in the runs that a test is compared with.
        """
        usual = self.others_cpu_percent.get(test)
        return usual is not None and others_cpu_percent >= usual + min(_BUSIER_PERCENT, (1 - _LEFT) * (100.0 - usual))


def usual_calibration(runs: Sequence[PastRun], fewest: int) -> float | None:
    """
    The seconds that the calibration usually takes.

    Args:
        runs: earlier runs, in any order.
        fewest: the runs that are needed.
    """
    return _median([run.calibration_seconds for run in runs], fewest)


def _median(figures: Sequence[float | None], fewest: int) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return median(known) if len(known) >= max(fewest, 1) else None

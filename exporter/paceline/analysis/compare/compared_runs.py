"""
Two sides of a comparison, and what each test needed in each of their runs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from statistics import geometric_mean, median
from typing import NamedTuple

from msgspec import Struct

from paceline.analysis.machine_speed import Need, Ruler, need_of, normalized
from paceline.model import Case, Run

# So many runs distinguish the machine from a change. Judgement needs fewer, because its past knows the machine.
_FEWEST_ON_RULER = 8
_SHORTEST_ON_RULER = 0.001


Cases = Mapping[str, Sequence[Case]]


class Side(Struct, frozen=True, kw_only=True):
    """
    One side: a name for the reader, and its runs, of which there is at least one.
    """

    name: str
    runs: tuple[Run, ...]

    @property
    def cases(self) -> Cases:
        """
        The cases of each test, by its id.
        """
        cases: dict[str, list[Case]] = {}
        for run in self.runs:
            for case in run.cases:
                cases.setdefault(case.id, []).append(case)
        return cases


Seconds = Sequence[Mapping[str, float]]


class Times(NamedTuple):
    """
    Seconds by test for each run, on both sides; only tests that passed.
    """

    base: Seconds
    head: Seconds

    def of(self, case_id: str, *, is_paired: bool) -> tuple[list[float], list[float]]:
        """
        What a test took on each side; of pairs only whole ones.
        """
        if is_paired:
            both = [
                (one[case_id], other[case_id])
                for one, other in zip(self.base, self.head, strict=True)
                if case_id in one and case_id in other
            ]
            return [one for one, _ in both], [other for _, other in both]
        return _column(self.base, case_id), _column(self.head, case_id)


class Needs:
    """
    What the tests of two sides needed, without the wait for a CPU, and the rulers of their runs.

    Args:
        base: one side.
        head: the other.
        movers: tests that are known to have changed, and so are no ruler.
    """

    def __init__(self, base: Side, head: Side, movers: Collection[str] = ()) -> None:
        self._needs = [_needs(run) for run in base.runs], [_needs(run) for run in head.runs]
        self.times = Times(*([_seconds(needs) for needs in side] for side in self._needs))
        self._usual = self._find_usual(movers)
        self._rulers = [[Ruler.of(needs, self._usual) for needs in side] for side in self._needs]

    @property
    def slowdowns(self) -> tuple[list[float], list[float]] | None:
        """
        How much slower the suite ran than between both sides, for each run; None where a run has no ruler.
        """
        base, head = ([ruler.slowdown for ruler in rulers if ruler is not None] for rulers in self._rulers)
        is_whole = (len(base), len(head)) == tuple(map(len, self._rulers))
        return (base, head) if is_whole else None

    @property
    def normalized(self) -> Times:
        """
        What each test would have needed on the machine between both sides.
        """
        base, head = (
            [normalized(needs, ruler) for needs, ruler in zip(side, rulers, strict=True)]
            for side, rulers in zip(self._needs, self._rulers, strict=True)
        )
        return Times(base, head)

    def _find_usual(self, movers: Collection[str]) -> dict[str, float]:
        """
        What each test on the ruler usually needs; nothing where they are too few.
        """
        off_ruler = _sleepers(chain(*self._needs)) | set(movers)
        usual = {
            case_id: seconds
            for case_id, seconds in _half_way(self.times).items()
            if seconds >= _SHORTEST_ON_RULER and case_id not in off_ruler
        }
        return usual if len(usual) >= _FEWEST_ON_RULER else {}


def _sleepers(runs: Iterable[Mapping[str, Need]]) -> set[str]:
    return {case_id for needs in runs for case_id, need in needs.items() if not need.is_cpu_bound}


def _half_way(times: Times) -> dict[str, float]:
    # Neither side is to be the measure of the other.
    base, head = map(_medians, times)
    return {case_id: geometric_mean((base[case_id], head[case_id])) for case_id in base.keys() & head.keys()}


def _needs(run: Run) -> dict[str, Need]:
    found = {case.id: need_of(case) for case in run.cases if case.outcome.is_pass}
    return {case_id: need for case_id, need in found.items() if need is not None}


def _seconds(needs: Mapping[str, Need]) -> dict[str, float]:
    return {case_id: need.seconds for case_id, need in needs.items()}


def _medians(runs: Seconds) -> dict[str, float]:
    columns: dict[str, list[float]] = {}
    for run in runs:
        for case_id, seconds in run.items():
            columns.setdefault(case_id, []).append(seconds)
    return {case_id: median(values) for case_id, values in columns.items()}


def _column(runs: Seconds, case_id: str) -> list[float]:
    return [run[case_id] for run in runs if case_id in run]

"""
Recordings of whole suites with each figure that judgement reads, and repeats: how they are kept, and read as runs.
"""

import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, json
from recordings import Recording

from paceline.analysis.verdicts.budget import DEFAULT_BUDGETS_MS
from paceline.model import Case, Outcome
from paceline.usage import UsageKey

_DURATION = "duration_seconds"
_OUTCOME = "outcome"
_DIGITS = 4
Figures = dict[str, float]


class RecordedRepeat(NamedTuple):
    """
    A test measured again, and the calibration beside it.
    """

    figures: Figures
    calibration: float


class RecordedRun(Struct, kw_only=True):
    """
    A run as it was measured; `found` is how many verdicts of each kind it had, and `load` the busy processes beside it.
    `slowed` are the factors of tests that were made slower afterwards.
    """

    time: float
    exit_code: int
    calibration: float | None
    others_cpu_percent: float | None
    cases: dict[str, Figures]
    budgets: dict[str, float]
    repeats: dict[str, list[RecordedRepeat]]
    found: dict[str, int]
    load: int = 0
    slowed: dict[str, float] = {}


class _KeptRun(Struct, kw_only=True):
    """
    The same with a column for each figure: `tests` are places in the list of all tests.
    """

    time: float
    exit_code: int
    calibration: float | None
    others_cpu_percent: float | None
    load: int
    tests: list[int]
    columns: dict[str, list[float | None]]
    repeats: dict[int, list[RecordedRepeat]]
    found: dict[str, int]


class _Kept(Struct):
    tests: list[str]
    budgets: dict[str, float]
    runs: list[_KeptRun]


class SuiteRecording(NamedTuple):
    """
    Runs of one unchanged suite, oldest first.
    """

    name: str
    runs: Sequence[RecordedRun]


def figures_of(case: Case) -> Figures:
    """
    What judgement reads of a case; times and sizes to four digits.
    """
    figures = {_OUTCOME: float(list(Outcome).index(case.outcome)), **case.usage}
    if case.duration_seconds is not None:
        figures[_DURATION] = case.duration_seconds
    return {str(key): float(f"{value:.{_DIGITS}g}") for key, value in figures.items()}


def case_of(test: str, figures: Mapping[str, float], budget: float | None = None) -> Case:
    """
    The case with these figures.
    """
    return Case(
        id=test,
        family=test.partition("[")[0],
        test_type="unit",
        outcome=list(Outcome)[int(figures[_OUTCOME])],
        duration_seconds=figures.get(_DURATION),
        budget_seconds=budget,
        usage={UsageKey(key): value for key, value in figures.items() if key not in {_DURATION, _OUTCOME}},
    )


def with_times(recording: Recording) -> SuiteRecording:
    """
    A recording of times only, as one of all figures: with the budget of a unit test, without repeats and memory.
    """
    budget = DEFAULT_BUDGETS_MS["unit"] / 1e3
    runs = [
        RecordedRun(
            time=float(number),
            exit_code=0,
            calibration=calibration,
            others_cpu_percent=None,
            cases={case.id: figures_of(case) for case in cases},
            budgets={case.id: budget for case in cases},
            repeats={},
            found={},
        )
        for number, (cases, calibration) in enumerate(zip(recording.runs, recording.calibrations, strict=True))
    ]
    return SuiteRecording(recording.name, runs)


def write_recording(path: Path, runs: Sequence[RecordedRun]) -> None:
    """
    Keep runs in a compressed file.
    """
    tests = sorted({test for run in runs for test in run.cases})
    places = {test: place for place, test in enumerate(tests)}
    budgets = {test: budget for run in runs for test, budget in run.budgets.items()}
    kept = _Kept(tests=tests, budgets=budgets, runs=[_keep(run, places) for run in runs])
    path.write_bytes(lzma.compress(json.encode(kept), preset=9))


def read_recording(path: Path) -> SuiteRecording:
    """
    The runs in a file.
    """
    kept = json.decode(lzma.decompress(path.read_bytes()), type=_Kept)
    return SuiteRecording(path.name.partition(".")[0], [_read(run, kept) for run in kept.runs])


def _keep(run: RecordedRun, places: Mapping[str, int]) -> _KeptRun:
    keys = sorted({key for figures in run.cases.values() for key in figures})
    columns = {key: [figures.get(key) for figures in run.cases.values()] for key in keys}
    return _KeptRun(
        time=round(run.time),
        exit_code=run.exit_code,
        calibration=run.calibration,
        others_cpu_percent=run.others_cpu_percent,
        load=run.load,
        tests=[places[test] for test in run.cases],
        columns=columns,
        repeats={places[test]: again for test, again in run.repeats.items()},
        found=run.found,
    )


def _read(run: _KeptRun, kept: _Kept) -> RecordedRun:
    cases: dict[str, Figures] = {kept.tests[place]: {} for place in run.tests}
    for key, column in run.columns.items():
        for figures, value in zip(cases.values(), column, strict=True):
            if value is not None:
                figures[key] = value
    return RecordedRun(
        time=run.time,
        exit_code=run.exit_code,
        calibration=run.calibration,
        others_cpu_percent=run.others_cpu_percent,
        cases=cases,
        budgets=kept.budgets,
        repeats={kept.tests[place]: again for place, again in run.repeats.items()},
        found=run.found,
        load=run.load,
    )

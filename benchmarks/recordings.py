"""
Measured series to judge the judgement on: read from a file, whichever of the two formats it has.

`{"groups": {name: [{"time", "seconds": {test: seconds}}, …]}}` are benchmarks, each figure the mean of many
iterations; `{"tests": [id, …], "runs": [{"time", "cases": [[test, wall, CPU, run delay], …]}, …]}` is a suite of
tests, each measured once a run.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, json

from paceline.model import Case, Outcome
from paceline.usage import UsageKey

# A benchmark iterates for about a second, however short what it measures.
_BENCHMARK_SECONDS = 1.0
_CHANGING = "changing code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """
    Runs of one suite, oldest first, each with what every test of it took.
    """

    name: str
    runs: Sequence[Sequence[Case]]
    calibrations: Sequence[float | None]
    is_suite: bool

    @property
    def is_unchanged(self) -> bool:
        """
        Whether the measured code never changed, so that each alarm is false.
        """
        return _CHANGING not in self.name


class _BenchmarkRun(Struct):
    time: float
    seconds: dict[str, float | None]


class _SuiteRun(Struct):
    time: float
    cases: list[tuple[int, float | None, float | None, float | None]]
    calibration: float | None = None


class _File(Struct):
    groups: dict[str, list[_BenchmarkRun]] = {}
    tests: list[str] = []
    runs: list[_SuiteRun] = []


def read_recordings(path: Path) -> list[Recording]:
    """
    All recordings in a file.

    Raises:
        SystemExit: it is in neither format.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        file = json.decode(content, type=_File)
        recordings = [_benchmarks(name, runs) for name, runs in file.groups.items()]
        recordings += [_suite(path.name.partition(".")[0], file)] if file.runs else []
    except (OSError, EOFError, DecodeError, ValidationError, IndexError) as error:
        raise SystemExit(f"{path}: {error}, expected series in one of the two formats of recordings.py") from error
    if not recordings:
        raise SystemExit(f"{path}: no series, expected 'groups' or 'runs'")
    return recordings


def _benchmarks(name: str, runs: Sequence[_BenchmarkRun]) -> Recording:
    scale: dict[str, float] = {}
    recorded = []
    for run in sorted(runs, key=lambda run: run.time):
        cases = []
        for test, seconds in run.seconds.items():
            if seconds:
                scale.setdefault(test, _BENCHMARK_SECONDS / seconds)
                cases.append(make_case(test, seconds * scale[test]))
        recorded.append(cases)
    return Recording(name=name, runs=recorded, calibrations=[None] * len(recorded), is_suite=False)


def _suite(name: str, file: _File) -> Recording:
    runs = sorted(file.runs, key=lambda run: run.time)
    recorded = [
        [
            make_case(file.tests[test], wall, _usage(cpu, delay))
            for test, wall, cpu, delay in run.cases
            if wall is not None
        ]
        for run in runs
    ]
    return Recording(name=name, runs=recorded, calibrations=[run.calibration for run in runs], is_suite=True)


def _usage(cpu: float | None, delay: float | None) -> Mapping[str, float]:
    measured = {UsageKey.CPU_SECONDS: cpu, UsageKey.CPU_WAIT_SECONDS: delay}
    return {key: seconds for key, seconds in measured.items() if seconds is not None}


def make_case(test: str, seconds: float, usage: Mapping[str, float] | None = None) -> Case:
    """
    A test that passed.
    """
    return Case(
        id=test,
        family=test,
        test_type="unit",
        outcome=Outcome.PASSED,
        duration_seconds=seconds,
        usage=usage or {},
    )

"""
Cases, runs and pasts in a line.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from paceline.analysis.past import ATTEMPTS, DURATION, MEASURES, NORMALIZED, OUTCOME, Needed, Past
from paceline.history.source import PastReader
from paceline.kit_results import BenchmarkResult
from paceline.measure import Measure
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.usage import UsageKey
from paceline.verdict_kinds import FAILING_KINDS

TEST = "tests/test_cart.py::test_total"
# 14 November 2023, 22:13:20 UTC.
EPOCH = 1_700_000_000.0
HOUR = 3600.0


def make_case(case_id: str = TEST, seconds: float | None = 0.01, **changes: Any) -> Case:
    """
    A passed unit test that took so long.
    """
    known: dict[str, Any] = {
        "id": case_id,
        "family": case_id.partition("[")[0],
        "test_type": "unit",
        "outcome": Outcome.PASSED,
        "duration_seconds": seconds,
    }
    return Case(**(known | changes))


def failed(case_id: str = TEST, **changes: Any) -> Case:
    """
    The test, failed.
    """
    return make_case(case_id, outcome=Outcome.FAILED, **changes)


def with_seconds(run: Run, seconds: float, name: str) -> Run:
    """
    The run in which each test with `name` in its id took so long, on a machine of usual speed.
    """
    times = {"duration_seconds": seconds, "normalized_duration_seconds": seconds}
    return replace(run, cases=tuple(replace(case, **times) if name in case.id else case for case in run.cases))


def make_run(number: int, cases: Sequence[Case] = (), **changes: Any) -> Run:
    """
    The run of that number, which ends so many hours after the first second.
    """
    ended = EPOCH + number * HOUR
    known: dict[str, Any] = {
        "run_id": f"run-{number}",
        "suite": "shop",
        "branch": "main",
        "outcome": RunOutcome.PASSED,
        "started": ended - 10,
        "ended": ended,
        "cases": tuple(cases),
    }
    return Run(**(known | changes))


def runs_of(seconds: Mapping[str, Sequence[float]], **changes: Any) -> list[Run]:
    """
    Runs of tests that passed, from what each test took in one run after the other.
    """
    rows = zip(*seconds.values(), strict=True)
    return [
        make_run(number, [make_case(case_id, value) for case_id, value in zip(seconds, row, strict=True)], **changes)
        for number, row in enumerate(rows)
    ]


def past_of(seconds: Sequence[float], case_id: str = TEST, **changes: Any) -> Past:
    """
    The past of one test.
    """
    return Past.from_runs(runs_of({case_id: seconds}, **changes))


def whole_past(reader: PastReader, own: Sequence[str] = ()) -> Past:
    """
    A past with every measure, among them some that tests reported themselves.
    """
    reader.read(Needed((NORMALIZED, DURATION, OUTCOME, ATTEMPTS, *UsageKey, *(MEASURES + name for name in own))))
    return reader.past()


def values_of(past: Past, measure: str = NORMALIZED, case_id: str = TEST) -> tuple[list[int], list[float]]:
    """
    A series as plain lists.
    """
    series = past.series(measure, case_id)
    return list(series.runs), list(series.values)


def figures_of_benchmark(median: float, least: float, rounds: float) -> Mapping[str, Measure]:
    """
    The measures of a benchmark with this median and least time of a call.
    """
    return BenchmarkResult(
        rounds=max(round(rounds), 1), median_seconds=median, mean_seconds=median, min_seconds=least
    ).measures()


FAILING = ", ".join(FAILING_KINDS)
"""
The kinds of verdicts that may fail a run, as messages name them.
"""

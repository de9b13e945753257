"""
Runs from the JSON of pytest-benchmark.
"""

import json
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError
from paceline.history.importers import read_runs
from paceline.kit_results import BenchmarkResult
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.recorder import CaseRecorder
from support.wording import cause

# As pytest-benchmark 5.3 writes it, with fewer figures.
_DOCUMENT: dict[str, Any] = {
    "machine_info": {
        "node": "vm",
        "machine": "x86_64",
        "python_implementation": "CPython",
        "python_version": "3.11.7",
        "system": "Linux",
        "cpu": {"brand_raw": "AMD EPYC", "count": 2, "flags": ["avx", "avx2"]},
    },
    "commit_info": {
        "id": "4f2c1a0b9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b",
        "time": "2026-11-20T09:00:00+01:00",
        "author_time": "2026-11-20T09:00:00+01:00",
        "dirty": True,
        "project": "shop",
        "branch": "faster",
    },
    "benchmarks": [
        {
            "group": None,
            "name": "test_sorted[10]",
            "fullname": "tests/test_sort.py::TestSort::test_sorted[10]",
            "params": {"n": 10},
            "param": "10",
            "extra_info": {},
            "options": {"disable_gc": False, "timer": "perf_counter", "min_rounds": 5, "warmup": False},
            "stats": {
                "min": 2.5e-07,
                "max": 4.9e-05,
                "mean": 4.1e-07,
                "stddev": 2.7e-07,
                "rounds": 100000,
                "median": 4.5e-07,
                "outliers": "441;21876",
                "ops": 2437348.3,
                "total": 0.0625,
                "data": [2.5e-07, 4.9e-05],
                "iterations": 20,
            },
        },
        {
            "group": None,
            "name": "test_reversed",
            "fullname": "tests/test_sort.py::test_reversed",
            "params": None,
            "param": None,
            "extra_info": {},
            "options": {},
            "stats": {"min": 1, "median": 1.5, "rounds": 5, "total": 8.0, "iterations": 1},
        },
    ],
    "datetime": "2026-11-22T19:40:01.250000+00:00",
    "version": "5.3.1",
}
_ENDED = datetime.fromisoformat("2026-11-22T19:40:01.25Z").timestamp()


def _imported(folder: Path, document: dict[str, Any], branch: str = "") -> Run:
    path = folder / "0001_bench.json"
    path.write_text(json.dumps(document, indent=4), "utf-8")
    (run,) = read_runs(path, "shop", branch)
    return run


def _changed(*path: str | int, to: object) -> dict[str, Any]:
    document = deepcopy(_DOCUMENT)
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = to
    return document


def test_a_benchmark_is_a_case_with_measures(tmp_path: Path) -> None:
    """
    A benchmark lasts as long as all its rounds, and brings its figures as measures.
    """
    run = _imported(tmp_path, _DOCUMENT)
    benchmark = BenchmarkResult(
        rounds=100_000, iterations=20, median_seconds=4.5e-07, mean_seconds=4.1e-07, min_seconds=2.5e-07
    )

    assert run.cases[0] == Case(
        id="tests/test_sort.py::TestSort::test_sorted[10]",
        family="tests/test_sort.py::TestSort::test_sorted",
        test_type="unit",
        outcome=Outcome.PASSED,
        duration_seconds=1.25,
        results=(benchmark,),
        measures=benchmark.measures(),
    )
    assert run.cases[0].benchmark_seconds == 4.5e-07


def test_a_file_is_a_run(tmp_path: Path) -> None:
    """
    The run knows its commit and Python, and ended when the file says that it was written.
    """
    run = _imported(tmp_path, _DOCUMENT)

    assert (run.suite, run.branch, run.commit, run.dirty) == (
        "shop",
        "faster",
        "4f2c1a0b9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b",
        True,
    )
    assert (run.started, run.ended, run.outcome) == (_ENDED - 9.25, _ENDED, RunOutcome.PASSED)
    assert run.environment == {"python": "3.11.7"}
    assert decode_run(encode_run(run), "") == run


def test_names_of_measures_can_be_recorded(tmp_path: Path) -> None:
    """
    The measures have names and units that a test itself could have given to them.
    """
    measures = _imported(tmp_path, _DOCUMENT).cases[0].measures
    recorder = CaseRecorder()
    for name, measure in measures.items():
        recorder.record(name, measure.value, unit=measure.unit)

    assert recorder.measures == measures


@pytest.mark.parametrize(
    ("told", "given", "expected"),
    [("faster", "main", "main"), ("faster", "", "faster"), ("(detached head)", "", "main"), (None, "", "main")],
)
def test_the_branch_that_is_given_wins(tmp_path: Path, told: str | None, given: str, expected: str) -> None:
    """
    The file names the branch where the caller does not; where nobody does it is called main, as by the plugin.
    """
    run = _imported(tmp_path, _changed("commit_info", "branch", to=told), given)

    assert run.branch == expected


@pytest.mark.parametrize("commit", ["unversioned", "unknown", None])
def test_a_commit_that_is_not_known_is_none(tmp_path: Path, commit: str | None) -> None:
    """
    A word in the place of a commit is not taken for one.
    """
    assert _imported(tmp_path, _changed("commit_info", "id", to=commit)).commit == ""


def test_only_the_benchmarks_are_needed(tmp_path: Path) -> None:
    """
    An old file, without machine and commit and with a time in UTC that does not say so, can be read.
    """
    old = {"benchmarks": _DOCUMENT["benchmarks"], "datetime": "2026-11-22T19:40:01.250000"}
    run = _imported(tmp_path, old)

    assert (run.ended, run.commit, run.environment) == (_ENDED, "", {})


def test_the_same_file_is_the_same_run(tmp_path: Path) -> None:
    """
    The id of a run follows from the content alone.
    """
    first, again = _imported(tmp_path, _DOCUMENT), _imported(tmp_path, _DOCUMENT, "main")

    assert first.run_id == again.run_id == "benchmark-ba545a56f44e6df4b9f2"


def test_a_file_without_benchmarks_is_no_run(tmp_path: Path) -> None:
    """
    A file in which all benchmarks failed gives no run, and no error.
    """
    path = tmp_path / "none.json"
    path.write_text(json.dumps(_changed("benchmarks", to=[])), "utf-8")

    assert read_runs(path, "shop", "") == []


@pytest.mark.parametrize(
    "document",
    [
        _changed("benchmarks", to="none"),
        _changed("benchmarks", 1, "stats", to=None),
        _changed("benchmarks", 0, to={"fullname": "test_a.py::test_b"}),
        _changed("benchmarks", 0, "fullname", to=""),
        _changed("benchmarks", 0, "stats", "total", to=-1),
        _changed("datetime", to="today"),
    ],
    ids=["list", "stats", "no stats", "name", "total", "time"],
)
def test_another_document_is_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    """
    The message names the file and the format, and quotes its cause.
    """
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(document, indent=4), "utf-8")
    with pytest.raises(DocumentError) as error:
        read_runs(path, "shop", "main")

    assert str(error.value) == f"{path}: not the JSON of pytest-benchmark: {cause(error.value)}"


def test_a_time_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """
    The message says where, what was found and what was expected.
    """
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(_changed("datetime", to="1969-12-31T23:59:59Z")), "utf-8")
    with pytest.raises(DocumentError) as error:
        read_runs(path, "shop", "main")

    assert str(error.value) == (
        f"{path}: datetime is 1969-12-31T23:59:59+00:00, "
        "expected a time between 1970 and 2100 such as 2026-05-04T13:37:00+02:00"
    )

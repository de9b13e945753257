"""
The JSON of pytest-benchmark (`--benchmark-json`, `--benchmark-save`).
"""

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import DecodeError, Meta, Struct, json

from paceline.errors import DocumentError
from paceline.history.importers.imported_file import ImportedFile
from paceline.history.importers.result_cases import Result, with_results
from paceline.identity import safe_text
from paceline.kit_results import BenchmarkResult
from paceline.model import Outcome, Run, RunOutcome

# What pytest-benchmark writes where it does not know the commit or the branch.
_UNKNOWN: Final = {"unversioned", "unknown", "(unknown)", "(detached head)"}

_Seconds = Annotated[float, Meta(ge=0, le=1e9)]
_Times = Annotated[int, Meta(ge=1, le=10**12)]
_Text = Annotated[str, Meta(min_length=1)]


class _Stats(Struct, frozen=True):
    """
    Times are those of one iteration; `total` is the sum over the rounds.
    """

    min: _Seconds
    median: _Seconds
    total: _Seconds
    rounds: _Times
    iterations: _Times
    mean: _Seconds = 0.0
    iqr: _Seconds = 0.0


class _Benchmark(Struct, frozen=True):
    fullname: _Text
    stats: _Stats
    param: str | None = None
    group: str | None = None


class _Commit(Struct, frozen=True):
    id: str | None = None
    branch: str | None = None
    dirty: bool = False


class _Machine(Struct, frozen=True):
    python_version: str = ""


class _Document(Struct, frozen=True):
    """
    The part of the document that is of use; other people's format may have more.
    """

    benchmarks: list[_Benchmark]
    datetime: datetime
    commit_info: _Commit = _Commit()
    machine_info: _Machine = _Machine()


def read_pytest_benchmark(source: ImportedFile) -> list[Run] | None:
    """
    Read the benchmarks of a file as one run.

    Raises:
        DocumentError: the JSON does not have the fields that pytest-benchmark writes.
    """
    if "benchmarks" not in source.keys:
        return None
    try:
        document = json.decode(source.content, type=_Document)
    except (DecodeError, UnicodeDecodeError) as error:
        raise DocumentError(f"{source.path}: not the JSON of pytest-benchmark: {error}") from error
    return [_run(document, source)] if document.benchmarks else []


def _run(document: _Document, source: ImportedFile) -> Run:
    results = [_result(benchmark) for benchmark in document.benchmarks]
    ended = _ended(document, source)
    seconds = sum(result.seconds or 0.0 for result in results)
    commit, python = document.commit_info, document.machine_info.python_version
    run = Run(
        run_id=source.run_id("benchmark"),
        suite=source.suite,
        default_branch=source.default_branch,
        branch=source.branch_or(_known(commit.branch)),
        commit=safe_text(_known(commit.id)),
        dirty=commit.dirty,
        outcome=RunOutcome.PASSED,
        started=max(ended - seconds, 0.0),
        ended=ended,
        environment={"python": safe_text(python)} if python else {},
    )
    return with_results(run, results, source.type_of)


def _ended(document: _Document, source: ImportedFile) -> float:
    # The time of writing, which is the end of the session; versions before 5 wrote UTC without saying so.
    time = document.datetime
    ended = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return source.checked_time(ended, f"datetime is {time.isoformat()}")


def _result(benchmark: _Benchmark) -> Result:
    stats = benchmark.stats
    return Result(
        node_id=benchmark.fullname,
        family=benchmark.fullname.removesuffix(f"[{benchmark.param}]"),
        outcome=Outcome.PASSED,  # a benchmark that failed is not written
        # All rounds: calibration and warm-up are missing, so it is a little less than the call phase.
        seconds=stats.total * stats.iterations,
        results=(
            BenchmarkResult(
                rounds=stats.rounds,
                iterations=stats.iterations,
                median_seconds=stats.median,
                mean_seconds=stats.mean or stats.total / stats.rounds,
                min_seconds=stats.min,
                iqr_seconds=stats.iqr,
                group=safe_text(benchmark.group or ""),
            ),
        ),
    )


def _known(text: str | None) -> str:
    return "" if text is None or text in _UNKNOWN else text

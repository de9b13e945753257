"""
A benchmark that takes ten times as long as in runs before, and the other tests of workers meanwhile.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run, Verdict
from paceline.verdict_kinds import VerdictKind
from support.command import run_command
from support.suite import COMPUTE, Result, Suite
from support.values import with_seconds

_SUITE = """
import os
import time
from pathlib import Path

import pytest
from compute import compute


@pytest.fixture(autouse=True)
def noted(request):
    started = time.monotonic()
    yield
    line = f"{request.node.name} {started} {time.monotonic()}\\n"
    with Path("times").open("a") as lines:
        lines.write(line)

@pytest.mark.benchmark_test
def test_changing():
    compute(float(os.environ["SECONDS"]))

@pytest.mark.benchmark_test
def test_steady():
    time.sleep(0.01)

@pytest.mark.parametrize("number", range(6))
def test_other(number):
    time.sleep(0.05)
"""
_USUAL, _SLOWER = 0.01, 0.1
_CHANGING = "test_speed.py::test_changing"


@pytest.fixture(scope="module", params=[(), ("-n", "2")], ids=["one process", "xdist"])
def slower(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """
    A run in which a benchmark takes ten times as long as in earlier runs, which had a quiet machine.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("compute.py", COMPUTE)
    suite.write("test_speed.py", _SUITE)
    first = suite.run(*request.param, environ={"SECONDS": str(_USUAL)})
    suite.keep_before(with_seconds(first.run, _USUAL, _CHANGING), 10)
    (suite.folder / "times").unlink()
    return suite.run(*request.param, environ={"SECONDS": str(_SLOWER)})


def _regression(run: Run) -> Verdict:
    (found,) = (one for one in run.verdicts if (one.kind, one.case) == (VerdictKind.REGRESSION, _CHANGING))
    return found


def test_a_slower_benchmark_is_a_regression(slower: Result) -> None:
    """
    In one process and with workers; a busy machine makes the factor larger.
    """
    assert (_regression(slower.run).factor or 0.0) > 5


def test_a_benchmark_runs_after_the_other_tests_and_alone(slower: Result) -> None:
    """
    Though workers are free to run others.
    """
    lines = (slower.results.parent / "times").read_text("utf-8").split("\n")[:-1]
    times = [(name, float(start), float(end)) for name, start, end in map(str.split, lines)]
    benchmarks = [one for one in times if not one[0].startswith("test_other")]

    assert len(times) >= 8
    for first, second in combinations(times, 2):
        is_apart = first[2] <= second[1] or second[2] <= first[1]
        assert is_apart or not {first, second} & set(benchmarks), (first, second)


def test_imported_benchmarks_are_judged_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Ten files of pytest-benchmark, and one in which the median is three times as high.
    """
    monkeypatch.chdir(tmp_path)
    now = datetime.now(UTC)
    for number in range(11):
        medians = {"test_changing": 0.003 if number == 10 else 0.001 + number % 3 * 1e-5, "test_steady": 0.001}
        benchmarks = [
            {
                "fullname": f"test_speed.py::{name}",
                "stats": {"min": median, "median": median, "total": 10 * median, "rounds": 10, "iterations": 1},
            }
            for name, median in medians.items()
        ]
        written = now - timedelta(hours=11 - number)
        document = {"benchmarks": benchmarks, "datetime": written.isoformat()}
        (tmp_path / f"{number:02}.json").write_text(json.dumps(document), "utf-8")
    files = [f"{number:02}.json" for number in range(11)]
    result = run_command(["history", "import", "--results", "results", *files])
    ledger = Ledger(tmp_path / "results" / "history.sqlite")
    latest = ledger.run(ledger.summaries()[0][2].run_id)

    assert result.exit_code == 0, result.output
    assert latest is not None
    assert _regression(latest).factor == pytest.approx(3, rel=0.2)

"""
Beside pytest-benchmark and pytest-codspeed, whose calibration decides how long a call phase lasts.
"""

from pathlib import Path

from paceline.accounts import NotMeasured
from paceline.history.importers import read_runs
from paceline.kit_results import BenchmarkResult
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.neighbours import Beside

_BENCHMARKS = """
    import os, time

    def work():
        end = time.perf_counter() + float(os.environ["SECONDS"])
        while time.perf_counter() < end: pass

    def test_function(benchmark): benchmark(work)

    def test_other(): pass
"""
_MANY_ROUNDS = "--benchmark-calibration-precision=1"
_QUICK = ("--benchmark-max-time=0.1", "--benchmark-min-rounds=5")


def test_a_benchmark_is_judged_by_its_own_median(tmp_path: Path) -> None:
    """
    A function of 0.2 ms takes three times as long, and the call phase does not; the file of pytest-benchmark has the
    same median.
    """
    suite = Beside(tmp_path / "suite", "benchmark")
    suite.write("test_speed.py", _BENCHMARKS)
    first = suite.run(*_QUICK, "--benchmark-json=bench.json", environ={"SECONDS": "0.0002"}).run
    (imported,) = read_runs(suite.folder / "bench.json", "shop", "main")
    suite.keep_before(first, 8)
    second = suite.run(*_QUICK, environ={"SECONDS": "0.0006"})
    (verdict,) = (one for one in second.run.verdicts if one.kind is VerdictKind.REGRESSION)

    assert imported.cases[0].measures == first.cases[0].measures
    assert verdict.case == "test_speed.py::test_function"
    assert verdict.measured is not None
    assert 0.0005 < verdict.measured < 0.0012
    assert "a call took " in second.told()


def test_the_rounds_that_pytest_benchmark_keeps_are_no_memory_of_the_test(tmp_path: Path) -> None:
    """
    A quick function has so many of them that each benchmark would be a leak.
    """
    suite = Beside(tmp_path / "suite", "benchmark")
    suite.write("test_speed.py", "def test_function(benchmark): benchmark(list)\n\ndef test_other(): pass")
    suite.run(_MANY_ROUNDS)
    suite.run(_MANY_ROUNDS)
    result = suite.run(_MANY_ROUNDS)

    assert result.run.verdicts == ()
    assert UsageKey.MEMORY_RETAINED_BYTES not in result.case("test_function").usage
    assert UsageKey.MEMORY_RETAINED_BYTES in result.case("test_other").usage


def test_a_benchmark_under_xdist_has_no_figures(tmp_path: Path) -> None:
    """
    The report says so, and the time of its only call is not kept.
    """
    suite = Beside(tmp_path / "suite", "benchmark")
    suite.write("test_speed.py", _BENCHMARKS)
    result = suite.run("-p", "xdist", "-n", "1", environ={"SECONDS": "0.0002"})
    case = result.case("test_function")

    assert (case.not_measured, case.duration_seconds) == (NotMeasured.UNTIMED, None)
    assert "1 test was not measured: pytest-benchmark times nothing under xdist; add -n 0" in result.told()


def test_a_benchmark_whose_rounds_are_not_timed_has_no_median(tmp_path: Path) -> None:
    """
    It is a test like any other.
    """
    suite = Beside(tmp_path / "suite", "benchmark")
    suite.write("test_speed.py", _BENCHMARKS)
    case = suite.run("--benchmark-disable", environ={"SECONDS": "0.0002"}).case("test_function")

    assert case.benchmark_seconds is None
    assert case.measures == {}


def test_a_walltime_benchmark_of_codspeed_is_taken(tmp_path: Path) -> None:
    """
    Of the fixture and of the marker, each with the figures of its own test.
    """
    suite = Beside(tmp_path / "suite", "pytest_codspeed.plugin")
    suite.write(
        "test_speed.py",
        """
        import time
        import pytest

        def test_fixture(benchmark):
            benchmark(time.sleep, 0.01)

        @pytest.mark.benchmark(max_time=0.2)
        def test_marker():
            time.sleep(0.03)
        """,
    )
    options = ("--codspeed-warmup-time=0.01", "--codspeed-max-time=0.2")
    result = suite.run("--codspeed", "--codspeed-mode=walltime", *options)
    medians = [result.case(name).benchmark_seconds or 0 for name in ("test_fixture", "test_marker")]

    assert 0.01 <= medians[0] < 0.03 <= medians[1]
    (found,) = result.case("test_fixture").results
    assert isinstance(found, BenchmarkResult)
    assert found.rounds >= 5

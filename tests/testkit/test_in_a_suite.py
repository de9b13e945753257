"""
The test kit in a suite that Paceline measures.
"""

import subprocess
import sys

import pytest

from paceline.kit_results import BenchmarkResult, LeakResult
from paceline.verdict_kinds import VerdictKind
from support.suite import Suite

_KIT = """
import asyncio
import pytest
from paceline.testkit import memory_leak_test

KEPT = []

def test_leak():
    memory_leak_test(lambda: KEPT.append(bytearray(1000)))

def test_clean(memory_leak_test):
    assert not memory_leak_test(list).leak_detected

@pytest.mark.benchmark_test(max_avg_ms=1000, group="sums")
def test_sum():
    sum(range(1000))

@pytest.mark.benchmark_test
@pytest.mark.asyncio
async def test_async():
    await asyncio.sleep(0)

@pytest.mark.benchmark_test(max_avg_time=0.000001)
def test_over_its_limit(tmp_path):
    sum(range(10_000))

def test_several(benchmark_test):
    assert benchmark_test(lambda: sum(range(10)), name="ten").median_seconds > 0
    benchmark_test(lambda: sum(range(100)), name="hundred")

def test_measures(paceline):
    paceline.record("p95_seconds", 0.3, unit="s", limit=0.2, better="lower")
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_results_are_kept_with_their_tests(suite: Suite, options: tuple[str, ...]) -> None:
    """
    A leak is a finding, a benchmark is judged by its median, and a limit in the marker fails the test.
    """
    suite.write("test_kit.py", _KIT)
    result = suite.run(*options)

    assert result.outcomes["test_over_its_limit"] == "failed"
    assert [name for name, outcome in result.outcomes.items() if outcome != "passed"] == ["test_over_its_limit"]
    (leak,) = result.case("test_leak").results
    assert isinstance(leak, LeakResult)
    assert leak.leak_detected
    for name in ("test_sum", "test_async"):
        case = result.case(name)
        (benchmark,) = case.results
        assert isinstance(benchmark, BenchmarkResult)
        assert case.benchmark_seconds == benchmark.median_seconds
        assert benchmark.rounds >= 5
    assert {"benchmark_ten_median_seconds", "benchmark_hundred_median_seconds"} <= {
        *result.case("test_several").measures
    }
    found = {
        (verdict.kind, verdict.case.partition("::")[2], verdict.measure)
        for verdict in result.run.verdicts
        if verdict.case
    }
    assert found == {
        (VerdictKind.LEAK, "test_leak", "leak_resources"),
        (VerdictKind.BUDGET, "test_over_its_limit", "benchmark_mean_seconds"),
        (VerdictKind.BUDGET, "test_measures", "p95_seconds"),
    }


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("benchmark_test(max_ms=5)", "the marker is benchmark_test(max_ms=5), expected benchmark_test(max_avg_ms="),
        ("benchmark_test(max_avg_ms=0)", "the marker is benchmark_test(max_avg_ms=0), expected"),
        ("benchmark_test(max_avg_ms=float('nan'))", "the marker is benchmark_test(max_avg_ms=nan), expected"),
        ("benchmark_test(max_avg_ms=float('inf'))", "the marker is benchmark_test(max_avg_ms=inf), expected"),
        ("benchmark_test(5)", "the marker is benchmark_test(5), expected"),
        ("stress(duration=5)", "the marker is stress(duration=5), expected stress without arguments, or"),
        ("benchmark(max_ms=5)", "the marker is benchmark(max_ms=5), expected benchmark without arguments, or"),
    ],
)
def test_a_marker_with_arguments_that_do_nothing_is_an_error(suite: Suite, marker: str, message: str) -> None:
    """
    At collection, with the arguments that exist.
    """
    suite.write("test_kit.py", f"import pytest\n\n@pytest.mark.{marker}\ndef test_a():\n    pass\n")
    result = suite.run("-p", "no:benchmark")

    assert message in result.output
    assert result.code == 2


def test_without_paceline_the_kit_keeps_nothing_and_works(suite: Suite) -> None:
    """
    A marked test runs once, as any test.
    """
    suite.write("test_kit.py", _KIT)
    result = suite.run(on=False)

    assert "7 passed" in result.output


def test_a_plain_script_can_use_the_kit() -> None:
    """
    Without pytest; a leak is that of the script alone.
    """
    code = """
from paceline.testkit import memory_leak_test
kept = []
print({site.place for site in memory_leak_test(lambda: kept.append(bytearray(9))).sites})
print(memory_leak_test(list).summary())
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert process.stdout.startswith("{'<string>:4'}\nno leak in 100 calls")

"""
The public face of the package.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import paceline
from paceline import DocumentError, StorageError, read_run, testkit
from paceline.documents import encode_run
from support.values import make_run
from support.wording import NO_FILE

_PAGE = Path(__file__).parents[1] / "docs" / "reference" / "python.md"
# mypy finds an unused "type: ignore" where a name has no type.
_USER = """
from collections.abc import Callable

import paceline as pl
from paceline.testkit import DatabaseResult, async_database_performance_test, async_memory_leak_test
from paceline.testkit import benchmark_test, memory_leak_test
from paceline import Case, CaseRecorder, Measure, PacelineError, Run, UsageKey, Verdict, read_run


def test_rows(paceline: CaseRecorder) -> None:
    paceline.record("rows", 3)
    paceline.record("rows", 3, "rows")
    paceline.record("rows", 3.5, unit="rows")
    paceline.record("rows", "three")  # type: ignore[arg-type]


def cpu(case: Case) -> float:
    return case.usage["cpu_seconds"] + case.usage[UsageKey.CPU_WAIT_SECONDS]


def slow(run: Run) -> list[Verdict]:
    return [verdict for verdict in run.verdicts if verdict.case is not None]


def read(path: str) -> Run | None:
    try:
        return read_run(path)
    except PacelineError:
        return None


def checkout() -> Case:
    with pl.monitor("checkout", test_type="api", budget_ms=800) as m:
        pass
    print(m.metrics.duration_seconds, m.metrics.usage["cpu_seconds"], m.metrics.usage["memory_peak_bytes"])
    if m.verdict is not None:
        print(m.verdict.reason)
    return pl.stop_test_monitoring(pl.start_test_monitoring("checkout"))


async def test_kit(database_performance_test: Callable[..., DatabaseResult]) -> None:
    assert not memory_leak_test(list, iterations=20).leak_detected
    assert not (await async_memory_leak_test(nothing)).leak_detected
    print(database_performance_test(list, max_queries=1).performance_ok, benchmark_test(list).median_seconds)
    found: DatabaseResult = await async_database_performance_test(nothing, scale=print)
    memory_leak_test(list, iterations="many")  # type: ignore[arg-type]


async def nothing() -> None:
    pass


number: int = pl.monitor("checkout").metrics  # type: ignore[assignment]
measure: Measure = checkout().measures["rows"]
version: str = pl.__version__
"""


def _example() -> str:
    (example,) = re.findall(r"```python\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    return str(example)


def test_importing_the_package_imports_nothing_more() -> None:
    """
    pytest imports the package in every session of every project that has it installed.
    """
    code = "import sys, typing; before = set(sys.modules); import paceline; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "['paceline']\n"


def test_each_public_name_is_there() -> None:
    """
    As an attribute, in `dir` and in the table of the page.
    """
    of_package, _, of_kit = _PAGE.read_text("utf-8").partition("The test kit is the package")

    assert [name for name in paceline.__all__ if getattr(paceline, name) is None] == []
    assert dir(paceline) == sorted(paceline.__all__) == sorted(_names_in_table(of_package))
    assert [name for name in testkit.__all__ if getattr(testkit, name) is None] == []
    assert dir(testkit) == sorted(testkit.__all__) == sorted(_names_in_table(of_kit))


def test_the_test_kit_is_imported_whole_without_the_packages_of_load_tests() -> None:
    """
    Which only those who run a load test install.
    """
    code = (
        "import sys; sys.modules.update(httptools=None, hdrh=None); from paceline.testkit import *; print(LoadServer)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)

    assert "LoadServer" in done.stdout, done.stderr


def _names_in_table(text: str) -> list[str]:
    table = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return [name for row in table for name in re.findall(r"`(\w+)`", row)]


def test_code_of_a_user_passes_mypy(tmp_path: Path) -> None:
    """
    Under `--strict`: annotations, the fixture, `usage` with a plain string, and the example of the page.
    """
    (tmp_path / "test_user.py").write_text(_USER)
    (tmp_path / "example.py").write_text(_example())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "test_user.py", "example.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 2 source files\n")


def test_the_example_of_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """
    It measures a block, and reads a run.
    """
    report = tmp_path / "report.json"
    report.write_bytes(encode_run(make_run(1)))
    names: dict[str, object] = {}
    exec(_example(), names)
    print_slowest = names["print_slowest"]
    assert callable(print_slowest)
    print_slowest(report)

    assert re.fullmatch(r"[\d.e-]+ None\n0 regressions\n", capsys.readouterr().out)


def test_a_run_is_read_from_a_file_or_from_bytes(tmp_path: Path) -> None:
    """
    A path may be a string.
    """
    run = make_run(1)
    path = tmp_path / "report.json"
    path.write_bytes(encode_run(run))

    assert read_run(path) == read_run(str(path)) == read_run(encode_run(run)) == run
    with pytest.raises(DocumentError, match=r"^the run document: not a run document: "):
        read_run(b"{}")
    with pytest.raises(StorageError, match=rf"^no.json cannot be read: {NO_FILE}$"):
        read_run("no.json")

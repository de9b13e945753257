"""
How often leak tests are right inside pytest, by function: each function once a session, in many sessions.

Beside `memory_leak_test` of Paceline stand psleak, and `limit_leaks` of pytest-memray around 100 calls. A session is a
new process, so that each verdict meets caches that are empty. `python3.13 benchmarks/leaks.py` measures with that
Python.
"""

import argparse
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from peers import ROOT, clean_environ, is_installed, pytest_command

sys.path.insert(0, str(ROOT / "tests"))
from support.leaking import CLEAN, LEAKS

_SUITE = f"""
import asyncio
import inspect
import sys
import time

import pytest

sys.path.insert(0, {str(ROOT / "tests")!r})
from support.leaking import CLEAN, LEAKS, cleaned_up


@pytest.fixture(autouse=True)
def cpu(record_property):
    started = time.process_time()
    with cleaned_up():
        yield
    record_property("cpu", time.process_time() - started)


@pytest.fixture
def call(fn):
    if not inspect.iscoroutinefunction(fn):
        yield fn
        return
    with asyncio.Runner() as runner:
        yield lambda: runner.run(fn())


of_each = pytest.mark.parametrize("fn", (*LEAKS, *CLEAN), ids=lambda fn: fn.__name__)
"""
_PACELINE = """
from paceline.testkit import memory_leak_test

@of_each
def test_leak(fn):
    assert not memory_leak_test(fn).leak_detected
"""
_PSLEAK = """
from psleak import MemoryLeakTestCase

@of_each
def test_leak(call):
    MemoryLeakTestCase().execute(call)
"""
_MEMRAY = """
@of_each
@pytest.mark.limit_leaks("1 KB")
def test_leak(call):
    for _ in range(100):
        call()
"""


class Tool(NamedTuple):
    """
    A tool, the module that it needs, its tests (one that fails has found a leak), and the options of its session.
    """

    name: str
    module: str
    tests: str
    options: Sequence[str]
    environ: Mapping[str, str] = {}


class Verdict(NamedTuple):
    """
    What a tool found in a function in one session.
    """

    function: str
    is_leak: bool
    cpu_seconds: float


TOOLS = (
    Tool("paceline", "paceline", _PACELINE, ("-p", "paceline.plugin", "--paceline")),
    Tool("psleak", "psleak", _PSLEAK, (), {"PYTHONMALLOC": "malloc"}),
    Tool(
        "pytest-memray",
        "pytest_memray",
        _MEMRAY,
        ("-p", "pytest_memray.plugin", "--memray", "--trace-python-allocators"),
    ),
)


def verdicts(tool: Tool, workers: int) -> list[Verdict]:
    """
    The verdicts of a tool in one session.
    """
    parallel = ("-p", "xdist", "-n", str(workers)) if workers else ()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pytest.ini").write_text("[pytest]\njunit_family = xunit1\n", "utf-8")
        (Path(folder) / "test_leaks.py").write_text(_SUITE + tool.tests, "utf-8")
        command = pytest_command("--quiet", "--junitxml=junit.xml", *parallel, *tool.options)
        environ = {**clean_environ(), **tool.environ}
        subprocess.run(command, cwd=folder, env=environ, check=False, stdout=subprocess.DEVNULL)
        return [_verdict(case) for case in ET.parse(Path(folder) / "junit.xml").iter("testcase")]  # noqa: S314 - written by pytest


def _verdict(case: ET.Element) -> Verdict:
    (cpu,) = (float(one.get("value", "")) for one in case.iter("property") if one.get("name") == "cpu")
    function = case.get("name", "").partition("[")[2].rstrip("]")
    return Verdict(function, case.find("failure") is not None, cpu)


def main() -> None:
    """
    Print a table, one row a function.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="sessions of each tool")
    parser.add_argument("--workers", type=int, default=0, help="workers of pytest-xdist")
    parser.add_argument("--only", default="", help="names of tools, by commas")
    arguments = parser.parse_args()
    tools = [one for one in TOOLS if is_installed(one.module) and one.name in (arguments.only or one.name).split(",")]
    leaks = {fn.__name__ for fn in LEAKS}
    right, cpu = defaultdict[str, Counter[str]](Counter), defaultdict[str, float](float)
    for tool in tools:
        for _ in range(arguments.times):
            for function, is_leak, seconds in verdicts(tool, arguments.workers):
                right[function][tool.name] += is_leak is (function in leaks)
                cpu[tool.name] += seconds
    print(f"| right of {arguments.times} | {' | '.join(one.name for one in tools)} |\n|---|{'---|' * len(tools)}")
    for fn in (*LEAKS, *CLEAN):
        print(f"| {fn.__name__} | {' | '.join(str(right[fn.__name__][one.name]) for one in tools)} |")
    times = arguments.times * len((*LEAKS, *CLEAN))
    print(f"| CPU s a verdict | {' | '.join(f'{cpu[one.name] / times:.2f}' for one in tools)} |")


if __name__ == "__main__":
    main()

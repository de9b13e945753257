"""
Instructions that a plugin adds to one trivial test, counted by Valgrind: the same on an idle machine and on a busy one.

The suites are those of `overhead.py`. Each session is run to three ends: before its first test, after its last test,
and whole. So the instructions of a test have three parts: `planning` it, with its collection; the `test` with its setup
and teardown; and `keeping`, which is judging, writing and reporting. Start-up is taken out by a large and a small
suite. Only the process that runs the tests is counted, not the processes that it starts.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from overhead import BARE, VARIANTS, Variant, make_suite
from peers import clean_environ, is_installed, pytest_command, versions
from tabulate import tabulate

_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
_ENDS = ("before", "after", "whole")
_STOPPER = """
import os

import pytest
from _pytest import main

END = os.environ["BENCHMARK_END"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    if END == "before":
        os._exit(0)
    main.pytest_runtestloop(session)
    if END == "after":
        os._exit(0)
    return True
"""
_PLUGIN = "benchmark_stopper"


class Parts(NamedTuple):
    """
    Instructions of one test.
    """

    planning: float
    test: float
    keeping: float

    def __sub__(self, other: "Parts") -> "Parts":
        return Parts(*(mine - others for mine, others in zip(self, other, strict=True)))


def counted(variant: Variant, folder: Path, end: str) -> int:
    """
    Instructions of a session.

    Raises:
        RuntimeError: it failed, so that its instructions mean nothing.
    """
    command = [*_VALGRIND, *pytest_command("-q", "-p", _PLUGIN, *variant.arguments)]
    done = _run(command, variant, folder, end)
    found = _COUNTED.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"{command!r} failed\n{done.stdout}\n{done.stderr}")
    return int(found[1].replace(",", ""))


def parts(variant: Variant, tests: int, fewer: int) -> Parts:
    """
    Instructions of one test, with a plugin.
    """
    with tempfile.TemporaryDirectory(prefix="paceline-instructions-") as folder:
        counts = []
        for number in (tests, fewer):
            suite = make_suite(Path(folder, str(number)), number).varied
            (suite / f"{_PLUGIN}.py").write_text(_STOPPER, "utf-8")
            _run(
                pytest_command("-q", "-p", _PLUGIN, *variant.arguments), variant, suite, "whole"
            )  # writes the bytecode
            counts.append([counted(variant, suite, end) for end in _ENDS])
    before, after, whole = ((many - few) / (tests - fewer) for many, few in zip(*counts, strict=True))
    return Parts(planning=before, test=after - before, keeping=whole - after)


def _run(command: Sequence[str], variant: Variant, folder: Path, end: str) -> "subprocess.CompletedProcess[str]":
    if variant.leaves:
        shutil.rmtree(folder / variant.leaves, ignore_errors=True)
    environ = {**clean_environ(), "PYTHONHASHSEED": "0", "PYTHONPATH": str(folder), "BENCHMARK_END": end}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def _row(name: str, found: Parts, bare: Parts) -> tuple[object, ...]:
    return name, *(f"{one:,.0f}" for one in (*found, sum(found))), f"{sum(found) / sum(bare):.0%}"


def _table(variants: Sequence[Variant], tests: int, fewer: int) -> str:
    bare = parts(BARE, tests, fewer)
    rows = [_row(BARE.name, bare, bare)]
    for variant in variants:
        print(f"... {variant.name}", file=sys.stderr)
        rows.append(_row(variant.name, parts(variant, tests, fewer) - bare, bare))
    return tabulate(rows, headers=["added by", *Parts._fields, "all", "of bare pytest"], tablefmt="github")


def main() -> None:
    """
    Print the table.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=400, help="Tests of the large suite (default: 400).")
    parser.add_argument("--fewer", type=int, default=100, help="Tests of the small suite (default: 100).")
    parser.add_argument("--only", default="paceline,junit", help="Variants whose name has one of these words.")
    asked = parser.parse_args()
    wanted = [one for one in VARIANTS if any(word in one.name for word in asked.only.split(","))]
    wanted = [one for one in wanted if is_installed(one.module)]
    table = _table(wanted, asked.tests, asked.fewer)
    print(f"Instructions of one test, {asked.tests} tests less {asked.fewer}, {versions('pytest')}\n\n{table}")


if __name__ == "__main__":
    main()

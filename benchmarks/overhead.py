"""
CPU time that a plugin adds to one trivial test, in milliseconds.

The suite is generated: tests that only pass, spread over a few files. A session's CPU time is that of its
process and of all that the process waited for, as the kernel counted it. Start-up, which is paid once, is taken
out by running a large and a small suite: what a plugin adds is the difference between the two sessions with it,
less the difference between two bare ones, divided by the difference in tests.

How to read it: `ms/test` is the median over rounds, `lowest` and `highest` the extremes. In each round a session
with the plugin and a bare one run side by side, which of them first changes from round to round, and only such
pairs are subtracted: a machine that gets slower for a minute slows both. The row `bare pytest` is the cost of
the test itself. What lies within the extremes of `again bare` cannot be told from nothing.

Paceline runs with all its probes and into an empty results folder; what a long history adds at the end of a run
is what `scaling.py` shows.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from peers import HOW_TO_INSTALL, clean_environ, interpreter, is_installed, pytest_command
from tabulate import tabulate

TARGET_MS = 0.10
_FILES = 8
_SMALL_SHARE = 10  # the small suite has a tenth of the tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """
    A way to run pytest.

    `module` has to be importable, `leaves` is a folder that it fills, `share` is the share of the tests that a
    slow one is given.
    """

    name: str
    module: str = "pytest"
    arguments: tuple[str, ...] = ()
    leaves: str = ""
    share: float = 1.0
    target_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """
    A generated suite on disk.
    """

    folder: Path
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    What a variant added to a test, in milliseconds, one figure a round.
    """

    variant: Variant
    added_ms: tuple[float, ...]


BARE = Variant(name="bare pytest")
VARIANTS = (
    Variant(name="again bare"),
    Variant(name="paceline installed, off", module="paceline", arguments=("-p", "paceline.plugin")),
    Variant(
        name="paceline",
        module="paceline",
        arguments=("-p", "paceline.plugin", "--paceline", "--paceline-results=results"),
        leaves="results",
        target_ms=TARGET_MS,
    ),
    Variant(name="junitxml", arguments=("--junitxml=report.xml",)),
    Variant(
        name="pytest-json-report",
        module="pytest_jsonreport",
        arguments=("-p", "pytest_metadata.plugin", "-p", "pytest_jsonreport.plugin", "--json-report"),
    ),
    Variant(
        name="pytest-opentelemetry installed, not exporting",
        module="pytest_opentelemetry",
        arguments=("-p", "pytest_opentelemetry.plugin"),
    ),
    Variant(
        name="allure-pytest",
        module="allure_pytest",
        arguments=("-p", "allure_pytest.plugin", "--alluredir=allure"),
        leaves="allure",
    ),
    Variant(
        name="pytest-memray",
        module="pytest_memray",
        arguments=("-p", "pytest_memray.plugin", "--memray"),
        share=0.1,
    ),
)


def make_suite(folder: Path, tests: int) -> Suite:
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    files = min(_FILES, tests)
    for number in range(files):
        own = range(number, tests, files)
        (folder / f"test_{number}.py").write_text("".join(f"def test_{n}(): pass\n\n\n" for n in own), "utf-8")
    return Suite(folder=folder, tests=tests)


def cpu_seconds(variant: Variant, suite: Suite) -> float:
    """
    CPU seconds of one session, from its start to its end.

    Raises:
        RuntimeError: the session failed, so that its time means nothing.
    """
    if variant.leaves:
        shutil.rmtree(suite.folder / variant.leaves, ignore_errors=True)
    with tempfile.TemporaryFile() as output:
        session = subprocess.Popen(
            pytest_command("-q", *variant.arguments),
            cwd=suite.folder,
            env=clean_environ(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(session.pid, 0)
        session.returncode = os.waitstatus_to_exitcode(status)
        if session.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"{variant.name}: pytest failed:\n{output.read().decode(errors='replace')}")
    return used.ru_utime + used.ru_stime


def measure_round(variant: Variant, suites: Sequence[Suite], number: int) -> tuple[float, float]:
    """
    One round.

    Returns:
        Milliseconds of one bare test, and what the variant added to it.
    """
    bare, added = [], []
    for suite in suites:
        order = (BARE, variant) if number % 2 else (variant, BARE)
        seconds = {one: cpu_seconds(one, suite) for one in order}
        bare.append(seconds[BARE])
        added.append(seconds[variant] - seconds[BARE])
    tests = suites[0].tests - suites[1].tests
    return 1e3 * (bare[0] - bare[1]) / tests, 1e3 * (added[0] - added[1]) / tests


def measure(variants: Sequence[Variant], tests: int, rounds: int, folder: Path) -> list[Result]:
    bare, added = [], {variant.name: list[float]() for variant in variants}
    suites = {share: _suites(folder / str(share), int(tests * share)) for share in {one.share for one in variants}}
    for suite in (suite for pair in suites.values() for suite in pair):
        cpu_seconds(BARE, suite)  # writes the bytecode
    for number in range(rounds):
        for variant in variants:
            print(f"\rround {number + 1} of {rounds}: {variant.name:50}", end="", file=sys.stderr)
            bare_ms, added_ms = measure_round(variant, suites[variant.share], number)
            added[variant.name].append(added_ms)
            if variant.share == 1:
                bare.append(bare_ms)
    print(f"\r{'':70}\r", end="", file=sys.stderr)
    results = [Result(variant=variant, added_ms=tuple(added[variant.name])) for variant in variants]
    return [Result(variant=BARE, added_ms=tuple(bare)), *results] if bare else results


def table(results: Sequence[Result], missing: Sequence[Variant]) -> str:
    rows: list[tuple[object, ...]] = [
        (one.variant.name, median(one.added_ms), min(one.added_ms), max(one.added_ms), _verdict(one)) for one in results
    ]
    rows += [(variant.name, None, None, None, f"not installed: {HOW_TO_INSTALL}") for variant in missing]
    return tabulate(rows, headers=["added by", "ms/test", "lowest", "highest", "target"], floatfmt=".3f")


def _suites(folder: Path, tests: int) -> tuple[Suite, Suite]:
    small = max(tests // _SMALL_SHARE, 1)
    return make_suite(folder / "large", max(tests, small + 1)), make_suite(folder / "small", small)


def _verdict(result: Result) -> str:
    target = result.variant.target_ms
    if target is None:
        return ""
    return f"at most {target:.2f}: {'kept' if median(result.added_ms) <= target else 'MISSED'}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CPU time that a plugin adds to one trivial test.")
    parser.add_argument("--rounds", type=int, default=7, help="pairs of sessions for each variant (default 7)")
    parser.add_argument("--tests", type=int, default=2000, help="tests of the large suite (default 2000)")
    parser.add_argument("--only", default="", help="variants whose name contains one of these, with commas between")
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    words = arguments.only.split(",")
    wanted = [variant for variant in VARIANTS if any(word in variant.name for word in words)]
    present = [variant for variant in wanted if is_installed(variant.module)]
    with tempfile.TemporaryDirectory(prefix="paceline-overhead-") as folder:
        results = measure(present, arguments.tests, arguments.rounds, Path(folder))
    print(f"{arguments.tests} tests, {arguments.rounds} rounds, {interpreter().name} {sys.version.split()[0]}\n")
    print(table(results, [variant for variant in wanted if variant not in present]))


if __name__ == "__main__":
    main()

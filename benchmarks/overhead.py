"""
CPU time that a plugin adds to one trivial test, in milliseconds.

The suite is generated: tests that only pass, spread over a few files, with names as long as real ones are, as
names are read, checked and kept. A session's CPU time is that of its process and of all that the process waited
for, as the kernel counted it. Start-up, which is paid once, is taken out by running a large and a small suite:
what a plugin adds is the difference between the two sessions with it, less the difference between two bare ones,
divided by the difference in tests.

How to read it: `ms/test` is the median over rounds, `lowest` and `highest` the extremes. In each round a session
with the plugin and a bare one run side by side, and only such pairs are subtracted. The row `bare pytest` is the
cost of the test itself; what lies within the extremes of `bare again` cannot be told from nothing.

Paceline runs with all its probes and into an empty results folder; what a long history adds at the end of a run
is what `scaling.py` shows.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from peers import HOW_TO_INSTALL, clean_environ, interpreter, is_installed, versions
from tabulate import tabulate

TARGET_MS = 0.10
_FILES = 8
_SMALL_SHARE = 10  # the small suite has a tenth of the tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """
    A way to run pytest.

    `module` has to be importable, `leaves` is a folder that it fills, `share` is the share of the tests that a
    slow one is given. `python` and `environ` are those of its sessions, if they are special.
    """

    name: str
    module: str = "pytest"
    arguments: tuple[str, ...] = ()
    leaves: str = ""
    share: float = 1.0
    python: Path | None = None
    environ: tuple[tuple[str, str], ...] = ()
    target_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """
    A generated suite, twice on disk, so that two sessions can run it at once.
    """

    bare: Path
    varied: Path
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    CPU seconds of two sessions that ran side by side.
    """

    bare: float
    varied: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What one test costs, in milliseconds.
    """

    bare: float
    added: float


BARE = Variant(name="bare pytest")
VARIANTS = (
    Variant(name="bare again"),
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
    suite = Suite(bare=folder / "bare", varied=folder / "varied", tests=tests)
    for copy in (suite.bare, suite.varied):
        (copy / "tests" / "unit").mkdir(parents=True)
        (copy / "pytest.ini").write_text("[pytest]\n", "utf-8")
        for number in range(min(_FILES, tests)):
            functions = (f"def test_does_what_it_says_{n}(): pass\n" for n in range(number, tests, _FILES))
            path = copy / "tests" / "unit" / f"test_part_{number}_of_the_shop.py"
            path.write_text("\n\n".join(functions), "utf-8")
    return suite


def run_pair(variant: Variant, suite: Suite) -> Pair:
    """
    Run a bare session and one with the plugin at the same time, on one CPU.

    The kernel then changes between the two every few milliseconds, so that whatever slows the machine slows
    both: one after the other, two equal sessions differ by 20 times as much. Where no CPU can be chosen they
    do run one after the other.
    """
    bare_variant = replace(BARE, python=variant.python)
    if not hasattr(os, "sched_setaffinity"):
        return Pair(
            bare=cpu_seconds(start(bare_variant, suite.bare), suite.bare),
            varied=cpu_seconds(start(variant, suite.varied), suite.varied),
        )
    with _one_cpu():
        bare, varied = start(bare_variant, suite.bare), start(variant, suite.varied)
    return Pair(bare=cpu_seconds(bare, suite.bare), varied=cpu_seconds(varied, suite.varied))


def start(variant: Variant, folder: Path) -> "subprocess.Popen[bytes]":
    if variant.leaves:
        shutil.rmtree(folder / variant.leaves, ignore_errors=True)
    with _output(folder).open("wb") as output:
        return subprocess.Popen(
            [str(variant.python or interpreter()), "-m", "pytest", "-q", *variant.arguments],
            cwd=folder,
            env=clean_environ() | dict(variant.environ),
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def cpu_seconds(session: "subprocess.Popen[bytes]", folder: Path) -> float:
    """
    Wait for a session to end.

    Raises:
        RuntimeError: it failed, so that its time means nothing.
    """
    _, status, used = os.wait4(session.pid, 0)
    session.returncode = os.waitstatus_to_exitcode(status)
    if session.returncode != 0:
        raise RuntimeError(f"pytest failed: {session.args!r}\n{_output(folder).read_text('utf-8', 'replace')}")
    return used.ru_utime + used.ru_stime


def cost(variant: Variant, large: Suite, small: Suite) -> Cost:
    """
    One round.
    """
    many, few = run_pair(variant, large), run_pair(variant, small)
    bare, varied = many.bare - few.bare, many.varied - few.varied
    tests = large.tests - small.tests
    return Cost(bare=1e3 * bare / tests, added=1e3 * (varied - bare) / tests)


def measure(variant: Variant, tests: int, rounds: int) -> list[Cost]:
    count = max(int(tests * variant.share), 2)
    with tempfile.TemporaryDirectory(prefix="paceline-overhead-") as folder:
        large = make_suite(Path(folder, "large"), count)
        small = make_suite(Path(folder, "small"), max(count // _SMALL_SHARE, 1))
        for suite in (large, small):
            run_pair(variant, suite)  # writes the bytecode
        return [cost(variant, large, small) for _ in range(rounds)]


def table(costs: dict[Variant, list[Cost]]) -> str:
    bare = [one.bare for variant, rounds in costs.items() if variant.share == 1 for one in rounds]
    rows = [_row(BARE, bare)] if bare else []
    rows += [_row(variant, [one.added for one in rounds]) for variant, rounds in costs.items()]
    return tabulate(rows, headers=["added by", "ms/test", "lowest", "highest", "target"], floatfmt=".3f")


def _row(variant: Variant, figures: Sequence[float]) -> tuple[object, ...]:
    if not figures:
        return (variant.name, None, None, None, f"not installed: {HOW_TO_INSTALL}")
    return (variant.name, median(figures), min(figures), max(figures), _against_target(variant, median(figures)))


def _against_target(variant: Variant, figure: float) -> str:
    target = variant.target_ms
    if target is None:
        return ""
    return f"at most {target:.2f}: {'kept' if figure <= target else 'MISSED'}"


@contextmanager
def _one_cpu() -> Iterator[None]:
    """
    What is started in here stays on one CPU.
    """
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(usable)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def _output(folder: Path) -> Path:
    return folder / "output.txt"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CPU time that a plugin adds to one trivial test.")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of sessions for each variant (default 5)")
    parser.add_argument("--tests", type=int, default=2000, help="tests of the large suite (default 2000)")
    parser.add_argument("--only", default="", help="variants whose name contains one of these, with commas between")
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    wanted = [one for one in VARIANTS if any(word in one.name for word in arguments.only.split(","))]
    costs: dict[Variant, list[Cost]] = {}
    for variant in wanted:
        print(f"... {variant.name}", file=sys.stderr)
        is_there = is_installed(variant.module)
        costs[variant] = measure(variant, arguments.tests, arguments.rounds) if is_there else []
    print(f"{arguments.tests} tests, {arguments.rounds} rounds, {versions('pytest')}\n")
    print(table(costs))


if __name__ == "__main__":
    main()

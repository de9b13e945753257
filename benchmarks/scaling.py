"""
What the end of a run costs as the suite and its history grow.

For each size a ledger is filled with synthetic runs. Then a fresh process judges one run more against them and
keeps it: the document, the ledger, the trends. Reading the history is part of it; running tests is not.

How to read it: `seconds` is the time by the clock between the last test and the report, the median of the
rounds, `CPU` the CPU time of the same, and `MB` the memory on top of what the process already held. `µs each` and
`B each` are the same for each pair of test and earlier run: where they stay level or fall down the table, growth
is linear or better. `ledger` is the size of the file on disk. The second table says on which stage the seconds
go; `end_of_run.py --profile` says on which function.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from end_of_run import Cost
from msgspec import json
from synthetic import SyntheticSuite
from tabulate import tabulate

from paceline.analysis.past import Past
from paceline.history.archive import Archive

_MEGABYTE = 1e6
_ONCE_ABOVE = 1_000_000  # pairs of test and run; what takes long is less at the mercy of a moment
_PROCESS = Path(__file__).with_name("end_of_run.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """
    A suite and its history.
    """

    tests: int
    runs: int

    @property
    def pairs(self) -> int:
        return self.tests * max(self.runs, 1)

    @classmethod
    def parse(cls, text: str) -> "Size":
        tests, _, runs = text.partition("x")
        return cls(tests=int(tests), runs=int(runs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    The most that a size may take.
    """

    seconds: float
    megabytes: float


TARGETS = {Size(tests=10_000, runs=50): Target(seconds=1.0, megabytes=100.0)}
# 100000x50 is left out, as filling its ledger takes minutes.
DEFAULT_GRID = "1000x10,1000x50,10000x10,10000x50,100000x10"


def measure(sizes: Sequence[Size], rounds: int) -> Iterator[tuple[Size, list[Cost]]]:
    """
    Measure each size.
    """
    for tests in sorted({size.tests for size in sizes}):
        with tempfile.TemporaryDirectory(prefix="paceline-scaling-") as folder:
            own = [size for size in sizes if size.tests == tests]
            yield from measure_suite(Path(folder), sorted(own, key=lambda size: size.runs), rounds)


def measure_suite(folder: Path, sizes: Sequence[Size], rounds: int) -> Iterator[tuple[Size, list[Cost]]]:
    """
    Measure the sizes of one suite in one ledger, the shortest history first.
    """
    tests = sizes[0].tests
    suite, kept = SyntheticSuite.of(tests), 0
    for size in sizes:
        print(f"... {tests} tests, {size.runs} runs", file=sys.stderr)
        fill(folder, suite, range(kept, size.runs))
        # Each round leaves its run in the ledger.
        first = max(kept, size.runs)
        kept = first + (1 if size.pairs > _ONCE_ABOVE else rounds)
        yield size, [end_of_run(folder, tests, number) for number in range(first, kept)]


def fill(folder: Path, suite: SyntheticSuite, numbers: range) -> None:
    """
    Add runs to the ledger. The last one is kept whole, so that there are trends to be read and replaced.
    """
    archive = Archive(folder, sys.exit)
    archive.folder.prepare()
    for number in numbers[:-1]:
        archive.ledger.add(suite.run(number))
    for number in numbers[-1:]:
        archive.keep(suite.run(number), Past())


def end_of_run(folder: Path, tests: int, number: int) -> Cost:
    command = [sys.executable, str(_PROCESS), str(folder), str(tests), str(number)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return json.decode(answer, type=Cost)


def row(size: Size, costs: Sequence[Cost]) -> tuple[object, ...]:
    seconds = median(cost.seconds for cost in costs)
    memory = median(cost.memory_bytes for cost in costs)
    return (
        size.tests,
        size.runs,
        seconds,
        median(cost.cpu_seconds for cost in costs),
        memory / _MEGABYTE,
        1e6 * seconds / size.pairs,
        memory / size.pairs,
        costs[-1].ledger_bytes / _MEGABYTE,
        _against_target(TARGETS.get(size), seconds, memory / _MEGABYTE),
    )


def stages_row(size: Size, costs: Sequence[Cost], stages: Sequence[str]) -> tuple[object, ...]:
    return (size.tests, size.runs, *(median(cost.stages.get(stage, 0.0) for cost in costs) for stage in stages))


def _against_target(target: Target | None, seconds: float, megabytes: float) -> str:
    if target is None:
        return ""
    is_kept = seconds <= target.seconds and megabytes <= target.megabytes
    return f"{target.seconds:g} s, {target.megabytes:g} MB: {'kept' if is_kept else 'MISSED'}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What the end of a run costs as suite and history grow.")
    parser.add_argument("--grid", default=DEFAULT_GRID, help=f"sizes, TESTSxRUNS (default {DEFAULT_GRID})")
    parser.add_argument("--rounds", type=int, default=3, help="runs measured for each size but the largest (default 3)")
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    sizes = [Size.parse(text) for text in arguments.grid.split(",")]
    measured = list(measure(sizes, arguments.rounds))
    headers = ("tests", "runs", "seconds", "CPU", "MB", "µs each", "B each", "ledger MB", "target")
    formats = ("d", "d", ".2f", ".2f", ".0f", ".2f", ".0f", ".0f", "")
    print(tabulate([row(size, costs) for size, costs in measured], headers=headers, floatfmt=formats))
    stages = sorted({stage for _, costs in measured for cost in costs for stage in cost.stages})
    rows = [stages_row(size, costs, stages) for size, costs in measured]
    print(f"\nseconds by stage\n{tabulate(rows, headers=('tests', 'runs', *stages), floatfmt='.2f')}")


if __name__ == "__main__":
    main()

"""
How long judging takes, with the past in memory as the ledger gives it; nothing is read or written.

How to read it: `seconds` is the time by the clock of the best of three rounds, `CPU` the CPU time of the best. A
target is held against CPU time, as other work on the machine makes `seconds` longer.
"""

import argparse
import time
from array import array
from collections.abc import Callable, Mapping

from synthetic import SyntheticSuite
from tabulate import tabulate

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import ATTEMPTS, NORMALIZED, OUTCOME, Past, PastRun, Series
from paceline.usage import UsageKey

TARGETS = {(10_000, 200): 1.0, (100_000, 50): 5.0}
_ROUNDS = 3
_SLOWER = 0.005
_ONE_SECOND = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long judging takes.")
    parser.add_argument("--sizes", default="10000x200,100000x50", help="tests x earlier runs")
    sizes = [tuple(map(int, size.split("x"))) for size in parser.parse_args().sizes.split(",")]
    rows = []
    for tests, runs in sizes:
        seconds, cpu, verdicts = measure(tests, runs)
        target = TARGETS.get((tests, runs))
        kept = "" if target is None else f"{'kept' if cpu <= target else 'missed'}: {target:g} s"
        rows.append((f"{tests:,}", runs, f"{seconds:.2f}", f"{cpu:.2f}", verdicts, kept))
    head = ("tests", "earlier runs", "seconds", "CPU", "verdicts", "target")
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True))


def measure(tests: int, runs: int) -> tuple[float, float, int]:
    """
    Seconds, CPU seconds and verdicts of judging one run.
    """
    suite = SyntheticSuite.of(tests)
    past = Past(runs=tuple(map(_past_run, range(runs))), columns=_columns(suite, runs))
    run = suite.run(runs, slower=_SLOWER)
    rounds, verdicts = [], 0
    for _ in range(_ROUNDS):
        started, cpu_started = time.perf_counter(), time.process_time()
        judged = judge(run, past, Rules())
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
        rounds.append((seconds, cpu))
        verdicts = len(judged.verdicts)
    return min(seconds for seconds, _ in rounds), min(cpu for _, cpu in rounds), verdicts


def _past_run(number: int) -> PastRun:
    return PastRun(
        run_id=f"run-{number}",
        ended=float(number),
        duration_seconds=_ONE_SECOND,
        calibration_seconds=0.002,
        slowdown_ratio=1.0,
    )


def _columns(suite: SyntheticSuite, runs: int) -> Mapping[str, Mapping[str, Series]]:
    chance = suite.random.random
    positions = range(runs)
    figures: dict[str, Callable[[float], list[float]]] = {
        NORMALIZED: lambda seconds: [seconds * (0.95 + 0.1 * chance()) for _ in positions],
        OUTCOME: lambda _: [1.0] * runs,
        ATTEMPTS: lambda _: [1.0] * runs,
        UsageKey.MEMORY_RETAINED_BYTES: lambda _: [0.0] * runs,
    }
    return {
        measure: {habit.id: Series(positions, array("d", of(habit.seconds))) for habit in suite.habits}
        for measure, of in figures.items()
    }


if __name__ == "__main__":
    main()

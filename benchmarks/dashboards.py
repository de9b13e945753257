"""
How long the queries of the dashboards take in a large suite.

A Prometheus is filled with synthetic runs, and each query of each panel that is about runs is asked three times, over
the time that its dashboard opens with. Prometheus runs on the same machine, so that a busy one slows it.

How to read it: the slowest queries, in seconds by the clock, and the CPU time that Prometheus needed for them, both the
best of three. The aim is one second at most; on a busy machine, compare it with the CPU time.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from msgspec.structs import replace
from synthetic import BRANCH, SUITE, SyntheticSuite, lean
from tabulate import tabulate

from paceline.metrics.catalogue import CATALOGUE, Channel
from paceline.usage import UsageKey

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.dashboards import Asked, boards, filled, queries, selectors
from support.servers import prometheus_with

_DAYS = 30
_UNTIL = 1.8e9
_ENDED = _UNTIL - 60
_USAGE = {
    *(UsageKey.CPU_SECONDS, UsageKey.MEMORY_PEAK_BYTES, UsageKey.MEMORY_RETAINED_BYTES, UsageKey.READ_BYTES),
}
_RUN_SAMPLES = {metric.name for metric in CATALOGUE if metric.channel is Channel.RUN_SAMPLE}
_VALUES = {
    "suite": SUITE,
    "branch": BRANCH,
    "base": BRANCH,
    "back": "1d",
    "test_type": ".+",
    "group": ".*",
    "end": f"{_ENDED:.0f}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=60, help=f"spread over {_DAYS} days")
    arguments = parser.parse_args()
    suite = SyntheticSuite.of(arguments.tests)
    asked = [one for board in boards() for one in queries(board) if _is_of_runs(one)]
    with tempfile.TemporaryDirectory() as folder, _filled(suite, arguments.runs, Path(folder)) as url:
        rows = [(one.board, one.panel, *_best(url, one, suite.habits[0].id)) for one in asked]
    rows.sort(key=lambda row: -row[2])
    print(f"{arguments.tests} tests, {arguments.runs} runs in {_DAYS} days, {len(rows)} queries")
    print(tabulate(rows[:15], headers=["dashboard", "panel", "seconds", "CPU"], floatfmt=".2f"))


@contextmanager
def _filled(suite: SyntheticSuite, runs: int, folder: Path) -> Iterator[str]:
    # One run after the other: all of them at once take gigabytes.
    made = (lean(suite.run(number, slower=0.01), _USAGE) for number in range(runs))
    spread = (
        replace(run, ended=_ENDED - (runs - 1 - number) * _DAYS * 86400 / runs) for number, run in enumerate(made)
    )
    with prometheus_with(spread, folder, [BRANCH]) as server:
        yield server.url


def _is_of_runs(asked: Asked) -> bool:
    return {one.name for one in selectors(filled(asked.expr, {**_VALUES, "test": "a_test"}))} <= _RUN_SAMPLES


def _best(url: str, asked: Asked, test: str) -> tuple[float, float]:
    step = max(_DAYS * 86400 // asked.points, asked.least_step)
    query = filled(asked.expr, {**_VALUES, "test": test, "__interval": f"{step}s", "__interval_ms": f"{step}000"})
    times = {"time": _UNTIL} if asked.is_instant else {"start": _UNTIL - _DAYS * 86400, "end": _UNTIL, "step": step}
    path = f"{url}/api/v1/{'query' if asked.is_instant else 'query_range'}"
    seconds, cpu = zip(*(_once(url, path, {"query": query, **times}) for _ in range(3)), strict=True)
    return min(seconds), min(cpu)


def _once(url: str, path: str, data: dict[str, object]) -> tuple[float, float]:
    began_cpu, began = _cpu(url), time.perf_counter()
    requests.post(path, data=data, timeout=120).raise_for_status()
    return time.perf_counter() - began, _cpu(url) - began_cpu


def _cpu(url: str) -> float:
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total "))


if __name__ == "__main__":
    main()

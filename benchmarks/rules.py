"""
What one evaluation of all rules costs Prometheus, as the number of tests grows.

For each size a real Prometheus is filled with a fortnight of 20 runs a day, by promtool; then it scrapes one run
more, and evaluates the committed rules a few times.

How to read it: `CPU` is the CPU time of the server from one evaluation to the next, with the run fresh, so that all
groups are in it once and scraping is too. `by the clock` is the sum over the groups of the shortest evaluation of each;
those that took most are beside it. `MB` is the largest resident memory of the server. Filling it is no part of it.
"""

import argparse
import http.server
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psutil
import requests
import yaml
from tabulate import tabulate

from paceline.alerting.options import Options
from paceline.alerting.writing import render
from paceline.analysis.rules import Rules

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.servers import free_port, prometheus_folder

_RUNS, _SPACING = 280, 4320.0
_EVALUATIONS = 6
_GROUP = "paceline-course"
_LABELS = 'suite="shop",branch="main",job="paceline",instance="paceline"'
_LEVELS = {
    "normalized_duration_seconds": 0.1,
    "cpu_seconds": 0.08,
    "memory_peak_bytes": 5e6,
    "memory_retained_bytes": 1e4,
    "imported_modules": 0.0,
    "budget_used_ratio": 0.5,
    "passed": 1.0,
    "attempts": 1.0,
}
_EXACT = {"passed", "attempts", "imported_modules"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What a Prometheus of so many tests took.
    """

    tests: int
    groups: dict[str, float]
    cpu_seconds: float
    bytes: int

    @property
    def seconds(self) -> float:
        return sum(self.groups.values())

    def row(self) -> list[str]:
        most = sorted(self.groups.items(), key=lambda item: -item[1])[:3]
        told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in most)
        return [f"{self.tests:,}", f"{self.cpu_seconds:.2f}", f"{self.seconds:.2f}", told, f"{self.bytes / 1e6:.0f}"]


def measure(tests: int) -> Cost:
    """
    Fill a server, and have it evaluate.
    """
    with tempfile.TemporaryDirectory(prefix="paceline-rules-") as name:
        folder = Path(name)
        _fill(folder, tests, time.time())
        with _served(tests) as target, _prometheus(folder, target) as (url, process):
            return _watched(tests, url, process)


def _fill(folder: Path, tests: int, now: float) -> None:
    ends = [now - (_RUNS - number) * _SPACING for number in range(_RUNS)]
    text = folder / "runs.txt"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(_lines(tests, ends, "\n"))
        file.write("# EOF\n")
    promtool: list[str | Path] = [prometheus_folder() / "promtool", "tsdb", "create-blocks-from"]
    fill = ["--max-block-duration=648h", "--quiet", "openmetrics", text, folder / "data"]
    subprocess.run([*promtool, *fill], check=True, capture_output=True)
    text.unlink()


def _lines(tests: int, ends: Sequence[float], end: str, scale: float = 1.0) -> Iterator[str]:
    noise = Random(1)
    factors = [noise.gauss(1, 0.05) for _ in range(1009)]
    stamps = [f" {stamp * scale:.0f}{end}" for stamp in ends]
    place = 0
    for metric, level in _LEVELS.items():
        yield f"# TYPE paceline_test_{metric} gauge\n"
        for test in range(tests):
            series = (
                f'paceline_test_{metric}{{{_LABELS},test="tests/test_{test // 100}.py::test_{test}",test_type="unit"}} '
            )
            for stamp in stamps:
                place += 1
                value = level if metric in _EXACT else level * factors[place % 1009]
                yield f"{series}{value:.6g}{stamp}"
    yield from _of_runs(tests, stamps)


def _of_runs(tests: int, stamps: Sequence[str]) -> Iterator[str]:
    rows = {
        f'cases{{{_LABELS},outcome="passed"}}': tests,
        f"duration_seconds{{{_LABELS}}}": 60,
        f'info{{{_LABELS},run_id="x",partial="false"}}': 1,
        f"pace{{{_LABELS}}}": 50,
        f"wrecked{{{_LABELS}}}": 0,
        **{f'threshold{{{_LABELS},rule="{rule}"}}': value for rule, value in Rules().thresholds().items()},
    }
    for series, value in rows.items():
        yield from (f"paceline_run_{series} {value}{stamp}" for stamp in stamps)


@contextmanager
def _served(tests: int) -> Iterator[str]:
    """
    The latest run, stamped when it is asked for the first time.
    """
    body = b""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal body
            body = body or "".join(_lines(tests, [time.time() - 1], "\n", 1e3)).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """
            Say nothing.
            """

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def _prometheus(folder: Path, target: str) -> Iterator[tuple[str, psutil.Process]]:
    for path, text in render(Options(interval_seconds=15)).items():
        if path.endswith(".rules.yml"):
            (folder / path.replace("/", "-")).write_text(text, "utf-8")
    scrape = {
        "job_name": "paceline",
        "scrape_interval": "60s",
        "scrape_timeout": "60s",
        "honor_labels": True,
        "static_configs": [{"targets": [target]}],
    }
    settings = {"rule_files": [str(folder / "*.rules.yml")], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), "utf-8")
    port = free_port()
    command = [
        str(prometheus_folder() / "prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100d",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (folder / "log.txt").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()


def _watched(tests: int, url: str, process: psutil.Process) -> Cost:
    shortest: dict[str, float] = {}
    spent: dict[str, float] = {}
    resident = 0
    while len(spent) < _EVALUATIONS:
        time.sleep(0.2)
        resident = max(resident, process.memory_info().rss)
        for group in _groups(url) if _is_fresh(url) else ():
            name, seconds = group["name"], group["evaluationTime"]
            shortest[name] = min(shortest.get(name, seconds), seconds)
            if name == _GROUP:
                spent.setdefault(group["lastEvaluation"], sum(process.cpu_times()[:2]))
    between = [after - before for before, after in pairwise(spent.values())]
    return Cost(tests=tests, groups=shortest, cpu_seconds=median(between), bytes=resident)


def _groups(url: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = requests.get(f"{url}/api/v1/rules", timeout=60).json()["data"]["groups"]
    for rule in (rule for group in groups for rule in group["rules"] if rule.get("lastError")):
        raise SystemExit(f"{rule['name']} cannot be evaluated: {rule['lastError']}")
    return groups


def _is_fresh(url: str) -> bool:
    try:
        answer = requests.get(f"{url}/api/v1/query", params={"query": "paceline_run_pace"}, timeout=60)
        return bool(answer.ok and answer.json()["data"]["result"])
    except requests.ConnectionError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", default="1000,10000", help="sizes, separated by commas; 50000 takes long to fill")
    sizes = map(int, parser.parse_args().tests.split(","))
    print(
        tabulate([measure(size).row() for size in sizes], headers=["tests", "CPU", "by the clock", "most of it", "MB"])
    )


if __name__ == "__main__":
    main()

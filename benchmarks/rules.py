"""
What one evaluation of all rules costs Prometheus, as the number of tests grows.

For each size a real Prometheus is filled with a fortnight of 20 runs a day, by promtool; then it evaluates the
committed rules a few times, scrapes one run more, and evaluates them again.

How to read it: `CPU` is the CPU time that the server needs for one evaluation of every rule, each asked alone, with the
run fresh; `by the clock` is the same by the clock. `a minute` is the CPU time for a minute at the intervals of the
committed files, of which the groups that read the most are evaluated every ten minutes; the groups that take most of
an evaluation are beside it. `MB` is the largest resident memory of the server while all groups are evaluated every
15 s. Filling it is no part of it. `series` are those that the rules recorded, and `samples a day` what they record with
20 runs a day: the samples of an evaluation without a fresh run, at the intervals of the committed files, and those of
an evaluation with a fresh run for five minutes after each run. `bytes` are those of a recorded sample in a block of
162 hours, from `promtool tsdb create-blocks-from rules` of the group that records most, and only for a suite of few
series. `--programs` names the folder of another `prometheus` and `promtool`.

The past lies as in a server with a retention of 100 days: blocks of 162 hours, which is what they are compacted to.
"""

import argparse
import http.server
import json
import math
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psutil
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tabulate import tabulate

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.analysis.judgement_rules import Rules
from paceline.usage import TOUCH_PROBES

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.installed import prometheus_folder
from support.servers import free_port

_RUNS, _SPACING = 280, 4320.0
_EVALUATIONS, _TIMES = 4, 3
_GROUP = "paceline-trend"
_RUNS_A_DAY, _FRESH_SECONDS, _DAY_SECONDS = 20, 300, 86400
_BLOCK_SECONDS = 162 * 3600
_MOST_RECORDED = "prometheus/rules/baseline.rules.yml"
# A thousand evaluations of more series than this take hours.
_SMALL = 5000
_SECONDS = 15
_INTERVAL = re.compile(r"(?m)^    interval: (\d+)s$")
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
    "duration_seconds": 0.1,
    "db_queries": 3.0,
    "network_requests": 1.0,
}
_EXACT = {"passed", "attempts", "imported_modules", "db_queries", "network_requests"}
# Unit, direction and level of the measures of a test, in turn; queries are a count, which is judged exactly.
_MEASURES = (("seconds", "lower", 0.2), ("queries", "", 3.0), ("bytes", "lower", 5e6), ("1/s", "higher", 40.0))


class Suite(NamedTuple):
    """
    The number of tests, and of the measures that each of them records.
    """

    tests: int
    measures: int

    @property
    def is_small(self) -> bool:
        return self.tests * (len(_LEVELS) + self.measures) <= _SMALL

    def series(self) -> Iterator[tuple[str, float, bool]]:
        """
        The series of tests without their prefix, each with its level, and whether it is the same in each run.
        """
        for metric, level in _LEVELS.items():
            for test in range(self.tests):
                yield f"{metric}{{{_of_test(test)}}}", level, metric in _EXACT
        for test in range(self.tests):
            for number in range(self.measures):
                unit, better, level = _MEASURES[number % len(_MEASURES)]
                labels = f'measure="measure_{number}",unit="{unit}",better="{better}"'
                yield f"measure{{{_of_test(test)},{labels}}}", level, not better


def _of_test(number: int) -> str:
    return f'{_LABELS},test="tests/test_{number // 100}.py::test_{number}",test_type="unit"'


class Spent(NamedTuple):
    """
    Seconds of CPU time, and by the clock.
    """

    cpu: float
    clock: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What a Prometheus of so many tests took, group by group.
    """

    tests: int
    groups: dict[str, Spent]
    bytes: int
    series: int
    samples_quiet: Mapping[str, float]
    samples_fresh: Mapping[str, float]
    bytes_a_sample: float

    def samples_a_day(self, intervals: Mapping[str, int]) -> float:
        """
        Recorded samples, with a run fresh for five minutes after each of 20 runs.
        """
        fresh = _RUNS_A_DAY * _FRESH_SECONDS
        quiet = _DAY_SECONDS - fresh
        return sum(
            (self.samples_quiet[group] * quiet + self.samples_fresh[group] * fresh) / seconds
            for group, seconds in intervals.items()
        )

    def row(self, intervals: Mapping[str, int]) -> list[str]:
        """
        Args:
            intervals: seconds from one evaluation to the next, of each group.
        """
        most = sorted(self.groups.items(), key=lambda item: -item[1].cpu)[:4]
        told = ", ".join(f"{name} {spent.cpu:.2f}" for name, spent in most)
        spents = self.groups.values()
        a_minute = sum(spent.cpu * 60 / intervals[name] for name, spent in self.groups.items())
        figures = (sum(spent.cpu for spent in spents), sum(spent.clock for spent in spents), a_minute)
        return [
            f"{self.tests:,}",
            *(f"{figure:.2f}" for figure in figures),
            told,
            f"{self.bytes / 1e6:.0f}",
            f"{self.series:,}",
            f"{self.samples_a_day(intervals):,.0f}",
            f"{self.bytes_a_sample:.2f}",
        ]


def _all_groups() -> list[dict[str, Any]]:
    files = [yaml.safe_load(text) for path, text in render(Options()).items() if path.endswith(".rules.yml")]
    return [group for file in files for group in file["groups"]]


def measure(suite: Suite, programs: Path) -> Cost:
    """
    Fill a server, and have it evaluate.
    """
    with tempfile.TemporaryDirectory(prefix="paceline-rules-") as name:
        folder = Path(name)
        _fill(folder, suite, time.time(), programs)
        arrived = threading.Event()
        with _served(suite, arrived) as target, _prometheus(folder, target, programs) as (url, process):
            _watched(url, process, _is_up)
            quiet = _samples(url)
            arrived.set()
            resident = _watched(url, process, _is_fresh)
            fresh, series = _samples(url), _recorded_series(url)
            (folder / "prometheus.yml").write_text("{}", "utf-8")
            process.send_signal(signal.SIGHUP)  # from here on nothing is evaluated but what is asked
            time.sleep(_SECONDS)
            groups = {
                group["name"]: _total(_asked(url, process, rule["expr"]) for rule in group["rules"])
                for group in _all_groups()
            }
            return Cost(
                tests=suite.tests,
                groups=groups,
                bytes=resident,
                series=series,
                samples_quiet=quiet,
                samples_fresh=fresh,
                bytes_a_sample=_bytes_a_sample(folder, url, programs) if suite.is_small else math.nan,
            )


def _fill(folder: Path, suite: Suite, now: float, programs: Path) -> None:
    ends = [now - (_RUNS - number) * _SPACING for number in range(_RUNS)]
    text = folder / "runs.txt"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(_lines(suite, ends, "\n"))
        file.write("# EOF\n")
    promtool: list[str | Path] = [programs / "promtool", "tsdb", "create-blocks-from"]
    fill: list[str | Path] = ["--max-block-duration=162h", "--quiet", "openmetrics", text, folder / "data"]
    subprocess.run([*promtool, *fill], check=True, capture_output=True)
    text.unlink()


def _lines(suite: Suite, ends: Sequence[float], end: str, scale: float = 1.0) -> Iterator[str]:
    noise = Random(1)
    factors = [noise.gauss(1, 0.05) for _ in range(1009)]
    stamps = [f" {stamp * scale:.0f}{end}" for stamp in ends]
    place = 0
    for series, level, is_exact in suite.series():
        for stamp in stamps:
            place += 1
            yield f"paceline_test_{series} {level if is_exact else level * factors[place % 1009]:.6g}{stamp}"
    yield from _of_runs(suite.tests, stamps)


def _of_runs(tests: int, stamps: Sequence[str]) -> Iterator[str]:
    rows = {
        f'cases{{{_LABELS},outcome="passed"}}': tests,
        f"duration_seconds{{{_LABELS}}}": 60,
        f'info{{{_LABELS},run_id="x",partial="false"}}': 1,
        f"pace{{{_LABELS}}}": 50,
        f"wrecked{{{_LABELS}}}": 0,
        **{f'probes{{{_LABELS},probe="{probe}"}}': 1 for probe in TOUCH_PROBES},
        **{f'threshold{{{_LABELS},rule="{rule}"}}': value for rule, value in Rules().thresholds().items()},
    }
    for series, value in rows.items():
        yield from (f"paceline_run_{series} {value}{stamp}" for stamp in stamps)


@contextmanager
def _served(suite: Suite, arrived: threading.Event) -> Iterator[str]:
    """
    The latest run, stamped when it is asked for the first time; no sample before it arrived.
    """
    body = b""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal body
            if arrived.is_set():
                body = body or "".join(_lines(suite, [time.time() - 1], "\n", 1e3)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
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
def _prometheus(folder: Path, target: str, programs: Path) -> Iterator[tuple[str, psutil.Process]]:
    for path, text in render(Options()).items():
        if path.endswith(".rules.yml"):
            (folder / path.replace("/", "-")).write_text(_INTERVAL.sub(f"    interval: {_SECONDS}s", text), "utf-8")
    scrape = {
        "job_name": "paceline",
        "scrape_interval": "20s",
        "scrape_timeout": "20s",
        "honor_labels": True,
        "static_configs": [{"targets": [target]}],
    }
    settings = {"rule_files": [str(folder / "*.rules.yml")], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), "utf-8")
    port = free_port()
    command = [
        str(programs / "prometheus"),
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


def _watched(url: str, process: psutil.Process, is_ready: Callable[[str], bool]) -> int:
    """
    The largest resident memory until all groups were evaluated a few times after the server was ready.
    """
    seen: set[str] = set()
    resident = 0
    while len(seen) < _EVALUATIONS:
        time.sleep(0.2)
        if process.status() == psutil.STATUS_ZOMBIE:
            raise SystemExit("Prometheus ended by itself")
        resident = max(resident, process.memory_info().rss)
        groups = _groups(url) if is_ready(url) else ()
        seen |= {group["lastEvaluation"] for group in groups if group["name"] == _GROUP}
    return resident


def _samples(url: str) -> dict[str, float]:
    """
    What each group recorded at its latest evaluation.
    """
    families = text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=60).text)
    name = "prometheus_rule_group_last_evaluation_samples"
    samples = (sample for family in families for sample in family.samples if sample.name == name)
    return {sample.labels["rule_group"].rpartition(";")[2]: sample.value for sample in samples}


def _recorded_series(url: str) -> int:
    query = {"query": 'count({__name__=~"(suite|test):.+"})'}
    return int(requests.get(f"{url}/api/v1/query", params=query, timeout=60).json()["data"]["result"][0]["value"][1])


def _bytes_a_sample(folder: Path, url: str, programs: Path) -> float:
    """
    Evaluate the group that records most for the hours of a block, and divide the size of its blocks by their samples.
    """
    blocks, rules, end = folder / "recorded", folder / "recorded.yml", int(time.time())
    rules.write_text(render(Options())[_MOST_RECORDED], "utf-8")
    promtool: list[str | Path] = [programs / "promtool", "tsdb", "create-blocks-from"]
    span = [f"--start={end - _BLOCK_SECONDS}", f"--end={end}", f"--output-dir={blocks}"]
    fill: list[str | Path] = [f"--max-block-duration={_BLOCK_SECONDS // 3600}h", "rules", f"--url={url}", *span]
    subprocess.run([*promtool, *fill, rules], check=True, capture_output=True)
    samples = sum(json.loads(meta.read_text("utf-8"))["stats"]["numSamples"] for meta in blocks.glob("*/meta.json"))
    size = sum(file.stat().st_size for file in blocks.rglob("*") if file.is_file())
    return float(size / samples)


def _asked(url: str, process: psutil.Process, expression: str) -> Spent:
    """
    The least of a few evaluations.
    """
    return min(_asked_once(url, process, f"count({expression})") for _ in range(_TIMES))


def _asked_once(url: str, process: psutil.Process, query: str) -> Spent:
    cpu, clock = sum(process.cpu_times()[:2]), time.perf_counter()
    requests.post(f"{url}/api/v1/query", data={"query": query}, timeout=600).raise_for_status()
    return Spent(sum(process.cpu_times()[:2]) - cpu, time.perf_counter() - clock)


def _total(spents: Iterable[Spent]) -> Spent:
    cpu, clock = zip(*spents, strict=True)
    return Spent(sum(cpu), sum(clock))


def _groups(url: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = requests.get(f"{url}/api/v1/rules", timeout=60).json()["data"]["groups"]
    for rule in (rule for group in groups for rule in group["rules"] if rule.get("lastError")):
        raise SystemExit(f"{rule['name']} cannot be evaluated: {rule['lastError']}")
    return groups


def _is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=60).ok
    except requests.ConnectionError:
        return False


def _is_fresh(url: str) -> bool:
    try:
        answer = requests.get(f"{url}/api/v1/query", params={"query": "paceline_run_pace"}, timeout=60)
        return bool(answer.ok and answer.json()["data"]["result"])
    except requests.ConnectionError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", default="1000,10000", help="sizes, separated by commas; 50000 takes long to fill")
    parser.add_argument("--measures", type=int, default=0, help="measures that each test records (default: 0)")
    parser.add_argument("--programs", type=Path, help="(default: as the tests have them)")
    arguments = parser.parse_args()
    programs = arguments.programs or prometheus_folder()
    intervals = {group["name"]: int(group["interval"].rstrip("s")) for group in _all_groups()}
    suites = [Suite(int(size), arguments.measures) for size in arguments.tests.split(",")]
    rows = [measure(suite, programs).row(intervals) for suite in suites]
    headers = ["tests", "CPU", "by the clock", "a minute", "most of it", "MB", "series", "samples a day", "bytes"]
    print(tabulate(rows, headers=headers, disable_numparse=True))


if __name__ == "__main__":
    main()

"""
What the exporter takes: to receive runs, to answer scrapes, in memory, and in series.

Each part starts a real `paceline serve` with an empty ledger and sends it synthetic runs over HTTP.

How to read it: `answer` is the time from the request until the run is on the disk, `ready` until its lines are made.
`server` is what the exporter says that it took to put an answer together, `client` the whole request on the same
machine. prometheus-client renders the same samples, made as families before the clock starts.
"""

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import requests
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from synthetic import SyntheticSuite
from tabulate import tabulate

from paceline.documents import encode_run
from paceline.metrics.run_samples import run_samples
from paceline.model import Run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.exporter import SCRAPE, Exporter, exporter_in

_TESTS = 10_000
_LINES = 100_000
_SENDERS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    for title, measure in {
        f"Receive a run of {_TESTS} tests": _ingest,
        f"Answer a scrape of {_LINES} samples": _scrape,
        "Memory, with 100000 tests known": _memory,
        f"{_SENDERS} processes that send at once": _senders,
        "Series, and samples of a test, a run and a metric": _series,
    }.items():
        print(f"\n{title}\n")
        print(tabulate(measure(), headers="keys"))


def _ingest() -> Iterator[Mapping[str, object]]:
    with _running("--max-series=1000000") as exporter:
        for number in range(5):
            body = gzip.compress(encode_run(_run(_TESTS, number)), 1)
            began = time.perf_counter()
            exporter.post(body, **{"Content-Encoding": "gzip"}).raise_for_status()
            answered = time.perf_counter() - began
            _drain(exporter)
            yield {"run": number, "KiB": len(body) >> 10, "answer": answered, "ready": time.perf_counter() - began}


def _scrape() -> Iterator[Mapping[str, object]]:
    run = _cut_to(_run(_TESTS, 0), _LINES)
    lines = sum(1 for _ in run_samples(run, ["main"]))
    with _running() as exporter:
        exporter.push(run).raise_for_status()
        _drain(exporter)
        for kind in ("gzip", "identity"):
            before, began = _server_seconds(exporter), time.perf_counter()
            answer = exporter.get("/metrics/runs", **SCRAPE, **{"Accept-Encoding": kind})
            client = time.perf_counter() - began
            yield {
                "by": f"Paceline, {kind}",
                "samples": lines,
                "KiB": int(answer.headers["Content-Length"]) >> 10,
                "server": _server_seconds(exporter) - before,
                "client": client,
            }
    yield _rendered_by_the_client(run, lines)


def _rendered_by_the_client(run: Run, lines: int) -> Mapping[str, object]:
    families: dict[str, GaugeMetricFamily] = {}
    for metric, labels, value, timestamp in run_samples(run, ["main"]):
        if metric.name not in families:
            families[metric.name] = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
        families[metric.name].add_metric(labels, value, timestamp)
    registry = CollectorRegistry()
    registry.register(_Fixed(list(families.values())))
    began = time.perf_counter()
    body = gzip.compress(generate_latest(registry))
    return {"by": "prometheus-client", "samples": lines, "KiB": len(body) >> 10, "server": time.perf_counter() - began}


class _Fixed(Collector):
    def __init__(self, families: Sequence[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Sequence[GaugeMetricFamily]:
        return self._families

    def describe(self) -> Sequence[GaugeMetricFamily]:
        return []


def _memory() -> Iterator[Mapping[str, object]]:
    for suites, tests in ((10, 10_000), (1, 100_000)):
        with _running() as exporter:
            for number in range(suites):
                exporter.push(replace(_run(tests, number), suite=f"suite-{number}")).raise_for_status()
                _drain(exporter)
            for _ in range(3):
                exporter.get("/metrics/runs", **SCRAPE)
            yield {"suites": suites, "tests of each": tests, **_resident(exporter)}


def _senders() -> Iterator[Mapping[str, object]]:
    with _running() as exporter, ProcessPoolExecutor(_SENDERS) as pool:
        jobs = [(exporter.url, gzip.compress(encode_run(_run(1000, number)), 1)) for number in range(_SENDERS)]
        list(pool.map(abs, range(_SENDERS)))  # all are up
        began = time.perf_counter()
        codes = list(pool.map(_send, jobs))
        seconds = time.perf_counter() - began
        kept = len(exporter.ledger.summaries())
        yield {"sent": len(jobs), "accepted": codes.count(201), "kept": kept, "tests of each": 1000, "seconds": seconds}


def _send(job: tuple[str, bytes]) -> int:
    url, body = job
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return requests.post(f"{url}/api/v1/runs", data=body, headers=headers, timeout=120).status_code


def _series() -> Iterator[Mapping[str, object]]:
    with _running("--max-series=10000000") as exporter:
        for number in range(100):
            exporter.push(_run(100, number)).raise_for_status()
            if number in {0, 99}:
                _drain(exporter)
                yield {"runs": number + 1, **_counts(exporter, number + 1)}


def _counts(exporter: Exporter, runs: int) -> Mapping[str, object]:
    samples = exporter.scrape()
    of_tests = [(name, labels) for name, labels, _, _ in samples if name == "paceline_test_passed"]
    return {
        "series of tests": len({(name, labels) for name, labels, _, _ in samples if "test" in dict(labels)}),
        "state series": len(exporter.scrape("/metrics")),
        "samples of a test and run": len(of_tests) / len(set(of_tests)) / runs,
    }


@contextmanager
def _running(*options: str) -> Iterator[Exporter]:
    with tempfile.TemporaryDirectory() as folder, exporter_in(Path(folder), *options) as exporter:
        yield exporter


def _run(tests: int, number: int) -> Run:
    # Recent, and each at a time of its own.
    now = time.time() - 1000 + number
    return replace(SyntheticSuite.of(tests).run(number), started=now - 10, ended=now)


def _cut_to(run: Run, samples: int) -> Run:
    each = sum(1 for _ in run_samples(replace(run, cases=run.cases[:100]), ["main"])) / 100
    return replace(run, cases=tuple(islice(run.cases, round(samples / each))))


def _drain(exporter: Exporter) -> None:
    # A look at the page waits for what is being rendered; it counts for no scrape.
    exporter.get("/metrics/runs", **{"Accept-Encoding": "gzip"})


def _server_seconds(exporter: Exporter) -> float:
    return exporter.state("paceline_exporter_scrape_duration_seconds_sum")["/metrics/runs"]


def _resident(exporter: Exporter) -> Mapping[str, object]:
    assert exporter.process is not None
    status = Path(f"/proc/{exporter.process.pid}/status").read_text("utf-8")
    found = dict(line.split(":", 1) for line in status.splitlines())
    return {f"{name} MiB": int(found[key].split()[0]) >> 10 for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}


if __name__ == "__main__":
    main()

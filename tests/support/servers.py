"""
A real Prometheus, started on loopback.
"""

import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from paceline.delivery.openmetrics import exposition
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from support.installed import prometheus_folder

_SCRAPE = """
global: {{scrape_interval: 1s}}
storage: {{tsdb: {{out_of_order_time_window: {window}}}}}
scrape_configs:
  - job_name: paceline
    static_configs: [{{targets: ["{target}"]}}]
  - job_name: paceline-runs
    metrics_path: /metrics/runs
    params: {{scraper: [{name}]}}
    honor_timestamps: true
    sample_limit: 250000
    static_configs: [{{targets: ["{target}"]}}]
    metric_relabel_configs: [{{target_label: instance, replacement: paceline}}]
"""
_START_SECONDS = 60
_PROBE_SECONDS = 0.05


class NoServerError(Exception):
    """
    No server could be had; the text says what was tried.
    """


@dataclass(frozen=True)
class Prometheus:
    """
    A server that is up.
    """

    url: str

    def alerts(self, evaluations: int = 3) -> list[dict[str, str]]:
        """
        The labels of all alerts that fire, once each group of rules was evaluated so many times more.
        """
        seen: defaultdict[str, set[str]] = defaultdict(set)

        def is_evaluated() -> bool:
            for group in self._answer("rules")["groups"]:
                seen[group["name"]].add(group["lastEvaluation"])
            # What was seen first may be half an evaluation.
            return all(len(times) > evaluations for times in seen.values())

        _wait_until(is_evaluated)
        return [alert["labels"] for alert in self._answer("alerts")["alerts"] if alert["state"] == "firing"]

    def _answer(self, path: str) -> Any:
        return requests.get(f"{self.url}/api/v1/{path}", timeout=30).json()["data"]

    def samples(self, query: str, at: float) -> list[dict[str, object]]:
        """
        The result of an instant query, as the API gives it.
        """
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": query, "time": str(at)}, timeout=30)
        result: list[dict[str, object]] = answer.json()["data"]["result"]
        return result

    def courses(self, query: str, since: float, until: float, step: float) -> list[dict[str, Any]]:
        """
        The result of a range query, as the API gives it.
        """
        params = {"query": query, "start": str(since), "end": str(until), "step": str(step)}
        answer = requests.get(f"{self.url}/api/v1/query_range", params=params, timeout=60)
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result


@contextmanager
def prometheus_with(
    runs: Iterable[Run],
    folder: Path,
    branches: Sequence[str] = ("main",),
    *,
    rules: Sequence[Path] = (),
    prefix: str = "paceline_",
) -> Iterator[Prometheus]:
    """
    A Prometheus that has these runs, filled as a user would: from the OpenMetrics export, by promtool.

    Args:
        runs: in any order.
        folder: empty; for its data.
        branches: the branches that keep their name.
        rules: files of rules, all evaluated.
        prefix: what the names of metrics begin with.
    """
    lines = exposition(sample for run in runs for sample in run_samples(run, branches))
    with prometheus_of([(line.replace("paceline_", prefix) for line in lines)], folder, rules=rules) as server:
        yield server


@contextmanager
def prometheus_of(texts: Iterable[Iterable[str]], folder: Path, *, rules: Sequence[Path] = ()) -> Iterator[Prometheus]:
    """
    A Prometheus that has these texts in the format of OpenMetrics.

    Args:
        texts: lines, each with its end.
        folder: empty; for its data.
        rules: files of rules, all evaluated.
    """
    settings = folder / "prometheus.yml"
    for lines in texts:
        _fill(folder, lines)
    settings.write_text(yaml.safe_dump({"rule_files": [str(path) for path in rules]}), "utf-8")
    with _started(settings, folder) as server:
        yield server


def _fill(folder: Path, lines: Iterable[str]) -> None:
    text = folder / "runs.txt"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(lines)
    # One block for weeks instead of one for two hours: promtool reads the whole text for each.
    fill: list[str | Path] = [
        "tsdb",
        "create-blocks-from",
        "--max-block-duration=648h",
        "--quiet",
        "openmetrics",
        text,
        folder / "data",
    ]
    subprocess.run([prometheus_folder() / "promtool", *fill], check=True, capture_output=True)


@contextmanager
def prometheus_scraping(
    target: str, folder: Path, *, window: str = "60d", name: str = "it", program: Path | None = None
) -> Iterator[Prometheus]:
    """
    A Prometheus that scrapes an exporter as the documentation says, every second.

    Args:
        target: host and port.
        folder: empty, or with the data of one that ran before.
        window: its out_of_order_time_window.
        name: tells it apart from another one on this machine.
        program: of another version than the one that is installed.
    """
    settings = folder / "prometheus.yml"
    settings.write_text(_SCRAPE.format(target=target, window=window, name=name), "utf-8")
    with _started(settings, folder, program) as server:
        yield server


@contextmanager
def prometheus_reading(settings: Path, folder: Path) -> Iterator[Prometheus]:
    """
    A Prometheus with a configuration of its own.

    Args:
        settings: the file.
        folder: empty; for its data.
    """
    with _started(settings, folder) as server:
        yield server


@contextmanager
def _started(settings: Path, folder: Path, program: Path | None = None) -> Iterator[Prometheus]:
    port = free_port()
    command: list[str | Path] = [
        program or prometheus_folder() / "prometheus",
        f"--config.file={settings}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with running(command, folder / "log.txt", f"http://127.0.0.1:{port}") as url:
        yield Prometheus(url)


def free_port() -> int:
    """
    A port of loopback that nobody uses.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str | Path], log: Path, url: str) -> Iterator[str]:
    """
    A process that serves, from when it is ready.

    Raises:
        NoServerError: it ends, or is not ready in time.
    """
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait_until(lambda: _is_ready(url) or process.poll() is not None)
            if process.poll() is not None:
                raise NoServerError(f"the server ended at its start: {log.read_text('utf-8')}")
            yield url
        finally:
            process.terminate()


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _START_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise NoServerError(f"the server was not ready within {_START_SECONDS} s")
        time.sleep(_PROBE_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.RequestException:
        return False

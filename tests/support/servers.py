"""
A real Prometheus: found, or installed without root into a cache folder, and started on loopback.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import socket
import subprocess
import tarfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests
import yaml

from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from paceline.sinks.openmetrics import exposition

CACHE = Path(__file__).parents[2] / "build" / "servers"
_RELEASE = "prometheus-3.5.0.linux-amd64"
_RELEASES = "https://github.com/prometheus/prometheus/releases/download/v3.5.0"
_NAMES = ("prometheus", "promtool")
_SCRAPE = """
global: {{scrape_interval: 1s}}
storage: {{tsdb: {{out_of_order_time_window: 60d}}}}
scrape_configs:
  - job_name: paceline
    static_configs: [{{targets: ["{target}"]}}]
  - job_name: paceline-runs
    metrics_path: /metrics/runs
    honor_timestamps: true
    sample_limit: 250000
    static_configs: [{{targets: ["{target}"]}}]
"""
_START_SECONDS = 60
_PROBE_SECONDS = 0.05


class NoServerError(Exception):
    """
    No Prometheus could be had; the text says what was tried.
    """


@cache
def prometheus_folder() -> Path:
    """
    The folder of `prometheus` and `promtool`: from PATH, else the official release, else Debian's package.

    Raises:
        NoServerError: there is none.
    """
    with _locked():
        failures = []
        for find in (_on_path, _installed, _from_release, _from_debian):
            try:
                folder = find()
            except (OSError, subprocess.SubprocessError, requests.RequestException, NoServerError) as error:
                failures.append(f"{find.__name__.strip('_')}: {error}")
                continue
            if folder is not None:
                return folder
    raise NoServerError(f"no prometheus and promtool: {'; '.join(failures)}")


@cache
def amtool() -> Path:
    """
    Alertmanager's tool: from PATH, else from Debian's package.

    Raises:
        NoServerError: there is none.
    """
    found = shutil.which("amtool")
    if found is not None:
        return Path(found)
    with _locked():
        path = CACHE / "debian" / "usr" / "bin" / "amtool"
        try:
            return path if path.is_file() else _unpacked("prometheus-alertmanager") / "amtool"
        except (OSError, subprocess.SubprocessError) as error:
            raise NoServerError(f"no amtool: {error}") from error


@contextmanager
def _locked() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        # The workers of xdist ask at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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


@contextmanager
def prometheus_with(
    runs: Iterable[Run], folder: Path, branches: Sequence[str] = ("main",), *, rules: Sequence[Path] = ()
) -> Iterator[Prometheus]:
    """
    A Prometheus that has these runs, filled as a user would: from the OpenMetrics export, by promtool.

    Args:
        runs: in any order.
        folder: empty; for its data.
        branches: the branches that keep their name.
        rules: files of rules, all evaluated.
    """
    programs = prometheus_folder()
    text, settings = folder / "runs.txt", folder / "prometheus.yml"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(exposition(sample for run in runs for sample in run_samples(run, branches)))
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
    subprocess.run([programs / "promtool", *fill], check=True, capture_output=True)
    settings.write_text(yaml.safe_dump({"rule_files": [str(path) for path in rules]}), "utf-8")
    with _started(settings, folder) as server:
        yield server


@contextmanager
def prometheus_scraping(target: str, folder: Path) -> Iterator[Prometheus]:
    """
    A Prometheus that scrapes an exporter as the documentation says, every second.

    Args:
        target: host and port.
        folder: empty; for its data.
    """
    settings = folder / "prometheus.yml"
    settings.write_text(_SCRAPE.format(target=target), "utf-8")
    with _started(settings, folder) as server:
        yield server


@contextmanager
def _started(settings: Path, folder: Path) -> Iterator[Prometheus]:
    port = free_port()
    command: list[str | Path] = [
        prometheus_folder() / "prometheus",
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


def _on_path() -> Path | None:
    found = {name: shutil.which(name) for name in _NAMES}
    folders = {Path(path).parent for path in found.values() if path is not None}
    return folders.pop() if len(folders) == 1 and all(found.values()) else None


def _installed() -> Path | None:
    folders = (CACHE / _RELEASE, CACHE / "debian" / "usr" / "bin")
    return next((folder for folder in folders if all((folder / name).is_file() for name in _NAMES)), None)


def _from_release() -> Path:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoServerError("the release that is looked for is for Linux on x86_64")
    archive = CACHE / f"{_RELEASE}.tar.gz"
    content = _downloaded(archive.name)
    found = f"{hashlib.sha256(content).hexdigest()}  {archive.name}"
    if found not in _downloaded("sha256sums.txt").decode().splitlines():
        raise NoServerError(f"{archive.name} is damaged: {found} is not in its sha256sums.txt")
    archive.write_bytes(content)
    with tarfile.open(archive) as tar:
        tar.extractall(CACHE, filter="data")
    return CACHE / _RELEASE


def _downloaded(name: str) -> bytes:
    answer = requests.get(f"{_RELEASES}/{name}", timeout=(5, 60))
    answer.raise_for_status()
    return answer.content


def _from_debian() -> Path:
    return _unpacked("prometheus")


def _unpacked(package: str) -> Path:
    if _apt("download", package).returncode:
        _apt("update")
        _apt("download", package).check_returncode()
    archive = max(CACHE.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg", "-x", archive, CACHE / "debian"], check=True, capture_output=True)
    return CACHE / "debian" / "usr" / "bin"


def _apt(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["apt-get", *arguments], cwd=CACHE, check=False, capture_output=True, env={**os.environ, "LC_ALL": "C"}
    )

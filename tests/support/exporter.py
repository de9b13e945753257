"""
A real exporter in a process of its own.
"""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from paceline.documents import encode_run
from paceline.history.sqlite.exporter_ledger import ServedLedger
from paceline.model import Run
from support.servers import free_port

SCRAPE = {"X-Prometheus-Scrape-Timeout-Seconds": "10", "User-Agent": "Prometheus/3.5.0"}
_SECONDS = 60

# Name, labels, time in ms, value.
Exposed = tuple[str, tuple[tuple[str, str], ...], int, float]


class Exporter:
    """
    Starts `paceline serve`, talks to it, and ends it.
    """

    def __init__(
        self, folder: Path, *options: str, environ: Mapping[str, str] | None = None, verify: Path | None = None
    ) -> None:
        self.data = folder / "data"
        self.log = folder / "exporter.log"
        self.url = f"{'https' if verify else 'http'}://127.0.0.1:{free_port()}"
        self._session = requests.Session()
        # Given with each request, as a variable of the environment may say otherwise.
        self._verify = str(verify) if verify else None
        self._options = options
        self._environ = {**os.environ, **(environ or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def ledger(self) -> ServedLedger:
        return ServedLedger(self.data / "history.sqlite")

    def start(self, *prefix: str, is_up: Callable[[], bool] | None = None) -> None:
        """
        Start it and wait until it answers.

        Args:
            prefix: a program that starts it.
            is_up: tells whether it answers, where it does not answer everybody.
        """
        command = [*prefix, sys.executable, "-m", "paceline", "serve", "--data", str(self.data)]
        # The runs of most tests ended years ago.
        command += ["--expose-window=0"]
        address = f"--web.listen-address={self.url.partition('//')[2]}"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, address, *self._options], stdout=log, stderr=log, env=self._environ
            )
        end = time.monotonic() + _SECONDS
        while not (is_up or self._is_up)():
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < end
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """
        Send it a signal, and wait for its end.
        """
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(_SECONDS)

    def close(self) -> None:
        """
        Close connections.
        """
        self._session.close()

    def push(self, run: Run, **headers: str) -> requests.Response:
        """
        Send a run as the plugin does.
        """
        return self.post(gzip.compress(encode_run(run), 1), **{"Content-Encoding": "gzip", **headers})

    def post(self, body: bytes, path: str = "/api/v1/runs", **headers: str) -> requests.Response:
        """
        Send any body.
        """
        sent = {"Content-Type": "application/json", **headers}
        return requests.post(f"{self.url}{path}", data=body, headers=sent, timeout=_SECONDS)

    def get(self, path: str, **headers: str) -> requests.Response:
        """
        Ask for any page.
        """
        return self._session.get(f"{self.url}{path}", headers=headers, timeout=_SECONDS, verify=self._verify)

    def scrape(self, path: str = "/metrics/runs", **headers: str) -> list[Exposed]:
        """
        Scrape as a Prometheus does, and read it with the official parser.
        """
        return read_text(self.get(path, **{**SCRAPE, **headers}).text)

    def state(self, name: str) -> dict[str, float]:
        """
        The series of one name in /metrics, by the values of their labels.
        """
        samples = self.scrape("/metrics")
        return {",".join(value for _, value in labels): value for found, labels, _, value in samples if found == name}

    def runs(self) -> list[str]:
        """
        The ids of the runs that a scrape brings.
        """
        return [dict(labels)["run_id"] for name, labels, _, _ in self.scrape() if name == "paceline_run_info"]

    def wait_for_scrapes(self, more: int) -> None:
        """
        Wait until a Prometheus has come for run samples so often again.
        """
        end, known = time.monotonic() + _SECONDS, self._scrapes()
        while self._scrapes() < known + more:
            assert time.monotonic() < end
            time.sleep(0.1)

    def _scrapes(self) -> float:
        return self.state("paceline_exporter_scrape_duration_seconds_count").get("/metrics/runs", 0.0)

    def _is_up(self) -> bool:
        try:
            return self._session.get(f"{self.url}/-/ready", timeout=5, verify=self._verify).status_code in {200, 401}
        except requests.RequestException:
            return False


def read_text(text: str) -> list[Exposed]:
    """
    The samples of a text.
    """
    families: Iterable[Any] = text_string_to_metric_families(text)
    return [
        (sample.name, tuple(sorted(sample.labels.items())), round(float(sample.timestamp or 0) * 1e3), sample.value)
        for family in families
        for sample in family.samples
    ]


@contextmanager
def exporter_in(
    folder: Path, *options: str, environ: Mapping[str, str] | None = None, verify: Path | None = None
) -> Iterator[Exporter]:
    """
    An exporter that is up, and ended afterwards.
    """
    exporter = Exporter(folder, *options, environ=environ, verify=verify)
    try:
        exporter.start()
        yield exporter
    finally:
        exporter.close()
        if exporter.process is not None and exporter.process.poll() is None:
            exporter.stop()

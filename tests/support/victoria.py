"""
A real server that takes OTLP: VictoriaMetrics, found, or of Debian's trixie.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from support.installed import Permission
from support.servers import Prometheus, free_port, running
from support.trixie import trixie_program


@contextmanager
def victoria_metrics(folder: Path, scrape: Path | None = None) -> Iterator[Prometheus]:
    """
    A server without data, which answers as a Prometheus does.

    Args:
        folder: empty; for its data.
        scrape: the configuration by which it scrapes, if it does.
    """
    Permission.check()
    port = free_port()
    command: list[str | Path] = [
        victoria_binary(),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder / 'data'}",
        "-retentionPeriod=100y",
        "-opentelemetry.usePrometheusNaming",
        # Unlike Prometheus, it takes the same sample twice unless told.
        "-dedup.minScrapeInterval=1ms",
        "-search.latencyOffset=0s",
        *([f"-promscrape.config={scrape}"] if scrape is not None else []),
    ]
    with running(command, folder / "log.txt", f"http://127.0.0.1:{port}") as url:
        yield Prometheus(url)


@contextmanager
def vmagent(scrape: Path, store: str, folder: Path) -> Iterator[None]:
    """
    A vmagent that scrapes, and hands on what it scraped.

    Args:
        scrape: its configuration.
        store: the address of the store.
        folder: empty; for what waits.
    """
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        trixie_program("vmagent", "victoria-metrics"),
        f"-httpListenAddr={address}",
        f"-promscrape.config={scrape}",
        f"-remoteWrite.url={store}/api/v1/write",
        f"-remoteWrite.tmpDataPath={folder / 'waiting'}",
    ]
    with running(command, folder / "log.txt", f"http://{address}"):
        yield


@cache
def victoria_binary() -> Path:
    """
    The program: from PATH, else from Debian's package.

    Raises:
        NoServerError: there is none that takes OTLP.
    """
    found = shutil.which("victoria-metrics")
    if found is not None and _takes_otlp(Path(found)):
        return Path(found)
    return trixie_program("victoria-metrics", "victoria-metrics")


def _takes_otlp(program: Path) -> bool:
    return "opentelemetry" in subprocess.run([program, "-help"], capture_output=True, text=True, check=False).stdout

"""
A real server that takes OTLP: VictoriaMetrics, found, or installed without root into a cache folder.
"""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from support.installed import CACHE, Permission
from support.servers import NoServerError, Prometheus, free_port, running

_FOLDER = CACHE / "victoria-metrics"
_BINARY = _FOLDER / "usr" / "bin" / "victoria-metrics"
# Debian's first release whose package takes OTLP.
_SUITE = "trixie"
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@contextmanager
def victoria_metrics(folder: Path) -> Iterator[Prometheus]:
    """
    A server without data, which answers as a Prometheus does.

    Args:
        folder: empty; for its data.
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
    ]
    with running(command, folder / "log.txt", f"http://127.0.0.1:{port}") as url:
        yield Prometheus(url)


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
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / ".lock").open("w") as lock:
        # The workers of xdist ask at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _BINARY.is_file():
            _install()
    return _BINARY


def _takes_otlp(program: Path) -> bool:
    return "opentelemetry" in subprocess.run([program, "-help"], capture_output=True, text=True, check=False).stdout


def _install() -> None:
    try:
        (_FOLDER / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (_FOLDER / "sources.list").write_text(f"deb [signed-by={_KEYS}] {_mirror()} {_SUITE} main\n", "utf-8")
        _apt("update")
        _apt("download", "victoria-metrics")
        package = max(_FOLDER.glob("victoria-metrics_*.deb"))
        subprocess.run(["dpkg", "-x", package, _FOLDER], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise NoServerError(f"no victoria-metrics: {error}") from error


def _mirror() -> str:
    """
    Where this machine has its Debian packages from.
    """
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(SITE)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return next(site for label, _, site in (line.partition(" ") for line in listed.splitlines()) if label == "Debian")


def _apt(*arguments: str) -> None:
    # Sources and lists of our own: those of the machine stay as they are.
    settings = {
        "Dir::Etc::SourceList": _FOLDER / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": _FOLDER / "lists",
        "Dir::Cache": _FOLDER / "cache",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    subprocess.run(["apt-get", *options, *arguments], cwd=_FOLDER, check=True, capture_output=True)

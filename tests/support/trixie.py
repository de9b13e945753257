"""
Programs of Debian's release trixie, unpacked into a cache folder: the machine itself may have an older release.
"""

import fcntl
import subprocess
from functools import cache
from pathlib import Path

from support.installed import CACHE, Permission
from support.servers import NoServerError

# Debian's first release whose VictoriaMetrics takes OTLP, and whose Prometheus is 2.53.3.
_SUITE = "trixie"
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_FOLDER = CACHE / _SUITE


@cache
def trixie_program(name: str, package: str) -> Path:
    """
    A program of a package, as trixie has it.

    Raises:
        NoServerError: the package cannot be downloaded.
    """
    Permission.check()
    folder = _FOLDER / package
    program = folder / "usr" / "bin" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / ".lock").open("w") as lock:
        # The workers of xdist ask at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            _install(package, folder)
    return program


def _install(package: str, folder: Path) -> None:
    try:
        (_FOLDER / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (_FOLDER / "sources.list").write_text(f"deb [signed-by={_KEYS}] {_mirror()} {_SUITE} main\n", "utf-8")
        _apt("update")
        _apt("download", package)
        archive = max(_FOLDER.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg", "-x", archive, folder], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise NoServerError(f"no {package} of {_SUITE}: {error}") from error


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

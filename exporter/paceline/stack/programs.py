"""
Programs of Prometheus' family: found, or fetched without root into a folder.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import requests

from paceline.errors import StackError
from paceline.files import holding
from paceline.http.failures import failure_of, shown_status

_SECONDS = (5, 60)
# What the names of official releases call the systems that they are made for.
_PLATFORMS = {
    ("Linux", "x86_64"): "linux-amd64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "x86_64"): "darwin-amd64",
    ("Darwin", "arm64"): "darwin-arm64",
}


class Release(NamedTuple):
    """
    An official release.
    """

    project: str
    version: str

    @property
    def name(self) -> str:
        return f"{self.project}-{self.version}.{_PLATFORMS.get(_platform(), 'unknown')}"

    @property
    def address(self) -> str:
        return f"https://github.com/prometheus/{self.project}/releases/download/v{self.version}"


class Program(NamedTuple):
    """
    A program, what it is called, and what it comes with.

    `module` is its source in Go, where Debian's package works nowhere but where root installs it.
    """

    name: str
    commands: tuple[str, ...]
    release: Release
    package: str
    module: str = ""


_PROMETHEUS = Release("prometheus", "3.5.0")
_ALERTMANAGER = Release("alertmanager", "0.28.1")
PROMETHEUS = Program("prometheus", ("prometheus",), _PROMETHEUS, "prometheus")
PROMTOOL = Program("promtool", ("promtool",), _PROMETHEUS, "prometheus")
AMTOOL = Program("amtool", ("amtool",), _ALERTMANAGER, "prometheus-alertmanager")
ALERTMANAGER = Program(
    "alertmanager",
    ("alertmanager", "prometheus-alertmanager"),
    _ALERTMANAGER,
    "prometheus-alertmanager",
    "github.com/prometheus/alertmanager/cmd/alertmanager",
)


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """
    The folder that programs of a user are fetched into.
    """
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paceline" / "programs"


class Programs:
    """
    Finds programs.

    Args:
        cache: folder that they are fetched into.
        folder: where to look first.
        tell: gets a line for each step of fetching, before it is taken.
    """

    def __init__(self, cache: Path, folder: Path | None = None, tell: Callable[[str], object] = lambda _: None) -> None:
        self._cache: Final = cache
        self._folder: Final = folder
        self._tell: Final = tell

    @property
    def places(self) -> list[Path]:
        """
        Where programs are that nobody fetched, the first first.
        """
        return [*([self._folder] if self._folder else []), *_path()]

    def find(self, program: Program) -> Path | None:
        """
        The program: from the folder, else from PATH, else as it was fetched earlier.
        """
        fetched = (self._cache / program.release.name, (_built if program.module else _unpacked)(self._cache))
        found = (shutil.which(name, path=place) for place in (*self.places, *fetched) for name in program.commands)
        return next((Path(path).absolute() for path in found if path is not None), None)

    def get(self, program: Program) -> Path:
        """
        The program, from where it is.

        Raises:
            StackError: the program is not installed.
        """
        if found := self.find(program):
            return found
        looked = f"{self._folder} and PATH" if self._folder else "PATH"
        raise StackError(
            f"no {program.name} on {looked}: install it (on Debian and Ubuntu `apt-get install {program.package}`, "
            f"elsewhere from https://prometheus.io/download), name its folder with --programs, "
            f"or let --install download it into {self._cache}"
        )

    def have(self, program: Program) -> Path:
        """
        The program, fetched where it is nowhere: the official release, else Debian's package, or built from source.

        Raises:
            StackError: the program cannot be installed; the message says what was tried.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        # Two that ask at once would unpack over each other.
        with holding(self._cache / ".lock"):
            if found := self.find(program):
                return found
            failures = []
            self._tell(f"downloading {program.name} into {self._cache}")
            for way in (_RELEASE, _SOURCE if program.module else _PACKAGE):
                self._tell(f"  from {way.place(program)}")
                try:
                    way.fetch(program, self._cache)
                except _FAILURES as error:
                    self._tell(f"  failed: {error}")
                    failures.append(str(error))
                if found := self.find(program):
                    self._tell(f"  got {found}")
                    return found
        raise StackError(f"no {program.name} could be downloaded: {'; '.join(failures)}")


_FAILURES = (OSError, tarfile.TarError, StackError)


def _path() -> list[Path]:
    return [Path(place) for place in os.get_exec_path()]


def _unpacked(cache: Path) -> Path:
    return cache / "debian" / "usr" / "bin"


def _built(cache: Path) -> Path:
    return cache / "go"


def _fetch_release(program: Program, cache: Path) -> None:
    if _platform() not in _PLATFORMS:
        raise StackError(f"there is no official release for {' on '.join(_platform())}")
    release = program.release
    archive = cache / f"{release.name}.tar.gz"
    content = _downloaded(release, archive.name)
    found = f"{hashlib.sha256(content).hexdigest()}  {archive.name}"
    if found not in _downloaded(release, "sha256sums.txt").decode().splitlines():
        raise StackError(f"{archive.name} is damaged: {found} is not in its sha256sums.txt")
    archive.write_bytes(content)
    with tarfile.open(archive) as tar:
        tar.extractall(cache, filter="data")
    archive.unlink()


def _platform() -> tuple[str, str]:
    return platform.system(), platform.machine()


def _downloaded(release: Release, name: str) -> bytes:
    try:
        answer = requests.get(f"{release.address}/{name}", timeout=_SECONDS)
    except requests.RequestException as error:
        raise StackError(failure_of(error)) from error
    if not answer.ok:
        raise StackError(shown_status(answer))
    return answer.content


def _unpack(program: Program, cache: Path) -> None:
    download = ("apt-get", "download", program.package)
    if _called(cache, *download).returncode:
        _called(cache, "apt-get", "update")
        _checked(cache, *download)
    archive = max(cache.glob(f"{program.package}_*.deb"))
    _checked(cache, "dpkg", "-x", str(archive), "debian")
    archive.unlink()


def _build(program: Program, cache: Path) -> None:
    """
    Build a program; the modules and objects of the build, about 1 GB, are removed after it.
    """
    build = cache / "go-build"
    environ = {"GOPATH": build, "GOMODCACHE": build / "modules", "GOCACHE": build / "objects", "GOBIN": _built(cache)}
    module = f"{program.module}@v{program.release.version}"
    try:
        # Without the flag, the folders of modules are read-only, and cannot be removed.
        _checked(cache, "go", "install", "-modcacherw", module, **environ)
    finally:
        shutil.rmtree(build, ignore_errors=True)


class _Way(NamedTuple):
    """
    How a program is fetched, and in words from where.
    """

    fetch: Callable[[Program, Path], None]
    place: Callable[[Program], str]


_RELEASE = _Way(_fetch_release, lambda program: program.release.address)
_PACKAGE = _Way(_unpack, lambda program: f"the package {program.package} of this system (apt-get download)")
_SOURCE = _Way(_build, lambda program: f"its source (go install {program.module}): minutes, and 1 GB until it is built")


def _checked(cache: Path, *command: str, **environ: Path) -> None:
    done = _called(cache, *command, **environ)
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise StackError(f"{' '.join(command)}: {said}")


def _called(cache: Path, *command: str, **environ: Path) -> "subprocess.CompletedProcess[str]":
    added = {"LC_ALL": "C", **{name: str(path) for name, path in environ.items()}}
    try:
        return subprocess.run(  # noqa: S603 - fixed, without a shell
            command, cwd=cache, check=False, capture_output=True, text=True, env={**os.environ, **added}
        )
    except OSError as error:
        raise StackError(f"{command[0]}: {error.strerror}") from error

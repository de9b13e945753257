"""
Other versions of Prometheus than the one that is installed.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from msgspec import json

from paceline.files import holding
from support.installed import CACHE, Permission, prometheus_folder
from support.servers import NoServerError
from support.trixie import trixie_program

# No package has these: the oldest version that is supported, two that keep one sample of a series in an answer, and the
# newest.
_BUILT = ("2.40.0", "2.53.0", "2.54.0", "3.16.0")
VERSIONS = ("installed", *_BUILT, "trixie")


def prometheus_program(version: str) -> Path:
    """
    The program of one of the versions.

    Raises:
        NoServerError: the version cannot be had.
    """
    if version == "installed":
        return prometheus_folder() / "prometheus"
    return _built(version) if version in _BUILT else trixie_program("prometheus", "prometheus")


@cache
def _built(version: str) -> Path:
    """
    Built from its Go module, which takes a minute or two and happens once.
    """
    Permission.check()
    CACHE.mkdir(parents=True, exist_ok=True)
    program = CACHE / "go" / f"prometheus-{version}"
    with holding(CACHE / ".lock"):
        if not program.is_file():
            try:
                _build(version, program)
            except (OSError, subprocess.SubprocessError) as error:
                raise NoServerError(f"no Prometheus {version}: {error}") from error
    return program


def _build(number: str, program: Path) -> None:
    # `go install` refuses a module that replaces others, so it is built where it is the main module.
    source = CACHE / "go" / "source"
    # The module of 2.53.0 is v0.53.0, and that of 3.16.0 is v0.316.0.
    major, minor, patch = map(int, number.split("."))
    series = "" if major == 2 else major
    module = f"github.com/prometheus/prometheus@v0.{series}{minor:02}.{patch}"
    found = subprocess.run(["go", "mod", "download", "-json", module], cwd="/", check=True, capture_output=True)
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(json.decode(found.stdout)["Dir"], source)
    for folder, _, _ in os.walk(source):
        Path(folder).chmod(0o755)
    (source / "go.sum").chmod(0o644)
    (source / "go.mod").chmod(0o644)
    # Without the discoveries of targets in clouds, which are two thirds of its source.
    shutil.rmtree(source / "plugins")
    (source / "plugins").mkdir()
    (source / "plugins" / "plugins.go").write_text("package plugins\n", "utf-8")
    # As in a release: it says its version to whom it scrapes.
    version = f"-ldflags=-X github.com/prometheus/common/version.Version={number}"
    build: list[str | Path] = [
        "go",
        "build",
        "-mod=mod",
        version,
        "-o",
        program.with_suffix(".new"),
        "./cmd/prometheus",
    ]
    alone = {**os.environ, "GOWORK": "off"}
    subprocess.run(build, cwd=source, env=alone, check=True, capture_output=True)
    program.with_suffix(".new").rename(program)
    shutil.rmtree(source)

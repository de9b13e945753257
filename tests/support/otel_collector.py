"""
A real OpenTelemetry Collector, built from its Go modules.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from paceline.files import holding
from support.installed import CACHE, Permission
from support.servers import NoServerError

_SOURCE = Path(__file__).parent / "otelcol"
_VERSION = "0.165.1"


@cache
def collector_program() -> Path:
    """
    The program; building it takes minutes, and happens once.

    Raises:
        NoServerError: it cannot be built.
    """
    Permission.check()
    CACHE.mkdir(parents=True, exist_ok=True)
    program = CACHE / "go" / f"otelcol-{_VERSION}"
    with holding(CACHE / ".lock"):
        if not program.is_file():
            try:
                _build(program)
            except (OSError, subprocess.SubprocessError) as error:
                raise NoServerError(f"no Collector {_VERSION}: {error}") from error
    return program


def _build(program: Path) -> None:
    source = CACHE / "go" / "otelcol-source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(_SOURCE, source)
    built = program.with_suffix(".new")
    # Without the discoveries of targets in clouds, whose libraries are the larger part.
    build: list[str | Path] = ["go", "build", "-tags", "remove_all_sd", "-o", built, "."]
    for command in (["go", "mod", "tidy"], build):
        subprocess.run(command, cwd=source, check=True, capture_output=True)
    built.rename(program)
    shutil.rmtree(source)

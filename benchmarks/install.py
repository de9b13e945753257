"""
What `pip install paceline` pulls in: packages, size and time, in environments of their own.

How to read it: `MiB` is what site-packages grows by, compiled modules included, and without pip itself. `seconds` is
the time of pip with an empty cache, mostly spent on the network. The second row is a project that has pytest already.
"""

import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

_ROOT = Path(__file__).parents[1]
_MEBIBYTE = 1 << 20
# What is installed before, and the extra.
_CASES = ((), ""), (("pytest",), ""), ((), "[load]"), ((), "[otlp]"), ((), "[server]")


class _Installed(NamedTuple):
    packages: int
    size: int


class _Environment:
    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self._python = folder / "bin" / "python"
        (self._site,) = folder.glob("lib/python*/site-packages")

    def install(self, *requirements: str) -> float:
        began = time.perf_counter()
        command = [str(self._python), "-m", "pip", "install", "--quiet", "--no-cache-dir", *requirements]
        subprocess.run(command, check=True)
        return time.perf_counter() - began

    @property
    def installed(self) -> _Installed:
        size = sum(path.stat().st_size for path in self._site.rglob("*") if path.is_file())
        return _Installed(len(list(self._site.glob("*.dist-info"))), size)


def _wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _row(wheel: Path, folder: Path, before: Sequence[str], extra: str) -> list[str]:
    environment = _Environment(folder)
    if before:
        environment.install(*before)
    old = environment.installed
    seconds = environment.install(f"{wheel}{extra}")
    new = environment.installed
    beside = f" beside {', '.join(before)}" if before else ""
    size = (new.size - old.size) / _MEBIBYTE
    return [f"paceline{extra}{beside}", str(new.packages - old.packages), f"{size:.1f}", f"{seconds:.1f}"]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = _wheel(folder / "wheel")
        rows = [_row(wheel, folder / str(number), *case) for number, case in enumerate(_CASES)]
        print(f"The wheel has {wheel.stat().st_size / _MEBIBYTE:.1f} MiB.")
    print(tabulate(rows, headers=["", "packages", "MiB", "seconds"], disable_numparse=True))


if __name__ == "__main__":
    main()

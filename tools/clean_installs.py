"""
Install the wheel into an empty environment of each Python, and make a first report there.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
from tabulate import tabulate

from tools.environments import find_python, supported_pythons

_ROOT = Path(__file__).parents[1]
_MEBIBYTE = 1 << 20
_TEST = "def test_first():\n    assert sum(range(1000)) == 499500\n"
_HEADERS = ("Python", "packages", "MiB", "seconds to install", "seconds to the first report", "note")


@click.command()
def main() -> None:
    """
    Build the wheel, install it with pip into an empty environment of each Python, and print sizes and times.

    Each environment has to have consistent packages, the command, and a first report. A Python that is not installed
    is named, and does not fail the command.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)], _ROOT)
        (wheel,) = folder.glob("*.whl")
        rows = [_row(version, wheel, folder / version) for version in supported_pythons()]
    click.echo(tabulate(rows, headers=_HEADERS, disable_numparse=True))


def _row(version: str, wheel: Path, folder: Path) -> tuple[str, ...]:
    python = find_python(version)
    if python is None:
        return (version, "", "", "", "", "no such interpreter on PATH, in pyenv or in uv")
    _run([python, "-m", "venv", str(folder)], _ROOT)
    its_python, (site,) = folder / "bin" / "python", folder.glob("lib/python*/site-packages")
    before = _size(site)
    install = _run([str(its_python), "-m", "pip", "install", "--quiet", "--no-cache-dir", str(wheel)], folder)
    _run([str(its_python), "-m", "pip", "check"], folder)
    _run([str(folder / "bin" / "paceline"), "--version"], folder)
    project = folder / "project"
    project.mkdir()
    (project / "test_first.py").write_text(_TEST, "utf-8")
    report = _run([str(folder / "bin" / "pytest"), "--paceline", "--paceline-fail-on", "budget"], project)
    if not (project / "performance_results" / "latest_report.json").is_file():
        raise click.ClickException(f"Python {version}: no report was kept")
    packages = len([*site.glob("*.dist-info")])
    return (version, str(packages), f"{(_size(site) - before) / _MEBIBYTE:.0f}", f"{install:.1f}", f"{report:.1f}", "")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _run(command: Sequence[str], folder: Path) -> float:
    """
    How long a command takes, in seconds.
    """
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()

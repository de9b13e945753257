"""
The environment that the benchmarks measure in: `build/bench-venv`, with Paceline and its peers.

Peers have no place in the development environment, as pytest would load them into every session of it.
`python benchmarks/peers.py` makes the environment; the benchmarks make it themselves where it is missing.
Each peer is loaded by name, and nothing else is: `PYTEST_DISABLE_PLUGIN_AUTOLOAD` holds all the others off.
"""

import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "build" / "bench-venv"
HOW_TO_INSTALL = "python benchmarks/peers.py"
# What would switch a plugin on, or change what pytest does, behind the benchmark's back.
_FOREIGN = ("PYTEST_", "PACELINE_", "PERFORMANCE_", "OTEL_", "ALLURE_", "COVERAGE_", "PYTHONPATH", "VIRTUAL_ENV")


def make_environment() -> None:
    """
    Make the environment, or bring it up to date.

    Raises:
        subprocess.CalledProcessError: the packages cannot be had.
    """
    if not _python().exists():
        venv.create(ENVIRONMENT, with_pip=True)
    # `--group` is younger than the pip that comes with most Pythons.
    _pip("--upgrade", "pip>=25.1")
    _pip("--group", "bench", "--editable", ".")


@cache
def interpreter() -> Path:
    """
    The Python to measure with; the one that runs now where the environment cannot be made.
    """
    if _python().exists():
        return _python()
    print(f"making {ENVIRONMENT.relative_to(ROOT)} ...", file=sys.stderr)
    try:
        make_environment()
    except subprocess.CalledProcessError as error:
        print(f"it cannot be made ({error}): measuring without peers", file=sys.stderr)
        return Path(sys.executable)
    return _python()


@cache
def is_installed(module: str) -> bool:
    """
    Whether the interpreter of the benchmarks has a module.
    """
    looked_for = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([interpreter(), "-c", looked_for], check=False).returncode == 0


def pytest_command(*arguments: str) -> list[str]:
    """
    The command of a pytest session in that environment.
    """
    return [str(interpreter()), "-m", "pytest", *arguments]


def clean_environ() -> dict[str, str]:
    """
    The variables of such a session: none that steers a plugin.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _python() -> Path:
    return ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _pip(*packages: str) -> None:
    subprocess.run([_python(), "-m", "pip", "install", "--quiet", *packages], cwd=ROOT, check=True)


if __name__ == "__main__":
    make_environment()

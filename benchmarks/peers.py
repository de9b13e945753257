"""
The environment that the benchmarks measure in, with Paceline and its peers: one for each version of Python.

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
ENVIRONMENT = ROOT / "build" / f"bench-venv-{sys.version_info[0]}.{sys.version_info[1]}"
HOW_TO_INSTALL = "python benchmarks/peers.py"
_PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
_COMPLETE = ENVIRONMENT / ".complete"
# What would switch a plugin on, or change what pytest does, behind the benchmark's back.
_FOREIGN = ("PYTEST_", "PACELINE_", "PERFORMANCE_", "OTEL_", "ALLURE_", "COVERAGE_", "PYTHONPATH", "VIRTUAL_ENV")


def make_environment() -> None:
    """
    Make the environment, or bring it up to date.

    Raises:
        subprocess.CalledProcessError: the packages cannot be had.
    """
    venv.create(ENVIRONMENT, with_pip=True)
    # `--group` is younger than the pip that comes with most Pythons.
    _pip("--upgrade", "pip>=25.1")
    _pip("--group", "bench", "--editable", ".")
    _COMPLETE.touch()


@cache
def interpreter() -> Path:
    """
    The Python to measure with; the one that runs now where the environment cannot be made.
    """
    if _COMPLETE.exists():
        return _PYTHON
    print(f"making {ENVIRONMENT.relative_to(ROOT)} ...", file=sys.stderr)
    try:
        make_environment()
    except subprocess.CalledProcessError as error:
        print(f"it cannot be made ({error}): measuring without peers", file=sys.stderr)
        return Path(sys.executable)
    return _PYTHON


@cache
def is_installed(module: str) -> bool:
    """
    Whether the interpreter of the benchmarks has a module.
    """
    return not _ask(f"import importlib.util as u; print('' if u.find_spec({module!r}) else 'missing')")


def versions(distribution: str) -> str:
    """
    What is measured with: Python and one distribution.
    """
    return _ask(
        "import platform, importlib.metadata as m; "
        f"print('Python', platform.python_version() + ', {distribution}', m.version({distribution!r}))"
    )


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


def _ask(code: str) -> str:
    answer = subprocess.run(
        [interpreter(), "-c", code], env=clean_environ(), capture_output=True, check=True, text=True
    )
    return answer.stdout.strip()


def _pip(*packages: str) -> None:
    subprocess.run([_PYTHON, "-m", "pip", "install", "--quiet", *packages], cwd=ROOT, check=True)


if __name__ == "__main__":
    make_environment()

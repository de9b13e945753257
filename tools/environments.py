"""
Run the tests on each Python, and with the newest and the lowest versions of the libraries; print which ran.
"""

import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import click
from tabulate import tabulate

from tools.run_tests import run_tests

_ROOT = Path(__file__).parents[1]
_FOLDER = _ROOT / "build" / "environments"
_LOCK = _ROOT / "dev.lock"
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
_CLASSIFIER = "Programming Language :: Python :: 3."
_UV = (sys.executable, "-m", "uv")
_COMPILE = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header")
_WANTED = (
    "--no-annotate",
    "--group",
    "dev",
    "--extra",
    "otlp",
    "--extra",
    "server",
    "--extra",
    "load",
    "pyproject.toml",
)
_PACKAGE = ("--no-deps", "--no-build-isolation", "--editable", ".")


class Outcome(StrEnum):
    """
    How an environment did.
    """

    PASSED = "passed"
    FAILED = "FAILED"
    NOT_RUN = "not run"


class Row(NamedTuple):
    """
    A line of the table. `is_gate` says that a failure fails the command.
    """

    python: str
    versions: str
    tests: str
    outcome: Outcome
    note: str = ""
    is_gate: bool = True


class Selection(NamedTuple):
    """
    Which tests run: their name in the table, and arguments of pytest.
    """

    tests: str
    arguments: tuple[str, ...]


_UNIT = Selection("unit", ("-m", "not stack", "-q"))


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(["whole", "pythons", "newest", "lowest"]))
@click.option("--lock", is_flag=True, help="Write dev.lock with the newest releases first.")
@click.option("--sample", is_flag=True, help="In other parts than `whole`, run the first test of each file only.")
def main(parts: Sequence[str], *, lock: bool, sample: bool) -> None:
    """
    Run parts of the tests, each in an environment of its own, and print a table of them.

    Part `whole` is `make test`. The other parts leave out the tests that use installed programs: `pythons` runs on each
    other Python that is installed, `newest` and `lowest` run with the newest releases of the libraries and with the
    lowest versions that pyproject.toml admits. A failure of another part than
    `whole` is a message, and the exit code stays 0.
    """
    if lock:
        before = _LOCK.read_text("utf-8")
        lock_newest(_LOCK)
        click.echo(f"{_LOCK.name}: {', '.join(changes(before, _LOCK.read_text('utf-8'))) or 'nothing newer'}")
    unit = _UNIT._replace(tests="sample", arguments=(*_UNIT.arguments, "--sample")) if sample else _UNIT
    runs = {"pythons": _pythons, "newest": _newest, "lowest": _lowest}
    rows = [row for part in parts for row in (_whole() if part == "whole" else runs[part](unit))]
    click.echo(tabulate([row[:-1] for row in rows], headers=["Python", "versions", "tests", "outcome", "note"]))
    sys.exit(any(row.outcome is Outcome.FAILED and row.is_gate for row in rows))


def lock_newest(path: Path) -> None:
    """
    Write the newest versions that fit together, with their hashes.
    """
    _uv(*_COMPILE, "--upgrade", "--output-file", str(path), *_WANTED)


def changes(before: str, after: str) -> list[str]:
    """
    The versions of one lock that differ from those of another.
    """
    old = dict(_pins(before))
    return [f"{name} {version}" for name, version in _pins(after) if old.get(name) != version]


def _pins(lock: str) -> Iterator[tuple[str, str]]:
    for line in lock.splitlines():
        name, pin, version = line.partition("==")
        if pin and not line.startswith(" "):
            yield name, version.split()[0]


def _whole() -> Iterator[Row]:
    done = subprocess.run(["make", "test"], cwd=_ROOT, check=False)  # noqa: S607 - whichever make is on PATH
    outcome = Outcome.FAILED if done.returncode else Outcome.PASSED
    yield Row(_version_of(sys.executable), _LOCK.name, "all", outcome)


def _pythons(selection: Selection) -> Iterator[Row]:
    for version in supported_pythons():
        if version == ".".join(map(str, sys.version_info[:2])):
            continue
        python = find_python(version)
        if python is None:
            yield Row(
                version, _LOCK.name, selection.tests, Outcome.NOT_RUN, "no such interpreter on PATH, in pyenv or in uv"
            )
        else:
            row = _run(version, python, ("--require-hashes", "--requirement", str(_LOCK)), _LOCK.name, selection)
            yield row._replace(is_gate=False)


def _newest(selection: Selection) -> Iterator[Row]:
    lock = _FOLDER / "newest.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock_newest(lock)
    except subprocess.CalledProcessError as error:
        yield Row(
            "", "newest", selection.tests, Outcome.NOT_RUN, f"uv ended with exit code {error.returncode}", is_gate=False
        )
        return
    newer = changes(_LOCK.read_text("utf-8"), lock.read_text("utf-8"))
    if not newer:
        yield Row(
            _version_of(sys.executable), "newest", selection.tests, Outcome.NOT_RUN, f"they are those of {_LOCK.name}"
        )
        return
    row = _run("newest", sys.executable, ("--require-hashes", "--requirement", str(lock)), "newest", selection)
    yield row._replace(note="; ".join(filter(None, (row.note, f"newer: {', '.join(newer)}"))), is_gate=False)


def _lowest(selection: Selection) -> Iterator[Row]:
    wanted = (
        "--resolution",
        "lowest-direct",
        "--group",
        "test",
        "--group",
        "docs",
        "--editable",
        ".[otlp,server,load]",
    )
    yield _run("lowest", sys.executable, wanted, "lowest", selection)._replace(is_gate=False)


def _run(name: str, python: str, wanted: Iterable[str], versions: str, selection: Selection) -> Row:
    click.echo(f"\n{name}: tests without installed programs, {python}, versions: {versions}", err=True)
    folder, began = _FOLDER / name, time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    its_python = str(folder / "bin" / "python")
    try:
        _uv("venv", "--quiet", "--python", python, str(folder))
        _uv("pip", "install", "--quiet", "--python", its_python, *wanted)
        if "--require-hashes" in wanted:
            _uv("pip", "install", "--quiet", "--python", its_python, *_PACKAGE)
    except subprocess.CalledProcessError as error:
        note = f"the environment cannot be made: uv ended with exit code {error.returncode}"
        return Row(_version_of(python), versions, selection.tests, Outcome.FAILED, note)
    report = folder / "junit.xml"
    code = run_tests((its_python, "-m", "pytest"), (*selection.arguments, f"--junitxml={report}"))
    outcome = Outcome.FAILED if code else Outcome.PASSED
    note = f"{_count(report)} tests in {(time.monotonic() - began) / 60:.1f} min"
    return Row(_version_of(python), versions, selection.tests, outcome, note)


def _count(report: Path) -> int:
    return sum(int(suite.attrib["tests"]) for suite in ET.parse(report).iter("testsuite"))  # noqa: S314 - our own


def _uv(*arguments: str) -> None:
    subprocess.run([*_UV, *arguments], cwd=_ROOT, check=True)


def supported_pythons() -> list[str]:
    """
    The versions that the classifiers name.
    """
    names = [name for name in _PROJECT["classifiers"] if name.startswith(_CLASSIFIER)]
    return [name.removeprefix(_CLASSIFIER.removesuffix("3.")) for name in names]


def find_python(version: str) -> str | None:
    """
    An interpreter from PATH, from pyenv or from uv.
    """
    return next((python for python in _candidates(version) if _version_of(python).startswith(f"{version}.")), None)


def _candidates(version: str) -> Iterator[str]:
    yield from filter(None, [shutil.which(f"python{version}")])
    root = _answer("pyenv", "root")
    yield from (str(path) for path in sorted(Path(root).glob(f"versions/{version}.*/bin/python")) if root)
    yield _answer(*_UV, "python", "find", "--no-python-downloads", version)


def _version_of(python: str) -> str:
    return _answer(python, "-c", "import platform; print(platform.python_version())")


def _answer(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    main()

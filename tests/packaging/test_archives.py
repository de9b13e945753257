"""
The wheel and the source archive, built without network.
"""

import subprocess
import sys
import tarfile
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from support.dashboards import FILES

_ROOT = Path(__file__).parents[2]
_SHOW_DASHBOARDS = "from paceline.grafana import dashboard_files as d; print(d.__file__); print(*d.dashboards())"


def _build(source: Path, target: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


def _dashboards_in(wheel: Path) -> list[str]:
    """
    The names that the package in the wheel finds, instead of the package in the checkout.
    """
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(wheel)!r}); {_SHOW_DASHBOARDS}"]
    module, names = subprocess.run(
        command, cwd=wheel.parent, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert module.startswith(str(wheel))
    return names.split()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The unpacked source archive.
    """
    folder = tmp_path_factory.mktemp("sources")
    with tarfile.open(_build(_ROOT, "sdist", folder / "archive")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked


def test_a_wheel_has_the_dashboards(tmp_path: Path) -> None:
    """
    A wheel that is built from the repository finds all five.
    """
    assert _dashboards_in(_build(_ROOT, "wheel", tmp_path)) == [path.name for path in FILES]


def test_a_wheel_has_the_package_and_nothing_else(tmp_path: Path) -> None:
    """
    The package with its type marker, the licence, the command and the plugin; no test, no cache, no file of the root.
    """
    with ZipFile(_build(_ROOT, "wheel", tmp_path)) as wheel:
        names = wheel.namelist()
        metadata = message_from_bytes(wheel.read(next(name for name in names if name.endswith("/METADATA"))))
        entries = wheel.read(next(name for name in names if name.endswith("/entry_points.txt"))).decode().split()
    in_package = [name for name in names if name.startswith("paceline/")]
    about = {name.partition("/")[2] for name in names if name not in in_package}

    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert "paceline/py.typed" in in_package
    assert "paceline/alerting/runbooks/PacelineTestSlower.md" in in_package
    assert [name for name in in_package if "__pycache__" in name or "/tests/" in name] == []
    assert entries == [
        "[console_scripts]",
        "paceline",
        "=",
        "paceline.cli:main",
        "[pytest11]",
        "paceline",
        "=",
        "paceline.plugin",
    ]
    assert set(metadata.get_all("Provides-Extra") or ()) == {"load", "locust", "otlp", "server"}


def test_a_source_archive_has_all_that_the_tests_need(sources: Path) -> None:
    """
    Each folder and file of the repository that git knows, but those of the CI of this repository.
    """
    listed = subprocess.run(["git", "ls-files"], cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    known = {name for name in listed.splitlines() if not name.startswith((".ci/", ".github/"))}
    found = {str(path.relative_to(sources)) for path in sources.rglob("*") if path.is_file()}

    assert known - found == set()


def test_a_wheel_of_the_source_archive_is_the_same(tmp_path: Path, sources: Path) -> None:
    """
    pip builds this wheel where it gets no other one.
    """
    wheel, rebuilt = _build(_ROOT, "wheel", tmp_path / "first"), _build(sources, "wheel", tmp_path / "second")

    assert rebuilt.read_bytes() == wheel.read_bytes()


def test_the_image_has_the_dashboards(tmp_path: Path) -> None:
    """
    The files that the Dockerfile copies, and .dockerignore lets through, are enough to build a whole wheel.
    """
    lines = (_ROOT / "Dockerfile").read_text("utf-8").partition("RUN ")[0].splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    admitted = [line[1:] for line in (_ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"]
    context = tmp_path / "context"
    context.mkdir()
    for name in copied:
        (context / name).parent.mkdir(exist_ok=True)
        (context / name).symlink_to(_ROOT / name)

    assert [name for name in copied if name not in admitted] == []
    assert _dashboards_in(_build(context, "wheel", tmp_path / "built")) == [path.name for path in FILES]

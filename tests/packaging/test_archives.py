"""
The wheel and the source archive, built without network.
"""

import subprocess
import sys
import tarfile
from pathlib import Path

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

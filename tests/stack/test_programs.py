"""
Where programs are found.
"""

from pathlib import Path

import pytest

from paceline.errors import StackError
from paceline.stack.programs import ALERTMANAGER, PROMETHEUS, Programs, default_cache


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A PATH with nothing on it.
    """
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path / "path"


def _program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch(mode=0o755)
    return folder / name


def test_the_folder_goes_before_path_and_path_before_what_was_fetched(tmp_path: Path, path: Path) -> None:
    """
    Each is found where the ones before have none.
    """
    programs, cache = Programs(tmp_path / "cache", tmp_path / "folder"), tmp_path / "cache"
    places = [cache / "debian" / "usr" / "bin", cache / "prometheus-3.5.0.linux-amd64", path, tmp_path / "folder"]
    found = [programs.find(PROMETHEUS)]
    for place in places:
        _program(place, "prometheus")
        found.append(programs.find(PROMETHEUS))

    assert found == [None, *(place / "prometheus" for place in places)]


def test_a_program_may_have_the_name_of_debian(path: Path, tmp_path: Path) -> None:
    """
    As root installs it; unpacked elsewhere it does not find its templates.
    """
    programs = Programs(tmp_path / "cache")
    _program(tmp_path / "cache" / "debian" / "usr" / "bin", "prometheus-alertmanager")
    unpacked = programs.find(ALERTMANAGER)
    installed = _program(path, "prometheus-alertmanager")

    assert (unpacked, programs.find(ALERTMANAGER)) == (None, installed)


def test_a_program_that_cannot_be_fetched_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With what was tried: there is no such machine, and no `go` on PATH.
    """
    monkeypatch.setattr("platform.machine", lambda: "m68k")
    with pytest.raises(StackError) as caught:
        Programs(tmp_path / "cache").have(ALERTMANAGER)

    assert str(caught.value) == (
        "no alertmanager could be fetched: the release that is looked for is for Linux on x86_64; "
        "go: No such file or directory"
    )


def test_what_is_there_is_not_fetched(tmp_path: Path, path: Path) -> None:
    """
    Asking for it twice is one file.
    """
    there = _program(path, "prometheus")

    assert Programs(tmp_path / "cache").have(PROMETHEUS) == there


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/somewhere"}, Path("/somewhere/paceline/programs")),
        ({}, Path.home() / ".cache" / "paceline" / "programs"),
    ],
)
def test_programs_of_a_user_are_kept_where_caches_are(environ: dict[str, str], expected: Path) -> None:
    """
    As the environment says it.
    """
    assert default_cache(environ) == expected

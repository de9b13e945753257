"""
Where programs are found.
"""

import sys
from pathlib import Path

import pytest

from paceline.errors import StackError
from paceline.stack.programs import ALERTMANAGER, PROMETHEUS, Programs, default_cache
from support.wording import NO_FILE

_NOT_FETCHED = """downloading alertmanager into DIR/cache
  from https://github.com/prometheus/alertmanager/releases/download/v0.28.1
  failed: there is no official release for Linux on m68k
  from its source (go install github.com/prometheus/alertmanager/cmd/alertmanager): minutes, and 1 GB until it is built
  failed: go: REASON"""
_FETCHED = """downloading prometheus into DIR/cache
  from https://github.com/prometheus/prometheus/releases/download/v3.5.0
  failed: there is no official release for Linux on m68k
  from the package prometheus of this system (apt-get download)
  got DIR/cache/debian/usr/bin/prometheus"""


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
    told: list[str] = []
    monkeypatch.setattr("platform.machine", lambda: "m68k")
    with pytest.raises(StackError) as caught:
        Programs(tmp_path / "cache", tell=told.append).have(ALERTMANAGER)

    assert "\n".join(told) == _NOT_FETCHED.replace("DIR", str(tmp_path)).replace("REASON", NO_FILE)
    assert str(caught.value) == (
        f"no alertmanager could be downloaded: there is no official release for Linux on m68k; go: {NO_FILE}"
    )


def test_each_step_of_fetching_is_told(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    From where, into which folder, and what came of it; here from a package that these two make.
    """
    told: list[str] = []
    monkeypatch.setattr("platform.machine", lambda: "m68k")
    _program(path, "apt-get").write_text("#!/bin/sh\n: > prometheus_1_all.deb\n")
    unpack = f"#!{sys.executable}\nfrom pathlib import Path\nPath('debian/usr/bin').mkdir(parents=True)\n"
    _program(path, "dpkg").write_text(f"{unpack}Path('debian/usr/bin/prometheus').touch(mode=0o755)\n")
    found = Programs(tmp_path / "cache", tell=told.append).have(PROMETHEUS)

    assert found == tmp_path / "cache" / "debian" / "usr" / "bin" / "prometheus"
    assert not list(tmp_path.rglob("*.deb"))
    assert "\n".join(told) == _FETCHED.replace("DIR", str(tmp_path))


def test_a_build_leaves_the_program_only(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Neither modules nor objects, in the folder of programs or elsewhere; here of a `go` that writes where it is told to.
    """
    monkeypatch.setattr("platform.machine", lambda: "m68k")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write = "mkdir -p $GOPATH/pkg $GOMODCACHE/x $GOCACHE/y $GOBIN && : > $GOBIN/alertmanager && chmod 755 $GOBIN/*"
    _program(path, "go").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{write}\n")
    cache = tmp_path / "cache"
    found = Programs(cache).have(ALERTMANAGER)

    assert found == cache / "go" / "alertmanager"
    assert sorted(cache.rglob("*")) == [cache / ".lock", cache / "go", found]
    assert not (tmp_path / "home").exists()


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

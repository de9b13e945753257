"""
Secrets that a project has where Paceline looks.
"""

import gzip
import subprocess
from pathlib import Path

from support.servers import free_port
from support.suite import Suite

_TESTS = """
    import os
    import sqlite3
    import urllib.request

    import pytest


    @pytest.mark.parametrize("password", ["{parameter}"])
    def test_login(password):
        sqlite3.connect(":memory:").execute("select '{statement}'")


    @pytest.mark.parametrize("url", ["https://ann:{address}@example.org/"])
    def test_address(url): pass


    def test_exception():
        raise RuntimeError("login with password={exception} failed; " + os.environ["SHOP_API_KEY"])
"""
_PLACES = ("parameter", "statement", "address", "exception", "environment", "remote", "author", "token", "history")
_SECRETS = {place: f"Zq9planted{place}Xw7" for place in _PLACES}


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", f"user.name={_SECRETS['author']}", "-c", f"user.email={_SECRETS['author']}@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def _contents(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


def test_planted_secrets_are_found_nowhere(suite: Suite) -> None:
    """
    Neither in the report, nor in a file of the results folder, the run that waits for a server among them.
    """
    suite.write("test_shop.py", _TESTS.format(**_SECRETS))
    _git(suite.folder, "init", "--quiet")
    _git(suite.folder, "remote", "add", "origin", f"https://ann:{_SECRETS['remote']}@example.org/shop.git")
    _git(suite.folder, "add", ".")
    _git(suite.folder, "commit", "--quiet", "-m", "Add a shop")
    push = f"http://127.0.0.1:{free_port()}"
    environ = {
        "SHOP_API_KEY": _SECRETS["environment"],
        "PACELINE_PUSH_TOKEN": _SECRETS["token"],
        "PACELINE_SUITE": "",
    }
    result = suite.run(
        f"--paceline-push=http://ann:{_SECRETS['history']}@{push.removeprefix('http://')}", environ=environ
    )
    files = _contents(suite.results)

    assert len(result.run.cases) == 3
    assert any(name.startswith(".outbox/") for name in files), sorted(files)
    found = [(name, place) for name, data in files.items() for place in _PLACES if _SECRETS[place].encode() in data]
    assert found == []
    assert [place for place in _PLACES if _SECRETS[place] in result.section()] == []


def test_what_waits_for_a_server_is_private(suite: Suite) -> None:
    """
    Reports follow the umask, as people share them; the outbox is its owner's.
    """
    suite.write("test_shop.py", "def test_a(): pass")
    suite.run(f"--paceline-push=http://127.0.0.1:{free_port()}")
    (waiting,) = (path for path in (suite.results / ".outbox").rglob("*.gz"))

    assert waiting.stat().st_mode & 0o777 == 0o600

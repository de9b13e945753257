"""
The runner of git.
"""

import subprocess
import time
from pathlib import Path

import psutil
import pytest

from paceline.git import Git, GitError


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """
    A repository without commits.
    """
    subprocess.run(["git", "-C", str(tmp_path), "init", "--quiet", "--initial-branch=main"], check=True)
    return tmp_path


def test_git_answers(repository: Path) -> None:
    """
    Its standard output comes as it is, after it ran in the background.
    """
    running = Git(repository, "symbolic-ref", "HEAD")

    assert running.output() == "refs/heads/main\n"
    running.kill()


def test_a_failure_says_the_command(repository: Path) -> None:
    """
    With what git wrote, or its exit code where it wrote nothing.
    """
    messages = []
    for arguments in (["rev-parse", "--verify", "HEAD"], ["rev-parse", "--verify", "--quiet", "HEAD"]):
        with pytest.raises(GitError) as caught:
            Git(repository, *arguments).output()
        messages.append(str(caught.value))

    assert messages[0].startswith("git rev-parse: fatal: ")
    assert messages[1] == "git rev-parse: exit code 1"


def test_a_machine_without_git_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    When the answer is asked for, as nobody may wait for one.
    """
    monkeypatch.setenv("PATH", str(repository))
    running = Git(repository, "status")
    running.kill()

    with pytest.raises(GitError, match="git cannot be started: "):
        running.output()


def test_a_git_that_hangs_is_killed(repository: Path) -> None:
    """
    With the programs that it started, which would keep its output open.
    """
    running = Git(repository, "-c", "alias.hang=!sleep 300; echo", "hang")
    deadline = time.monotonic() + 60
    while not (started := _children("sleep")) and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(GitError, match=r"no answer within 0\.1 s"):
        running.output(0.1)

    assert started
    assert psutil.wait_procs(started, timeout=60)[1] == []


def _children(name: str) -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name() == name]

"""
A real repository, and commits of it in temporary work trees.
"""

import signal
from pathlib import Path

import pytest

from paceline.ab.repository import Repository, undisturbed
from paceline.errors import TrialError
from support.repository import Project


def _state(project: Project) -> tuple[str, bytes]:
    return project.git("status", "--porcelain"), (project.folder / ".git" / "index").read_bytes()


def test_a_version_is_checked_out_and_removed(project: Project, tmp_path: Path) -> None:
    """
    The work tree has the files of that commit, and is gone afterwards, also from git's list.
    """
    project.commit("shop.py", "FACTOR = 2\n")
    repository = Repository.around(project.folder)
    with repository.checked_out(repository.version("HEAD~1"), tmp_path / "base") as folder:
        content = (folder / "shop.py").read_text("utf-8")

    assert content == "FACTOR = 1\n"
    assert project.work_trees() == [project.folder]
    assert not folder.exists()


def test_a_work_tree_is_removed_when_something_fails(project: Project, tmp_path: Path) -> None:
    """
    Ctrl-C in the middle leaves nothing.
    """
    repository = Repository.around(project.folder)
    with pytest.raises(KeyboardInterrupt), repository.checked_out(repository.version("HEAD"), tmp_path / "base"):
        raise KeyboardInterrupt

    assert project.work_trees() == [project.folder]


def test_the_work_tree_as_it_is(project: Project, tmp_path: Path) -> None:
    """
    Changed, new and removed files are in it; the user's files, index and branches are untouched.
    """
    project.commit("old.py", "")
    project.write("shop.py", "FACTOR = 3\n")
    project.write("new.py", "")
    (project.folder / "old.py").unlink()
    before = _state(project)
    repository = Repository.around(project.folder)
    version = repository.work_tree_version()
    with repository.checked_out(version, tmp_path / "head") as folder:
        names = sorted(path.name for path in folder.glob("*.py"))
        content = (folder / "shop.py").read_text("utf-8")

    assert (names, content) == (["new.py", "shop.py"], "FACTOR = 3\n")
    assert _state(project) == before
    assert version.name == f"the work tree ({project.git('rev-parse', 'HEAD')[:10]} with changes)"


def test_a_clean_work_tree_is_its_commit(project: Project) -> None:
    """
    No commit is made where nothing was changed.
    """
    assert Repository.around(project.folder).work_tree_version().commit == project.git("rev-parse", "HEAD")


def test_a_version_is_named_with_its_commit(project: Project) -> None:
    """
    A branch is shown with what it was then; a commit is its own name.
    """
    commit = project.git("rev-parse", "HEAD")
    repository = Repository.around(project.folder)

    assert repository.version("main").name == f"main ({commit[:10]})"
    assert repository.version(commit[:12]).name == commit[:12]


def test_an_unknown_reference(project: Project) -> None:
    """
    The error names it, the repository, and what was expected.
    """
    with pytest.raises(TrialError) as caught:
        Repository.around(project.folder).version("nowhere")

    assert str(caught.value) == (f"'nowhere' is not a commit of {project.folder}, expected a branch, a tag or a commit")


def test_a_folder_outside_of_git(tmp_path: Path) -> None:
    """
    The error names it, and says what git said.
    """
    with pytest.raises(TrialError) as caught:
        Repository.around(tmp_path)

    assert str(caught.value).startswith(f"{tmp_path}: expected a folder in a git work tree: git rev-parse: ")


def test_hooks_of_the_user_do_not_run(project: Project, tmp_path: Path) -> None:
    """
    A post-checkout hook is about the user's own work tree.
    """
    hook = project.write(".git/hooks/post-checkout", f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    hook.chmod(0o755)
    repository = Repository.around(project.folder)
    with repository.checked_out(repository.version("HEAD"), tmp_path / "base"):
        pass

    assert not (tmp_path / "ran").exists()


def test_ctrl_c_waits_for_the_end_of_cleaning() -> None:
    """
    What must not be disturbed is not, and afterwards everything is as it was.
    """
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before

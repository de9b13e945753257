"""
A git repository, and commits of it in temporary work trees.
"""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from msgspec import Struct

from paceline.errors import TrialError
from paceline.formatting import short_commit
from paceline.git import Git, GitError

WORK_TREE = "the work tree"
# A user's hooks are about their own work tree.
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_AUTHOR = {
    "GIT_AUTHOR_NAME": "paceline",
    "GIT_AUTHOR_EMAIL": "paceline@localhost",
    "GIT_COMMITTER_NAME": "paceline",
    "GIT_COMMITTER_EMAIL": "paceline@localhost",
}


class Version(Struct, frozen=True):
    """
    A commit, and what to call it.
    """

    commit: str
    name: str


class Repository(Struct, frozen=True):
    """
    The user's repository; its work tree and its index are only read.
    """

    root: Path

    @classmethod
    def around(cls, folder: Path) -> Self:
        """
        The repository that a folder is in.

        Raises:
            TrialError: the folder is in no git repository, or git is not installed.
        """
        try:
            return cls(Path(_git(folder, "rev-parse", "--show-toplevel")).resolve())
        except TrialError as error:
            raise TrialError(f"{folder}: expected a folder in a git work tree: {error}") from error

    def version(self, reference: str) -> Version:
        """
        The commit that a branch, a tag or an expression such as HEAD~1 names.

        Raises:
            TrialError: the reference names no commit.
        """
        try:
            commit = _git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
        except TrialError as error:
            raise TrialError(
                f"{reference!r} is not a commit of {self.root}, expected a branch, a tag or a commit"
            ) from error
        return Version(commit, reference if commit.startswith(reference) else f"{reference} ({short_commit(commit)})")

    def work_tree_version(self) -> Version:
        """
        The work tree as it is, with changed and new files, as a commit that no branch knows.

        Raises:
            TrialError: git cannot read the work tree.
        """
        head = self.version("HEAD").commit
        with tempfile.TemporaryDirectory(prefix="paceline-index-") as folder:
            index = Path(folder) / "index"
            known = self.root / _git(self.root, "rev-parse", "--git-path", "index")
            if known.is_file():
                shutil.copyfile(known, index)
            environ = {"GIT_INDEX_FILE": str(index), **_AUTHOR}
            _git(self.root, "add", "--all", environ=environ)
            tree = _git(self.root, "write-tree", environ=environ)
        if tree == _git(self.root, "rev-parse", "HEAD^{tree}"):
            return Version(head, f"{WORK_TREE} ({short_commit(head)})")
        commit = _git(self.root, "commit-tree", tree, "-p", head, "-m", WORK_TREE, environ=_AUTHOR)
        return Version(commit, f"{WORK_TREE} ({short_commit(head)} with changes)")

    @contextmanager
    def checked_out(self, version: Version, folder: Path) -> Iterator[Path]:
        """
        A work tree of a version, which is removed at the end, however that comes.

        Args:
            version: what to check out.
            folder: where; not there yet.

        Raises:
            TrialError: git cannot make the work tree.
        """
        try:
            _git(self.root, *_NO_HOOKS, "worktree", "add", "--detach", "--quiet", str(folder), version.commit)
            yield folder
        finally:
            with undisturbed():
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        # Twice forced: one that git was ended in the making of is locked.
        if f"worktree {folder}" in _git(self.root, "worktree", "list", "--porcelain").splitlines():
            _git(self.root, "worktree", "remove", "--force", "--force", str(folder))


@contextmanager
def undisturbed() -> Iterator[None]:
    """
    Let nobody who presses Ctrl-C once more leave something behind.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _git(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    try:
        return Git(folder, *arguments, environ=_without_git(os.environ) | dict(environ or {})).output().strip()
    except GitError as error:
        raise TrialError(str(error)) from error


def _without_git(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Without what a hook or an alias of git sets, which would lead to its work tree and index.
    """
    return {key: value for key, value in environ.items() if key not in {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}}

"""
A small project in a git repository of its own.
"""

import os
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

_ENVIRON = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "someone",
    "GIT_AUTHOR_EMAIL": "someone@localhost",
    "GIT_COMMITTER_NAME": "someone",
    "GIT_COMMITTER_EMAIL": "someone@localhost",
}


@dataclass(frozen=True)
class Project:
    """
    Writes files and commits them.
    """

    folder: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.folder, *arguments],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, **_ENVIRON},
        )
        return done.stdout.strip()

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), "utf-8")
        return path

    def commit(self, name: str, content: str) -> str:
        """
        Write a file and commit everything.
        """
        self.write(name, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {name}")
        return self.git("rev-parse", "HEAD")

    def work_trees(self) -> list[Path]:
        """
        The work trees that git knows of.
        """
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]


def make_project(folder: Path) -> Project:
    """
    A repository with one commit on main.
    """
    folder.mkdir()
    project = Project(folder)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.commit("shop.py", "FACTOR = 1\n")
    return project

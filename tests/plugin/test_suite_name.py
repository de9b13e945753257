"""
The name of a suite that the project does not name.
"""

import subprocess
from pathlib import Path

import pytest

from support.suite import QUIET, Suite


@pytest.mark.parametrize(
    ("content", "name"),
    [("", "shop"), ('[project]\nname = "web"\n', "web"), ('[tool.paceline]\nsuite = "till"\n', "till")],
)
def test_a_folder_of_a_ci_executor_names_no_suite(tmp_path: Path, content: str, name: str) -> None:
    """
    Jenkins gives each executor a folder with a name of its own; the name of the project or the repository stays.
    """
    suites = [Suite(tmp_path / folder) for folder in ("shop_PR-12", "shop_PR-12@2")]
    for suite in suites:
        del suite.environ["PACELINE_SUITE"]
        suite.write("test_cart.py", "def test_total(): pass")
        suite.write("pyproject.toml", content)
        subprocess.run(["git", "init", "--quiet"], cwd=suite.folder, check=True)
        remote = ["git", "remote", "add", "origin", "git@host.example:team/shop.git"]
        subprocess.run(remote, cwd=suite.folder, check=True)

    assert [suite.run(*QUIET).run.suite for suite in suites] == [name, name]

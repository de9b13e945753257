"""
Where a run comes from.
"""

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from paceline.run_origin import OriginFinder, RunOrigin, find_environment, repository_name

_IDENTITY = ("-c", "user.name=eve", "-c", "user.email=eve@shop.example")


def _git(folder: Path, *arguments: str) -> str:
    process = subprocess.run(
        ["git", *_IDENTITY, *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return process.stdout.strip()


def _find(folder: Path, environ: Mapping[str, str] | None = None, default_branch: str = "") -> RunOrigin:
    return OriginFinder(folder, environ or {}, default_branch).find()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """
    A repository with one commit on the branch main.
    """
    _git(tmp_path, "init", "--initial-branch=main")
    (tmp_path / "cart.py").write_text("total = 0\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-m", "Begin")
    return tmp_path


def test_a_clean_work_tree_is_its_commit(repository: Path) -> None:
    """
    Branch and commit are git's; notes that git does not know change nothing.
    """
    (repository / "notes.txt").write_text("untracked")
    commit = _git(repository, "rev-parse", "HEAD")

    assert _find(repository) == RunOrigin(branch="main", default_branch="main", commit=commit, dirty=False)


def test_a_changed_file_makes_it_dirty(repository: Path) -> None:
    """
    The code is no longer that of the commit.
    """
    (repository / "cart.py").write_text("total = 1\n")

    assert _find(repository).dirty


def test_a_module_that_no_commit_has_makes_it_dirty(repository: Path) -> None:
    """
    As a test that was just written; modules of an environment and of a build do not count, nor do ignored ones.
    """
    (repository / ".gitignore").write_text("made.py\n")
    for folder in ("venv/lib/python3.12/site-packages", "build/lib", "tests"):
        (repository / folder).mkdir(parents=True)
    for path in ("venv/lib/python3.12/site-packages/cart.py", "build/lib/cart.py", "made.py"):
        (repository / path).write_text("total = 0\n")
    is_dirty_before = _find(repository).dirty
    (repository / "tests" / "test_cart.py").write_text("def test_total(): pass\n")

    assert not is_dirty_before
    assert _find(repository).dirty


def test_a_folder_within_the_work_tree_will_do(repository: Path) -> None:
    """
    The project need not be the root of the repository.
    """
    (repository / "shop").mkdir()

    assert _find(repository / "shop").commit == _git(repository, "rev-parse", "HEAD")


def test_a_topic_has_a_default_branch(repository: Path) -> None:
    """
    The branch that is called main or master.
    """
    _git(repository, "switch", "-c", "topic")
    origin = _find(repository)

    assert (origin.branch, origin.default_branch) == ("topic", "main")


def test_the_base_of_a_branch_is_where_it_left_the_default_branch(repository: Path) -> None:
    """
    Also the parent of its commit, and the commit itself where a file is changed.
    """
    left = _git(repository, "rev-parse", "HEAD")
    _git(repository, "switch", "-c", "topic")
    for subject in ("one", "two"):
        _git(repository, "commit", "--allow-empty", "-m", subject)
    clean = _find(repository).base_commits
    (repository / "cart.py").write_text("total = 1\n")

    assert clean == (_git(repository, "rev-parse", "HEAD~1"), left)
    assert _find(repository).base_commits == (_git(repository, "rev-parse", "HEAD"), *clean)


def test_the_newer_default_branch_is_the_base(repository: Path) -> None:
    """
    The local one is often behind that of the remote.
    """
    _git(repository, "switch", "-c", "topic")
    _git(repository, "commit", "--allow-empty", "-m", "newer")
    newer = _git(repository, "rev-parse", "HEAD")
    _git(repository, "update-ref", "refs/remotes/origin/main", newer)
    for subject in ("one", "two"):
        _git(repository, "commit", "--allow-empty", "-m", subject)

    assert _find(repository).base_commits == (_git(repository, "rev-parse", "HEAD~1"), newer)


def test_the_merge_of_a_shallow_clone_has_a_base(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    The jobs of pull requests check out such a merge, of one commit.
    """
    _git(repository, "switch", "-c", "topic")
    _git(repository, "commit", "--allow-empty", "-m", "change")
    _git(repository, "switch", "main")
    _git(repository, "commit", "--allow-empty", "-m", "other")
    base = _git(repository, "rev-parse", "HEAD")
    _git(repository, "switch", "--detach")
    _git(repository, "merge", "--no-ff", "-m", "Merge topic", "topic")
    _git(repository, "branch", "merged")
    clone = tmp_path_factory.mktemp("clone")
    _git(clone, "clone", "--quiet", "--depth=1", "--branch=merged", repository.as_uri(), ".")

    assert _find(clone, {"GITHUB_HEAD_REF": "topic"}).base_commits == (base,)


def test_the_remote_knows_the_default_branch(repository: Path) -> None:
    """
    Better than its name does.
    """
    _git(repository, "update-ref", "refs/remotes/origin/develop", "HEAD")
    _git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")

    assert _find(repository).default_branch == "develop"
    assert _find(repository, {"CI_DEFAULT_BRANCH": "stable"}).default_branch == "stable"
    assert _find(repository, {"CI_DEFAULT_BRANCH": "stable"}, "release").default_branch == "release"


def test_an_older_commit_is_on_no_branch(repository: Path) -> None:
    """
    A bisect fills the past of no branch that is judged; where git knows nothing at all, there is one branch.
    """
    _git(repository, "commit", "--allow-empty", "-m", "later")
    _git(repository, "switch", "--detach", "HEAD~1")

    assert _find(repository, {}).branch == "detached"


def test_a_detached_head_is_on_the_default_branch(repository: Path) -> None:
    """
    Where CI checks out a commit, git knows no branch; the variables of CI do.
    """
    _git(repository, "switch", "--detach")
    branches = [
        _find(repository, environ).branch
        for environ in (
            {},
            {"GITHUB_REF_NAME": "12/merge"},
            {"GITHUB_REF_NAME": "12/merge", "GITHUB_HEAD_REF": "topic"},
            {"GITHUB_HEAD_REF": "topic", "PACELINE_BRANCH": "mine"},
        )
    ]

    assert branches == ["main", "12/merge", "topic", "mine"]


@pytest.mark.parametrize(
    "variable",
    [
        "GITHUB_BASE_REF",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        "BITBUCKET_PR_DESTINATION_BRANCH",
        "CHANGE_TARGET",
    ],
)
def test_ci_names_the_branch_that_a_pull_request_is_merged_into(repository: Path, variable: str) -> None:
    """
    `PACELINE_TARGET_BRANCH` overrides it; GitHub sets its variable to nothing where there is no pull request.
    """
    ours = {variable: "release", "PACELINE_TARGET_BRANCH": "stable"}

    assert _find(repository, {variable: "release"}).target_branch == "release"
    assert _find(repository, ours).target_branch == "stable"
    assert _find(repository, {variable: ""}).target_branch == ""


def test_a_fork_may_have_a_branch_of_the_same_name(repository: Path) -> None:
    """
    The runs of its pull request are not runs of the branch that it is to be merged into.
    """
    found = _find(repository, {"GITHUB_HEAD_REF": "main", "GITHUB_BASE_REF": "main"})
    ours = _find(repository, {"PACELINE_TARGET_BRANCH": "main"})

    assert (found.branch, found.target_branch) == ("fork:main", "main")
    assert (ours.branch, ours.target_branch) == ("main", "")


def test_ci_may_name_the_commit(repository: Path) -> None:
    """
    Where the checkout is a merge of its own, the commit that was pushed is meant.
    """
    origins = [
        _find(repository, environ)
        for environ in ({"GITHUB_SHA": "4f2c"}, {"GITHUB_SHA": "4f2c", "PACELINE_COMMIT": "a1"})
    ]

    assert [origin.commit for origin in origins] == ["4f2c", "a1"]


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    """
    The branch is known already.
    """
    _git(tmp_path, "init", "--initial-branch=trunk")

    assert _find(tmp_path) == RunOrigin(branch="trunk", default_branch="trunk", commit="", dirty=False)


def test_without_git_the_branch_is_main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Neither a folder without a repository nor a machine without git is an error.
    """
    unversioned = _find(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    without_git = _find(tmp_path)

    assert unversioned == without_git == RunOrigin(branch="main", default_branch="main", commit="", dirty=False)


def test_asking_changes_no_file_of_git(repository: Path) -> None:
    """
    An index that is locked or refreshed in the background would disturb who works there.
    """
    os.utime(repository / "cart.py", (0, 0))
    before = {path: path.read_bytes() for path in (repository / ".git").rglob("*") if path.is_file()}
    _find(repository)

    assert {path: path.read_bytes() for path in (repository / ".git").rglob("*") if path.is_file()} == before


def test_nobody_has_to_wait_for_the_answer(repository: Path) -> None:
    """
    A session that ends before it asks ends git, and one that asked has nothing to end.
    """
    finder = OriginFinder(repository, {})
    finder.close()
    asked = OriginFinder(repository, {})
    origin = asked.find()
    asked.close()

    assert origin.branch == "main"
    assert [child for child in psutil.Process().children() if child.name() == "git"] == []


@pytest.mark.parametrize(
    "address",
    ["git@host.example:team/shop.git", "https://me:word@host.example/team/shop.git/", "/srv/git/shop", "C:\\git\\shop"],
)
def test_a_repository_is_called_as_its_remote(repository: Path, address: str) -> None:
    """
    Whatever its folder is called, as by Jenkins; a folder within it is another project.
    """
    (repository / "web").mkdir()
    _git(repository, "remote", "add", "origin", address)

    assert (repository_name(repository), repository_name(repository / "web")) == ("shop", "")


def test_a_repository_without_a_remote_has_no_name(repository: Path) -> None:
    """
    Nor has a folder without a repository.
    """
    assert (repository_name(repository), repository_name(repository.parent)) == ("", "")


def test_the_environment_is_that_of_the_interpreter() -> None:
    """
    Version, implementation, system and CPUs that may be used.
    """
    assert find_environment({}) == {
        "python": platform.python_version(),
        "implementation": "CPython",
        "os": "linux",
        "cpus": len(os.sched_getaffinity(0)),
    }


@pytest.mark.parametrize(
    ("environ", "ci"),
    [
        ({"CI": "true"}, "unknown"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab"),
        ({"JENKINS_URL": "https://ci.shop.example"}, "jenkins"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"CI": ""}, None),
    ],
)
def test_the_ci_system_is_known(environ: dict[str, str], ci: str | None) -> None:
    """
    By its own variable, and by the common one where there is no other.
    """
    assert find_environment(environ).get("ci") == ci

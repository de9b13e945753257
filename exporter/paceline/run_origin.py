"""
Where a run comes from: suite, branch, commit, and the environment. Each is found by asking a list in order.
"""

import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import MsgspecError, Struct, json

from paceline.git import Git, GitError
from paceline.identity import safe_text

FALLBACK_BRANCH = "main"
_GIT_SECONDS = 5.0
# Code that no commit has yet: modules, without those of an environment or a build in the project.
_NEW_CODE = ("*.py", *(f":(exclude,glob)**/{name}" for name in ("site-packages/**", "build/**", "activate_this.py")))
# Names that most repositories give to their default branch, the likeliest first.
_USUAL_DEFAULTS = ("main", "master", "trunk")
_DETACHED = "(detached)"
# Variables of CI systems, where a checkout is often a bare commit that git knows no branch of.
_BRANCH_VARIABLES = (
    "PACELINE_BRANCH",
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_REF_NAME",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "BITBUCKET_BRANCH",
    "CHANGE_BRANCH",
    "BRANCH_NAME",
)
_COMMIT_VARIABLES = ("PACELINE_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1")
_DEFAULT_BRANCH_VARIABLES = (
    "PACELINE_DEFAULT_BRANCH",
    "CI_DEFAULT_BRANCH",
    "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
)
# The branch that a pull request is to be merged into.
_TARGET_BRANCH = "PACELINE_TARGET_BRANCH"
_TARGET_BRANCH_VARIABLES = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
)
_CI_SYSTEMS = {
    "GITHUB_ACTIONS": "github",
    "GITLAB_CI": "gitlab",
    "BUILDKITE": "buildkite",
    "CIRCLECI": "circleci",
    "BITBUCKET_BUILD_NUMBER": "bitbucket",
    "JENKINS_URL": "jenkins",
    "TEAMCITY_VERSION": "teamcity",
    "TF_BUILD": "azure",
    "CI": "unknown",
}


class RunOrigin(Struct, frozen=True, kw_only=True):
    """
    Branch and commit of the code under test, and the default branch of its repository; `commit` is "" where it is
    unknown. `dirty` says that a file differs from the commit, or that a module is in no commit. `target_branch` and
    `base_commits` are as in `Run`.
    """

    branch: str
    default_branch: str
    target_branch: str = ""
    commit: str = ""
    dirty: bool = False
    base_commits: tuple[str, ...] = ()


class OriginFinder:
    """
    Asks git in the background from the start of a run, so that nobody waits: `git status` of a large work tree
    takes longer than many a test suite.

    Args:
        root: a folder of the project.
        environ: the environment.
        default_branch: the name where the configuration gives it, else "".
    """

    def __init__(self, root: Path, environ: Mapping[str, str] = os.environ, default_branch: str = "") -> None:
        self._root: Final = root
        self._environ: Final = environ
        self._default_branch: Final = default_branch
        self._status = Git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
        self._new_code = Git(root, "ls-files", "--others", "--exclude-standard", "--", *_NEW_CODE)
        self._head = Git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
        # A shallow clone of CI hides the parents of its commits from all other commands.
        self._commit = Git(root, "cat-file", "commit", "HEAD")

    def find(self) -> RunOrigin:
        """
        The origin; waits for git at most a few seconds.
        """
        status, new_code, head = _answer(self._status), _answer(self._new_code), _answer(self._head)
        headers = dict(re.findall(r"^# branch\.(oid|head) (.+)$", status, re.MULTILINE))
        named = _first(self._environ, _BRANCH_VARIABLES)
        default = self._find_default(head.strip().removeprefix("origin/"), named or headers.get("head", ""))
        commit = _first(self._environ, _COMMIT_VARIABLES) or headers.get("oid", "").replace("(initial)", "")
        branch, target = self._in_pull_request(named or self._find_branch(headers, default))
        dirty = bool(new_code) or any(line and not line.startswith("#") for line in status.splitlines())
        oid = headers.get("oid", "")
        bases = dict.fromkeys((oid, self._parent(), self._merge_base(branch, default)))
        return RunOrigin(
            branch=safe_text(branch),
            default_branch=safe_text(default),
            target_branch=safe_text(target),
            commit=commit,
            dirty=dirty,
            base_commits=tuple(base for base in bases if base and (dirty or base != oid)),
        )

    def close(self) -> None:
        """
        End what still runs; to be called also where nobody asked.
        """
        self._status.kill()
        self._new_code.kill()
        self._head.kill()
        self._commit.kill()

    def _parent(self) -> str:
        """
        The first parent: of the merge that CI makes for a pull request, that is the branch to merge into.
        """
        found = re.search(r"\Atree .+\nparent (\w+)", _answer(self._commit))
        return found[1] if found else ""

    def _merge_base(self, branch: str, default: str) -> str:
        """
        Where a branch left the default branch, here or at the remote, whichever is newer.
        """
        if branch == default:
            return ""
        tips = _answer(Git(self._root, "for-each-ref", "--format=%(objectname)", *_references(default))).split()
        return _answer(Git(self._root, "merge-base", "HEAD", *tips)).strip() if tips else ""

    def _in_pull_request(self, branch: str) -> tuple[str, str]:
        """
        The branch, and the one that a pull request merges it into. The runs of a fork's branch are not runs of the
        branch with the same name.
        """
        target = _first(self._environ, _TARGET_BRANCH_VARIABLES)
        own = f"fork:{branch}" if branch == target else branch
        target = self._environ.get(_TARGET_BRANCH) or target
        return own, target if target != own else ""

    def _find_branch(self, headers: Mapping[str, str], default: str) -> str:
        branch = headers.get("head", "")
        if branch != _DETACHED:
            return branch or default
        # Of a bisect, or of a CI system that nobody knows: the past of the default branch has no place for it.
        commits = _answer(Git(self._root, "for-each-ref", "--format=%(objectname)", *_references(default)))
        return default if headers.get("oid") in commits.split() else _DETACHED.strip("()")

    def _find_default(self, remote_head: str, branch: str) -> str:
        guesses: Sequence[Callable[[], str]] = (
            lambda: self._default_branch,
            lambda: _first(self._environ, _DEFAULT_BRANCH_VARIABLES),
            lambda: _default_of_event(self._environ.get("GITHUB_EVENT_PATH", "")),
            lambda: remote_head,
            lambda: branch if branch in _USUAL_DEFAULTS else "",
            lambda: _usual_default(self._root),
        )
        return next((name for guess in guesses if (name := guess())), FALLBACK_BRANCH)


def find_origin(root: Path, default_branch: str = "", environ: Mapping[str, str] = os.environ) -> RunOrigin:
    """
    Find the origin of the code in a folder, and wait for git; see `OriginFinder`.
    """
    finder = OriginFinder(root, environ, default_branch)
    try:
        return finder.find()
    finally:
        finder.close()


def repository_name(root: Path) -> str:
    """
    The name of the repository, as the address of its remote `origin` ends; "" without one.

    A folder of a CI job is called as its executor likes. A folder within a repository is not the repository.
    """
    if not (root / ".git").exists():
        return ""
    address = _answer(Git(root, "config", "--get", "remote.origin.url")).strip().rstrip("/")
    return re.split(r"[/:\\]", address)[-1].removesuffix(".git")


def find_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str | int]:
    """
    What the run ran on.
    """
    found: dict[str, str | int] = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "os": platform.system().lower(),
        "cpus": _usable_cpus(),
    }
    ci = next((name for variable, name in _CI_SYSTEMS.items() if environ.get(variable)), None)
    return found | ({"ci": ci} if ci else {})


def _usable_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _first(environ: Mapping[str, str], names: Sequence[str]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _references(branch: str) -> tuple[str, str]:
    return f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"


def _usual_default(root: Path) -> str:
    # A checkout of CI may have no branch of its own, only those of the remote.
    wanted = {reference: name for name in _USUAL_DEFAULTS for reference in _references(name)}
    found = _answer(Git(root, "for-each-ref", "--format=%(refname)", *wanted)).split()
    return next((name for reference, name in wanted.items() if reference in found), "")


class _Repository(Struct, frozen=True):
    default_branch: str = ""


class _Event(Struct, frozen=True):
    repository: _Repository = _Repository()


def _default_of_event(path: str) -> str:
    """
    The default branch in the webhook event that GitHub Actions writes to a file, its only mention there.
    """
    try:
        return json.decode(Path(path).read_bytes(), type=_Event).repository.default_branch if path else ""
    except (OSError, MsgspecError, UnicodeDecodeError):
        return ""


def _answer(git: Git) -> str:
    try:
        return git.output(_GIT_SECONDS)
    except GitError:
        return ""

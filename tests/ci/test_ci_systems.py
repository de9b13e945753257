"""
The action of GitHub and the component of GitLab, run on a repository of twelve commits that asks more and more queries.
"""

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from paceline.history.results_folder import read_run
from paceline.history.sqlite.ledger import Ledger
from support.ci_systems import COMPONENT, ROOT, Done, GithubRunner, GitlabRunner
from support.receiving import receiving
from support.repository import Project, make_project
from support.servers import free_port
from support.serving import serving
from support.suite import QUIET, Suite

_PAGES = ROOT / "docs" / "how-to"
_GUIDES = ("gate-in-ci", "sharded-ci", "many-suites")
_ARGUMENTS = " ".join(QUIET)
_TEST = """
import sqlite3

from shop import QUERIES


def test_orders():
    shop = sqlite3.connect(":memory:")
    for _ in range(QUERIES):
        shop.execute("select 1")
"""


def _change(project: Project, commit: int, queries: int) -> None:
    project.commit("shop.py", f"# of commit {commit}\nQUERIES = {queries}\n")


def _keep_earlier_commits(project: Project, cache: Path, commits: int) -> None:
    """
    Add the runs of commits that changed nothing: copies of the run that the cache has.
    """
    suite = Suite(project.folder)
    suite.results = cache
    suite.keep_before(read_run(cache / "latest_report.json"), commits)


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> tuple[GithubRunner, list[Done]]:
    """
    Commits 1 and 10 to 12, of which the last two ask more queries than the one before; 2 to 9 are as the first.
    """
    folder = tmp_path_factory.mktemp("github")
    project = make_project(folder / "shop")
    project.commit("test_shop.py", _TEST)
    runner = GithubRunner(project.folder, folder / "caches")
    jobs = []
    for commit, queries in ((1, 2), (10, 2), (11, 12), (12, 22)):
        _change(project, commit, queries)
        jobs.append(runner.run(commit, arguments=_ARGUMENTS, fail_on="count"))
        if commit == 1:
            (cache,) = runner.caches.iterdir()
            _keep_earlier_commits(project, cache, 8)
    return runner, jobs


class TestGithub:
    def test_the_gate_is_red_from_the_commit_that_asks_more(self, github: tuple[GithubRunner, list[Done]]) -> None:
        """
        Runs of unchanged code are green; 10 is the exit code of a gate.
        """
        _, jobs = github

        assert [job.code for job in jobs] == [0, 0, 10, 10]

    def test_the_history_has_every_run(self, github: tuple[GithubRunner, list[Done]]) -> None:
        """
        Those whose gate was red, too.
        """
        runner, _ = github

        assert len(Ledger(runner.folder / "performance_results" / "history.sqlite").summaries()) == 12

    def test_the_report_is_in_the_summary_and_in_one_comment(self, github: tuple[GithubRunner, list[Done]]) -> None:
        """
        The comment of an earlier commit is replaced; the summary is that of each job.
        """
        runner, jobs = github
        summary, comment = ((runner.folder.parent / "temp" / name).read_text("utf-8") for name in _TEXTS)

        assert summary.count("### ") == len(jobs)
        assert comment.startswith("<!-- paceline-Linux-X64-Tests---more-test")
        assert ("22 database queries" in comment, "was 12" in comment) == (True, False)

    def test_jobs_of_a_matrix_have_names_of_their_own(self, tmp_path: Path) -> None:
        """
        By the values of the matrix, and by the name of the use; the same values give the same name.
        """
        runner = GithubRunner(tmp_path / "shop", tmp_path / "caches")
        runner.folder.mkdir()
        uses = [('{"shard": 1}', ""), ('{"shard": 2}', ""), ('{"shard": 2}', "slow"), ('{"shard": 1}', "")]
        names = [runner.run(1, matrix, name=name, prefix="true").artifact for matrix, name in uses]

        assert len(set(names)) == 3
        assert names[0] == names[3]

    def test_tests_that_do_not_run_leave_no_old_report(self, github: tuple[GithubRunner, list[Done]]) -> None:
        """
        A usage error of pytest says so in the summary, and the history stays.
        """
        runner, _ = github
        job = runner.run(13, arguments="--no-such-option")
        summary = (runner.folder.parent / "temp" / "summary.md").read_text("utf-8")

        assert job.code == 4
        assert summary.endswith("Paceline has no report: the tests did not run to their end.\n")


_TEXTS = ("summary.md", "comment.md")


class _Notes(BaseHTTPRequestHandler):
    """
    The notes of a merge request.
    """

    notes: list[dict[str, object]]

    def do_GET(self) -> None:
        self._answer(self.notes)

    def do_POST(self) -> None:
        self.notes.append({"id": 7, **self._body()})
        self._answer({})

    def do_PUT(self) -> None:
        assert self.path.endswith("/merge_requests/5/notes/7")
        self.notes[-1] |= self._body()
        self._answer({})

    def _body(self) -> dict[str, object]:
        read: dict[str, object] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return read

    def _answer(self, body: object) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "secret"
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def test_the_component_of_gitlab_does_the_same(tmp_path: Path) -> None:
    """
    A new branch starts with the history of the default branch; a red gate keeps the run, and the note is replaced.
    """
    project = make_project(tmp_path / "shop")
    project.commit("test_shop.py", _TEST)
    runner = GitlabRunner(project.folder, tmp_path / "caches")
    runner.caches.mkdir()

    class Notes(_Notes):
        notes: list[dict[str, object]] = []  # noqa: RUF012 - one server

    def run(branch: str) -> Done:
        environ = {
            "CI_API_V4_URL": f"{address}/api/v4",
            "CI_COMMIT_REF_NAME": branch,
            "CI_COMMIT_REF_SLUG": branch,
            "CI_DEFAULT_BRANCH": "main",
            "CI_JOB_NAME": "paceline",
            "CI_JOB_NAME_SLUG": "paceline",
            "CI_MERGE_REQUEST_IID": "" if branch == "main" else "5",
            "CI_PROJECT_ID": "3",
            "PACELINE_GITLAB_TOKEN": "secret",
        }
        return runner.run(environ, install="true", arguments=_ARGUMENTS, **{"fail-on": "count"})

    with serving(Notes) as address:
        _change(project, 1, 2)
        jobs = [run("main")]
        _keep_earlier_commits(project, runner.caches / "paceline-paceline--main", 9)
        for commit, queries in ((11, 12), (12, 22)):
            _change(project, commit, queries)
            jobs.append(run("faster"))

    assert [job.code for job in jobs] == [0, 10, 10], [job.output for job in jobs]
    assert len(Ledger(runner.folder / "performance_results" / "history.sqlite").summaries()) == 12
    assert len(Notes.notes) == 1
    assert "22 database queries" in str(Notes.notes[0]["body"])


def _blocks(language: str) -> list[str]:
    texts = [(_PAGES / f"{name}.md").read_text("utf-8") for name in _GUIDES]
    return [block for text in texts for block in re.findall(rf"(?ms)^```{language}\n(.*?)^```", text)]


def test_all_files_are_valid(tmp_path: Path) -> None:
    """
    By the schemas of the three systems: the action, both documents of the component, and the examples of the pages.
    """
    texts = [(ROOT / "action.yml").read_text("utf-8"), *map(yaml.safe_dump, COMPONENT), *_blocks("yaml")]
    files: dict[str, list[str]] = {}
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.yml"
        file.write_text(text, "utf-8")
        files.setdefault(_schema_of(text), []).append(str(file))
    for schema, paths in files.items():
        check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *paths]
        done = subprocess.run(check, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stdout
    assert {schema: len(paths) for schema, paths in files.items()} == {
        "github-actions": 1,
        "gitlab-ci": 4,
        "github-workflows": 3,
        "circle-ci": 1,
    }


def _schema_of(text: str) -> str:
    keys = set(yaml.safe_load(text))
    marks = {"runs": "github-actions", "version": "circle-ci", "jobs": "github-workflows"}
    return next((schema for key, schema in marks.items() if key in keys), "gitlab-ci")


_CIRCLE = yaml.safe_load(next(text for text in _blocks("yaml") if text.startswith("version")))
_CIRCLE_STEPS = [step["run"] for step in _CIRCLE["jobs"]["test"]["steps"] if isinstance(step, dict) and "run" in step]
_STEPS = {
    "CircleCI": [step if isinstance(step, str) else step["command"] for step in _CIRCLE_STEPS],
    "Jenkins": re.findall(r"sh (?:returnStatus: true, script: )?'(.*)'", _blocks("groovy")[0]),
}


@pytest.mark.parametrize("system", _STEPS)
def test_the_steps_of_other_systems_gate_and_report(suite: Suite, system: str) -> None:
    """
    In a shell: a test that sends more queries than before ends with 10, and the report after it names them.
    """
    suite.write("test_shop.py", _TEST)
    suite.write("shop.py", "QUERIES = 2\n")
    suite.keep_before(suite.run().run, 4)
    suite.write("shop.py", "QUERIES = 12\n")
    (suite.folder / "venv").symlink_to(sys.prefix)
    installs, gate, report = _STEPS[system]
    environ = {**suite.environ, "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", "PYTEST_ADDOPTS": _ARGUMENTS}
    done = [
        subprocess.run(
            ["bash", "-ec", step], cwd=suite.folder, env=environ, capture_output=True, text=True, check=False
        )
        for step in (gate, report)
    ]

    assert "pip install" in installs
    assert [step.returncode for step in done] == [10, 0], [step.stdout + step.stderr for step in done]
    assert "12 database queries" in (suite.folder / report.rpartition("> ")[2]).read_text("utf-8")


class TestPullRequestsFromForks:
    """
    The code of a fork runs in the tests, so no token may be there.
    """

    def test_no_workflow_gives_a_fork_the_rights_of_the_repository(self) -> None:
        """
        No documented workflow starts by an event that has the secrets of the repository for a pull request of a fork.
        """
        pages = [path.read_text("utf-8") for path in ROOT.rglob("docs/**/*.md")]
        events = [event for page in pages for event in re.findall(r"pull_request_target|workflow_run", page)]

        assert any("pull_request:" in page for page in pages)
        assert events == []

    def test_the_tests_of_a_github_job_see_no_token(self, project: Project, tmp_path: Path) -> None:
        """
        The token of the action reaches the step that writes the comment, and not the step that runs the tests.
        """
        job = GithubRunner(project.folder, tmp_path / "caches").run(1, arguments=_ARGUMENTS, token="planted-7f3a")

        assert job.code == 0
        assert "planted-7f3a" not in (project.folder / "environment.txt").read_text("utf-8")


class TestTokensOfExporters:
    """
    A run is sent by a step after the tests, and only that step has the token.
    """

    def test_a_github_job_sends_its_run_after_the_tests(self, project: Project, tmp_path: Path) -> None:
        """
        The exporter gets one run, with the token, and the tests see no token.
        """
        with receiving() as exporter:
            runner = GithubRunner(project.folder, tmp_path / "caches")
            job = runner.run(1, arguments=_ARGUMENTS, push=exporter.url, push_token=_TOKEN)

        assert job.code == 0
        assert [request.headers["Authorization"] for request in exporter.requests] == [f"Bearer {_TOKEN}"]
        assert [case.id for case in exporter.requests[0].run.cases] == ["test_shop.py::test_environment"]
        assert _TOKEN not in (project.folder / "environment.txt").read_text("utf-8")

    def test_an_exporter_that_is_away_fails_no_github_job(self, project: Project, tmp_path: Path) -> None:
        """
        A warning names the artifact that has the run.
        """
        runner = GithubRunner(project.folder, tmp_path / "caches")
        job = runner.run(1, arguments=_ARGUMENTS, push=f"http://127.0.0.1:{free_port()}", push_token=_TOKEN)

        assert job.code == 0
        assert "::warning::the run was not sent" in job.output

    def test_a_gitlab_job_does_the_same(self, project: Project, tmp_path: Path) -> None:
        """
        Both tokens are variables of the job, and the component takes them from the environment of the tests.
        """
        (tmp_path / "caches").mkdir()
        environ = {
            "CI_COMMIT_REF_SLUG": "main",
            "CI_JOB_NAME": "paceline",
            "CI_JOB_NAME_SLUG": "paceline",
            "PACELINE_GITLAB_TOKEN": "planted-3c5d",
            "PACELINE_PUSH_TOKEN": _TOKEN,
        }
        with receiving() as exporter:
            runner = GitlabRunner(project.folder, tmp_path / "caches")
            job = runner.run(environ, install="true", arguments=_ARGUMENTS, push=exporter.url)

        assert job.code == 0
        assert [request.headers["Authorization"] for request in exporter.requests] == [f"Bearer {_TOKEN}"]
        assert "planted-" not in (project.folder / "environment.txt").read_text("utf-8")

    def test_no_documented_job_has_a_token(self) -> None:
        """
        No page puts a secret into the environment of a whole job or workflow.
        """
        jobs = [job for block in _blocks("yaml") for job in (yaml.safe_load(block).get("jobs") or {}).values()]

        assert jobs
        assert [job["env"] for job in jobs if "secrets." in str(job.get("env"))] == []


_TOKEN = "planted-9a1c"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    A test that writes its environment into a file.
    """
    made = make_project(tmp_path / "shop")
    made.commit("test_shop.py", _SHOWS_ENVIRONMENT)
    return made


_SHOWS_ENVIRONMENT = """
import os
from pathlib import Path


def test_environment():
    Path("environment.txt").write_text("\\n".join(f"{name}={value}" for name, value in os.environ.items()))
"""

"""
The plugin, the command and the exporter agree on the default branch of a project.
"""

import gzip
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from paceline.documents import encode_run
from paceline.history.archive import Archive
from support.command import run_command
from support.reading import read_openmetrics
from support.receiving import Received, receiving
from support.repository import Project
from support.suite import Suite
from support.values import make_case, make_run

_TEST = "test_shop.py::test_total"


@dataclass(frozen=True)
class _Place:
    """
    A suite in a checkout, and the default branch of its project.
    """

    suite: Suite
    default: str

    @property
    def archive(self) -> Archive:
        archive = Archive(self.suite.results, pytest.fail)
        archive.folder.prepare()
        return archive


def _begun(folder: Path, branch: str) -> Project:
    project = Project(folder)
    project.git("init", "--quiet", "--initial-branch", branch)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Begin")
    return project


def _local(branch: str) -> Callable[[Path], Mapping[str, str]]:
    def make(folder: Path) -> Mapping[str, str]:
        _begun(folder, branch)
        return {}

    return make


def _cloned(folder: Path) -> Mapping[str, str]:
    _begun(folder, "stable").git("update-ref", "refs/remotes/origin/stable", "HEAD")
    Project(folder).git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/stable")
    return {}


def _detached(branch: str) -> Callable[[Path], Mapping[str, str]]:
    def make(folder: Path) -> Mapping[str, str]:
        project = _begun(folder, branch)
        project.git("update-ref", f"refs/remotes/origin/{branch}", "HEAD")
        project.git("switch", "--quiet", "--detach")
        project.git("branch", "--quiet", "--delete", "--force", branch)
        return {}

    return make


def _gitlab(folder: Path) -> Mapping[str, str]:
    _detached("stable")(folder)
    return {"CI": "true", "CI_COMMIT_REF_NAME": "stable", "CI_DEFAULT_BRANCH": "stable"}


def _github(folder: Path) -> Mapping[str, str]:
    _detached("stable")(folder)
    event = folder.parent / "event.json"
    event.write_text(json.dumps({"action": "push", "repository": {"id": 7, "default_branch": "stable"}}))
    return {"CI": "true", "GITHUB_REF_NAME": "stable", "GITHUB_EVENT_PATH": str(event)}


def _without_git(_: Path) -> Mapping[str, str]:
    return {}


_PLACES: Mapping[str, tuple[str, Callable[[Path], Mapping[str, str]]]] = {
    "local master": ("master", _local("master")),
    "local trunk": ("trunk", _local("trunk")),
    "clone with a remote HEAD": ("stable", _cloned),
    "detached master": ("master", _detached("master")),
    "detached trunk": ("trunk", _detached("trunk")),
    "GitLab": ("stable", _gitlab),
    "GitHub": ("stable", _github),
    "no git": ("main", _without_git),
}


@pytest.fixture(params=_PLACES)
def place(request: pytest.FixtureRequest, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> _Place:
    """
    A suite of one test, called in its own folder.
    """
    default, make = _PLACES[request.param]
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI", "GIT_", "PACELINE_"))]:
        monkeypatch.delenv(name)
        suite.environ.pop(name, None)
    suite.write("test_shop.py", "def test_total(): pass\n")
    suite.write(".gitignore", "performance_results/\n")
    environ = {"PACELINE_SUITE": "shop", "NO_PROXY": "127.0.0.1", **make(suite.folder)}
    suite.environ |= environ
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(suite.folder)
    return _Place(suite, default)


def _call(*arguments: str) -> str:
    result = run_command(arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def _sent(request: Received) -> set[str]:
    packed = request.body
    message = ExportMetricsServiceRequest.FromString(gzip.decompress(packed))
    return {
        attribute.value.string_value
        for resource in message.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.gauge.data_points
        for attribute in point.attributes
        if attribute.key == "branch"
    }


def _exported(text: str) -> set[str]:
    return {sample.labels["branch"] for family in read_openmetrics(text) for sample in family.samples}


def test_a_run_has_one_label_everywhere(place: _Place) -> None:
    """
    A run on the default branch keeps the name of its branch in what the plugin, `replay` and `export` write, and so
    does a run of an earlier release that does not say its default branch.
    """
    with receiving(status=200, body=b"") as collector:
        run = place.suite.run(f"--paceline-otlp={collector.url}").run
        place.archive.ledger.add(make_run(1, [make_case()], branch=place.default))
        _call("replay", "--otlp", collector.url)
        labels = [_sent(request) for request in collector.requests]

    assert (run.branch, run.default_branch) == (place.default, place.default)
    assert labels == [{place.default}] * 3
    assert _exported(_call("export", "openmetrics", "-")) == {place.default}


@pytest.mark.parametrize("place", ["local trunk", "detached master", "no git"], indirect=True)
def test_a_report_has_the_past_of_its_run(place: _Place) -> None:
    """
    A run on a new branch is compared with the default branch, by the plugin, and by `report` and `history` later.
    """
    now = time.time()
    for number in range(10):
        case, ended = make_case(_TEST, 0.01), now - 60 * (number + 1)
        place.archive.ledger.add(
            make_run(number, [case], branch=place.default, started=ended - 1, ended=ended),
        )
    place.archive.ledger.add(make_run(99, [make_case(_TEST)], branch=place.default))
    result = place.suite.run(environ={"PACELINE_BRANCH": "topic"})
    before = (place.suite.results / "trends.json").read_bytes()
    older = place.suite.write("older.json", encode_run(replace(result.run, default_branch="")).decode())
    said = f"history     10 earlier runs on {place.default}"

    assert said in result.section()
    assert said in _call("report")
    assert said in _call("report", str(older))
    assert _call("history", "prune", "--older-than", "1000") == "removed 1 run\n"
    assert json.loads((place.suite.results / "trends.json").read_bytes()) == json.loads(before)


def test_an_imported_run_is_on_the_default_branch(place: _Place) -> None:
    """
    A JUnit report names no branch.
    """
    place.suite.write("report.xml", '<testsuite><testcase classname="test_shop" name="test_a" time="1"/></testsuite>')
    _call("history", "import", "report.xml")
    ((_, _, kept),) = place.archive.ledger.summaries()
    run = place.archive.ledger.run(kept.run_id)

    assert run is not None
    assert (run.branch, run.default_branch) == (place.default, place.default)

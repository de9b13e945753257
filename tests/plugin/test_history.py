"""
A session whose past is elsewhere, or that has baselines.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.answering import answer, answering, silence
from support.servers import Prometheus, free_port, prometheus_with
from support.suite import COMPUTE, Result, Suite
from support.values import make_case, make_run
from support.wording import REFUSED

_TEST = "test_work.py::test_work"
_WORK = f"{COMPUTE}\ndef test_work(): compute(0.06)\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """
    A Prometheus that has twelve runs of today in which the test took 10 ms.
    """
    now = time.time()
    ends = [now - 60 * minutes for minutes in range(12, 0, -1)]
    runs = [make_run(n, [make_case(_TEST, 0.01)], started=end - 1, ended=end) for n, end in enumerate(ends)]
    with prometheus_with(runs, tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.fixture
def working(suite: Suite) -> Suite:
    """
    A suite of one test that takes 60 ms, on a branch that nobody has seen.
    """
    suite.write("test_work.py", _WORK)
    suite.environ |= {"PACELINE_BRANCH": "topic", "PACELINE_DEFAULT_BRANCH": "main", "NO_PROXY": "127.0.0.1"}
    return suite


def _said(result: Result) -> list[str]:
    said = [line for line in result.output.splitlines() if line.startswith(("history ", "paceline: no history"))]
    return [line.partition("; tests judged")[0] for line in said]


def test_a_suite_without_a_past_names_the_other_suites_of_the_folder(suite: Suite) -> None:
    """
    In its first run only; a folder without runs names no suite.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    first = suite.run()
    renamed, again = (suite.run("--paceline-suite", "store") for _ in range(2))
    others = "none yet for suite store, only for shop (`suite` in [tool.paceline] or PACELINE_SUITE names the suite)"

    assert "history none yet; " in first.told()
    assert f"history {others}; regressions are judged from 8 on" in renamed.told()
    assert "history 1 earlier run on " in again.told()


@pytest.mark.stack
@pytest.mark.parametrize("way", ["option", "variable", "setting"])
def test_a_machine_without_a_past_can_judge(working: Suite, server: Prometheus, way: str) -> None:
    """
    The history of the default branch in a Prometheus makes a regression of the first run of a new branch.
    """
    options = {"option": ["--paceline-history", server.url]}.get(way, [])
    environ = {"variable": {"PACELINE_HISTORY": server.url}}.get(way, {})
    working.write("pyproject.toml", f"[tool.paceline]\nhistory = '{server.url}'\n" if way == "setting" else "")
    result = working.run("--paceline-fail-on", "regression", *options, environ=environ)

    assert result.code == 10
    assert [verdict.case for verdict in result.run.verdicts] == [_TEST]
    assert _said(result) == [f"history     12 earlier runs on main from {server.url}"]


@pytest.mark.stack
def test_the_address_wins_over_the_results_folder(working: Suite, server: Prometheus) -> None:
    """
    Runs in the folder are kept, and not judged by, where there is an address.
    """
    for _ in range(2):
        working.run()
    result = working.run("--paceline-history", server.url)

    assert _said(result) == [f"history     12 earlier runs on main from {server.url}"]
    assert result.kept_runs() == 3


def test_a_server_that_is_down_costs_one_line(working: Suite) -> None:
    """
    The run passes, and is judged by budgets alone.
    """
    url = f"http://127.0.0.1:{free_port()}"
    result = working.run("--paceline-history", url, "--paceline-fail-on", "regression,budget")

    assert result.code == 0
    assert _said(result) == [
        f"history     none from {url}; regressions are judged from 8 on",
        f"paceline: no history: {url}: the connection failed ({REFUSED}), expected a Prometheus",
    ]
    assert result.kept_runs() == 1


def test_a_server_that_never_answers_costs_its_time(working: Suite) -> None:
    """
    The limit is a setting, and the process ends though the server still has the question.
    """
    working.write("pyproject.toml", "[tool.paceline]\nhistory_seconds = 0.5\n")
    with answering(silence) as slow:
        result = working.run(f"--paceline-history={slow.url}")

    assert result.code == 0
    assert _said(result)[1] == f"paceline: no history: {slow.url}: no answer within 500 ms, expected a Prometheus"


def test_secrets_are_never_shown(working: Suite) -> None:
    """
    Not those of the address, nor those of the environment, however the server answers and however much is asked for.
    """
    environ = {"PACELINE_HISTORY_TOKEN": "t0ken-of-ours"}
    with answering(answer(b"no", "401 Unauthorized")) as locked:
        url = locked.url.replace("://", "://ann:passw0rd@")
        result = working.run("-vv", "--paceline-history", url, environ=environ)

    assert "Authorization: Bearer t0ken-of-ours" in locked.requests[0]
    assert f"paceline: no history: {locked.url}: answered 401 Unauthorized, expected 200 OK" in result.output
    assert [secret for secret in ("t0ken-of-ours", "passw0rd") if secret in result.output] == []
    kept = b"".join(path.read_bytes() for path in result.results.iterdir() if path.is_file())
    assert [secret for secret in (b"t0ken-of-ours", b"passw0rd") if secret in kept] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "pyproject.toml",
            "[tool.paceline]\nhistory = 'ann:passw0rd@prometheus:9090'\n",
            "ERROR: paceline: the history is at 'prometheus:9090', expected an address such as http://prometheus:9090",
        ),
        (
            "paceline_baselines.json",
            '{"pinned": [{"suite": "shop"}]}',
            "paceline_baselines.json: not the baselines of a project: ",
        ),
    ],
)
def test_a_wrong_setting_stops_before_collection(working: Suite, name: str, content: str, message: str) -> None:
    """
    An address that is none, or a damaged file of baselines.
    """
    working.write(name, content)
    result = working.run()

    assert result.code == 4
    assert message in result.output
    assert "passw0rd" not in result.output


def _baseline(kind: str, ended: str) -> str:
    one = {"suite": "shop", "tests": "test_work.py", "run_id": "run-5", "ended": ended}
    return json.dumps({"schema": 1, kind: [one]})


@pytest.mark.stack
def test_an_accepted_slowdown_is_accepted_everywhere(working: Suite, server: Prometheus) -> None:
    """
    The file travels with the code, so that it holds with a Prometheus as with the results folder.
    """
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 90))
    working.write("paceline_baselines.json", _baseline("accepted", moment))
    result = working.run("--paceline-history", server.url, "--paceline-fail-on", "regression")

    assert (result.code, result.run.verdicts) == (0, ())


@pytest.mark.stack
def test_a_pinned_run_is_named(working: Suite, server: Prometheus) -> None:
    """
    A regression against a pinned run says against which.
    """
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 90))
    working.write("paceline_baselines.json", _baseline("pinned", moment))
    result = working.run("--paceline-history", server.url)

    assert "times as long, against the baseline pinned at run run-5" in result.section()


def test_off_reads_nothing(working: Suite, tmp_path: Path) -> None:
    """
    A session without Paceline opens neither file nor connection, and imports no client.
    """
    working.write("paceline_baselines.json", "damaged")
    working.write("conftest.py", "import sys\ndef pytest_sessionfinish(): print('requests' in sys.modules)\n")
    result = working.run("-s", environ={"PACELINE_HISTORY": f"http://127.0.0.1:{free_port()}"}, on=False)

    assert result.code == 0
    assert "False" in result.output
    assert list(tmp_path.glob("*.sqlite")) == []

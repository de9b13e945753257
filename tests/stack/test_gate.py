"""
`paceline gate` where it gets no answer: exit code 1, which is not that of a finding.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.documents import encode_run
from paceline.history.results_folder import ResultsFolder
from paceline.model import Run, Severity, Verdict
from paceline.verdict_kinds import VerdictKind
from support.local_stack import LocalStack, paceline, stack_in, without_new_groups
from support.servers import Prometheus, free_port, prometheus_with
from support.values import TEST, make_case, make_run
from support.wording import ERROR, REFUSED, invalid


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """
    One that has no run.
    """
    with stack_in(tmp_path_factory.mktemp("stack"), "--interval=1") as stack:
        yield stack


def _gate(folder: Path, url: str, *options: str, **environ: str) -> tuple[int, str]:
    done = paceline("gate", f"--prometheus={url}", *options, cwd=folder, **environ)
    return done.returncode, without_new_groups(done.stdout)


@contextmanager
def _judging(runs: Sequence[Run], folder: Path, prefix: str = "paceline_") -> Iterator[Prometheus]:
    """
    A Prometheus that has these runs and the rules.
    """
    for path, text in render(Options(interval_seconds=1, prefix=prefix)).items():
        if path.endswith(".rules.yml"):
            (folder / path.replace("/", "-")).write_text(text, "utf-8")
    with prometheus_with(runs, folder, rules=sorted(folder.glob("*.rules.yml")), prefix=prefix) as server:
        yield server


def _broken(number: int, ended: float, **changes: Any) -> Run:
    """
    A run of which one test takes ten times its budget.
    """
    verdict = Verdict(
        kind=VerdictKind.BUDGET, severity=Severity.CRITICAL, case=TEST, measured=1, limit=0.1, reason="over its budget"
    )
    case = make_case(seconds=1, budget_seconds=0.1)
    return make_run(number, [case], started=ended - 10, ended=ended, verdicts=(verdict,), **changes)


def test_a_run_that_never_arrives_is_told(stack: LocalStack, tmp_path: Path) -> None:
    """
    After the time that it was given.
    """
    url = stack.url("prometheus")

    assert _gate(tmp_path, url, "--run=lost", "--wait=2") == (
        1,
        f"{ERROR}{url}: no run lost within 2 s; wait longer with --wait\n",
    )


def test_a_suite_without_a_run_is_not_let_through(stack: LocalStack, tmp_path: Path) -> None:
    """
    Nothing fires for a name that nobody knows, and that is not that all is well.
    """
    url = stack.url("prometheus")
    found = _gate(tmp_path, url, "--suite=nosuch", "--branch=main")

    assert found == (1, f"{ERROR}{url}: no run of nosuch on main within 14 days; cannot decide\n")


def test_a_server_without_rules_is_told(tmp_path: Path) -> None:
    """
    At once: it has nothing to say, which is not that all is well.
    """
    with prometheus_with([make_run(1, [make_case()])], tmp_path) as server:
        found = {_gate(tmp_path, server.url, option) for option in ("--suite=shop", "--run=run-1")}

    assert found == {(1, f"{ERROR}{server.url}: no alerting rule of Paceline, expected what `paceline rules` writes\n")}


def test_names_of_metrics_are_up_to_the_user(tmp_path: Path) -> None:
    """
    Rules are known by their groups, and a run by its labels.
    """
    run = make_run(1, [make_case()], ended=time.time() - 5)
    with _judging([run], tmp_path, prefix="acme_") as server:
        found = _gate(tmp_path, server.url, "--run=run-1")

    assert found == (0, "nothing fires for shop on main\n")


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    """
    At once, with or without a run.
    """
    url = f"http://127.0.0.1:{free_port()}"
    found = {_gate(tmp_path, url, option) for option in ("--suite=shop", "--run=lost")}

    assert found == {(1, f"{ERROR}{url}: the connection failed ({REFUSED}), expected a Prometheus\n")}


@pytest.mark.parametrize("asked", [("--run=run-1",), ("--suite=shop", "--branch=feature-x")])
def test_a_branch_that_no_rule_judges_is_not_let_through(tmp_path: Path, asked: Sequence[str]) -> None:
    """
    With what to do, whether the run is asked for or its branch, by the name that git has for it.
    """
    with _judging([_broken(1, time.time() - 5, branch="feature-x")], tmp_path) as server:
        found = _gate(tmp_path, server.url, *asked)

    assert found == (
        1,
        (
            f"{ERROR}{server.url}: no rule of the server judges run run-1 of shop on feature-x (in labels other); "
            "`paceline rules --match` writes rules that do, "
            "`paceline serve --branches` names branches that keep their name, "
            "and `pytest --paceline-fail-on` judges in the session\n"
        ),
    )


@pytest.mark.parametrize("asked", [("--run=run-1",), ("--suite=shop", "--branch=main")])
def test_a_run_that_came_too_late_is_not_let_through(tmp_path: Path, asked: Sequence[str]) -> None:
    """
    No rule saw it; what it said of itself is told.
    """
    with _judging([_broken(1, time.time() - 1000)], tmp_path) as server:
        found = _gate(tmp_path, server.url, *asked)

    assert found == (
        1,
        (
            f"{ERROR}{server.url}: run run-1 of shop on main came too late for the rules to judge it, "
            "more than 5 min 0 s after its end; its own report has 1 finding\n"
        ),
    )


def test_a_run_that_was_superseded_before_it_was_judged_is_not_let_through(tmp_path: Path) -> None:
    """
    What fires then is of the later run, which is let through.
    """
    now = time.time()
    runs = [_broken(1, now - 60), make_run(2, [make_case(budget_seconds=0.1)], ended=now - 30)]
    with _judging(runs, tmp_path) as server:
        found, later = _gate(tmp_path, server.url, "--run=run-1"), _gate(tmp_path, server.url, "--run=run-2")

    assert found == (
        1,
        (
            f"{ERROR}{server.url}: run run-1 of shop on main was superseded by run run-2 "
            "before the rules had judged it; cannot decide\n"
        ),
    )
    assert later == (0, "nothing fires for shop on main\n")


def test_a_run_that_was_judged_is_told_when_a_later_one_is_there(stack: LocalStack, tmp_path: Path) -> None:
    """
    As what fired before the later one ended, and not as the suite is now.
    """
    url = stack.url("prometheus")
    _push(stack, _broken(1, time.time(), suite="two"))
    first = _gate(tmp_path, url, "--run=run-1")
    _wait_for(stack, 'count_over_time(suite:paceline_run:end_timestamp_seconds{suite="two"}[1m]) > 5')
    _push(stack, make_run(2, [make_case(budget_seconds=0.1)], suite="two", ended=time.time()))
    now, again = _gate(tmp_path, url, "--run=run-2"), _gate(tmp_path, url, "--run=run-1")

    assert first[0] == 10
    assert now == (0, "nothing fires for two on main\n")
    assert again == (
        10,
        (
            "paceline: run run-1 was superseded by run run-2: these alerts fired before\n"
            "1 alert fires for two on main\n"
            f"CRITICAL  PacelineBudgetBroken  {TEST}\n"
        ),
    )


def _push(stack: LocalStack, run: Run) -> None:
    _post(stack, encode_run(run)).raise_for_status()


def _wait_for(stack: LocalStack, query: str) -> None:
    """
    Until a query has an answer.
    """
    server, end = Prometheus(stack.url("prometheus")), time.monotonic() + 60
    while not server.samples(query, time.time()):
        assert time.monotonic() < end
        time.sleep(0.1)


def _post(stack: LocalStack, body: bytes) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    return requests.post(f"{stack.url('exporter')}/api/v1/runs", body, headers=headers, timeout=30)


def test_alerts_about_no_suite_are_told_and_decide_nothing(stack: LocalStack, tmp_path: Path) -> None:
    """
    A report that the exporter refused is no finding of a suite.
    """
    _push(stack, make_run(3, [make_case()], suite="three", ended=time.time()))
    # increase() counts from the first scrape on.
    _wait_for(stack, 'paceline_exporter_reports_total{result="rejected"}')
    _post(stack, b"{}")
    _wait_for(stack, 'ALERTS{alertname="PacelineExporterRejectsReports",alertstate="firing"}')
    # The two are scraped apart: the alert may be there before the run.
    _wait_for(stack, 'suite:paceline_run:end_timestamp_seconds{suite="three"}')
    code, output = _gate(tmp_path, stack.url("prometheus"), "--suite=three", "--branch=main")

    assert (code, re.sub(r"\d+ runs? (was|were)", "N runs were", output)) == (
        0,
        (
            "paceline: PacelineExporterRejectsReports fires, without a suite: "
            "N runs were refused in the last 15 minutes (rejected).\n"
            "nothing fires for three on main\n"
        ),
    )


_SHOP = ["--suite=shop", "--branch=main"]
_DOWN = """
groups:
  - name: paceline-health-alerts
    interval: 1s
    rules:
      - alert: PacelineExporterDown
        expr: vector(1)
        labels: {severity: critical}
        annotations: {description: It does not answer.}
"""


def test_without_an_exporter_a_suite_is_not_let_through(tmp_path: Path) -> None:
    """
    Its newest run may be missing; a run that was judged is known.
    """
    (tmp_path / "down.rules.yml").write_text(_DOWN)
    with _judging([make_run(1, [make_case()], ended=time.time() - 5)], tmp_path) as server:
        run, suite = (_gate(tmp_path, server.url, *asked) for asked in (["--run=run-1"], _SHOP))

    assert run == (
        0,
        (
            "paceline: PacelineExporterDown fires, without a suite: It does not answer.\n"
            "nothing fires for shop on main\n"
        ),
    )
    assert suite == (
        1,
        (f"{ERROR}{server.url}: PacelineExporterDown fires, so newer runs may be missing. It does not answer.\n"),
    )


def test_an_exporter_that_has_just_gone_is_waited_for(tmp_path: Path) -> None:
    """
    Its alert is pending for five minutes, and a run may have come meanwhile; a run that was judged is known.
    """
    (tmp_path / "down.rules.yml").write_text(_DOWN.replace("expr:", "for: 1h\n        expr:"))
    with _judging([make_run(1, [make_case()], ended=time.time() - 5)], tmp_path) as server:
        run, suite = (_gate(tmp_path, server.url, *asked) for asked in (["--run=run-1"], [*_SHOP, "--wait=3"]))

    assert run == (0, "nothing fires for shop on main\n")
    assert suite == (
        1,
        (
            f"{ERROR}{server.url}: the exporter does not answer (PacelineExporterDown is pending), "
            "so newer runs may be missing\n"
        ),
    )


_SLOWER = """
groups:
  - name: paceline-more-alerts
    interval: 1s
    rules:
      - alert: PacelineTestSlower
        expr: vector(1)
        labels: {severity: warning, suite: shop, branch: main, test: "tests/test_cart.py::test_total"}
        annotations: {description: It is slower., cause: " It waits.", runbook_url: slower.md}
"""


_LATE = """
groups:
  - name: paceline-late
    interval: 86400s
    rules:
      - record: late
        expr: vector(1)
"""


def test_a_finding_is_told_with_its_cause(tmp_path: Path) -> None:
    """
    What it is, why, and what to do.
    """
    (tmp_path / "slower.rules.yml").write_text(_SLOWER)
    with _judging([make_run(1, [make_case()], ended=time.time() - 5)], tmp_path) as server:
        found = _gate(tmp_path, server.url, "--run=run-1")

    assert found == (
        10,
        (
            "1 alert fires for shop on main\n"
            f"WARNING   PacelineTestSlower  {TEST}\n"
            "          It is slower.\n"
            "          It waits.\n"
            "          next: `paceline explain PacelineTestSlower`\n"
        ),
    )


def test_what_is_no_id_is_not_waited_for(tmp_path: Path) -> None:
    """
    As a piece of JSON that a pipeline cut out.
    """
    code, output = _gate(tmp_path, "http://127.0.0.1:9", '--run="run_id":"01M"')

    assert code == 2
    assert output.endswith(
        invalid("--run", "'\"run_id\":\"01M\"' is not a run id, expected letters, digits, '.', '_' and '-'")
    )


def test_the_beginning_of_an_id_will_do(tmp_path: Path) -> None:
    """
    Where one id begins so, which is told; several are refused at once.
    """
    now = time.time()
    names = ("01AB", "01CD")
    runs = [make_run(n, [make_case()], run_id=name, suite=name, ended=now - 5) for n, name in enumerate(names)]
    with _judging(runs, tmp_path) as server:
        one, several = _gate(tmp_path, server.url, "--run=01A"), _gate(tmp_path, server.url, "--run=01")

    assert one == (0, "paceline: 01A is run 01AB of 01AB on main\nnothing fires for 01AB on main\n")
    assert several == (1, f"{ERROR}{server.url}: '01' is the beginning of several ids: 01AB, 01CD\n")


def test_a_branch_is_asked_for_by_the_name_that_the_exporter_gave_it(tmp_path: Path) -> None:
    """
    Whatever git takes for the default branch.
    """
    environ = {"PACELINE_BRANCH": "main", "PACELINE_DEFAULT_BRANCH": "master"}
    with _judging([_broken(1, time.time() - 5)], tmp_path) as server:
        code, output = _gate(tmp_path, server.url, "--suite=shop", **environ)

    assert (code, output.partition("\n")[0]) == (10, "1 alert fires for shop on main")


@pytest.mark.parametrize("option", ["--run=", "--suite=", "--branch="])
def test_an_empty_name_is_refused(tmp_path: Path, option: str) -> None:
    """
    An empty variable of a pipeline is no suite.
    """
    code, output = _gate(tmp_path, "http://127.0.0.1:9", option)

    assert code == 2
    assert output.endswith(invalid(option[:-1], "the value is empty, expected a name"))


def test_a_run_has_a_suite_and_a_branch_of_its_own(tmp_path: Path) -> None:
    """
    Another one beside it is refused.
    """
    code, output = _gate(tmp_path, "http://127.0.0.1:9", "--run=run-1", "--branch=main")

    assert code == 2
    assert output.endswith(f"{ERROR}--run names one run, expected no --suite and no --branch with it\n")


def test_the_gate_asks_about_the_latest_run_of_the_folder(tmp_path: Path) -> None:
    """
    Of a part it asks about the whole; a suite or a branch asks about another run.
    """
    now = time.time()
    runs = [_broken(1, now - 9, suite="one"), make_run(2, [make_case()], suite="two", ended=now - 5)]
    with _judging(runs, tmp_path) as server:
        (tmp_path / "performance_results").mkdir()
        document = encode_run(replace(runs[0], run_id="run-1.1of2"))
        ResultsFolder(tmp_path / "performance_results", pytest.fail).add_document(document, now)
        here, other = (_gate(tmp_path, server.url, *asked) for asked in ((), ("--suite=two", "--branch=main")))

    assert (here[0], here[1].splitlines()[0]) == (10, "1 alert fires for one on main")
    assert other == (0, "nothing fires for two on main\n")


def test_findings_of_earlier_runs_do_not_count(tmp_path: Path) -> None:
    """
    The latest run is a part with another test; the broken budget of the run before is shown apart, and counts where
    asked.
    """
    now = time.time()
    later = make_run(2, [make_case("test_other")], ended=now - 1, is_partial=True, partial_because="-k other")
    with _judging([_broken(1, now - 30), later], tmp_path) as server:
        found, asked = (_gate(tmp_path, server.url, "--run=run-2", *more) for more in ((), ("--include-earlier",)))

    assert (found[0], found[1].splitlines()[:3]) == (
        0,
        [
            "nothing fires for shop on main",
            "not counted: 1 alert fires for findings of earlier runs (--include-earlier counts them)",
            f"CRITICAL  PacelineBudgetBroken  {TEST}",
        ],
    )
    assert (asked[0], asked[1].splitlines()[:2]) == (
        10,
        ["1 alert fires for shop on main", f"CRITICAL  PacelineBudgetBroken  {TEST}"],
    )


def test_rules_that_were_never_evaluated_are_named(tmp_path: Path) -> None:
    """
    With the time within which they will be: on a fresh server what they record is missing.
    """
    (tmp_path / "late.rules.yml").write_text(_LATE)
    with _judging([make_run(1, [make_case()], ended=time.time() - 5)], tmp_path) as server:
        done = paceline("gate", f"--prometheus={server.url}", "--run=run-1", cwd=tmp_path)

    assert done.returncode == 0
    assert (
        "paceline: rule group paceline-late was never evaluated yet (first within 1440 min 0 s of the server's start): "
        "alerts that need it cannot fire before\n"
    ) in done.stdout

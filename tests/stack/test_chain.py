"""
From pytest to a message: a real session, exporter, Prometheus and Alertmanager, and a receiver of webhooks.
"""

import json
import re
import time
from typing import Any, NamedTuple

import pytest

from support.local_stack import LocalStack, paceline, stack_in, without_new_groups
from support.receiving import Receiving, receiving
from support.suite import Suite

_SETTINGS = """
    [tool.paceline.budgets_ms]
    unit = 400
"""
_TESTS = """
    import time
    import pytest

    tries = []

    def test_total(): time.sleep({seconds})

    @pytest.mark.flaky(reruns=1)
    def test_offers():
        tries.append(1)
        assert len(tries) > {failures}
"""
_WHERE = {"PACELINE_BRANCH": "main", "PACELINE_DEFAULT_BRANCH": "main"}
_LABELS = {
    "suite": "shop",
    "branch": "main",
    "part_of": "none",
    "test_type": "unit",
    "instance": "paceline",
    "job": "paceline-runs",
}
_BROKEN = (
    "urgent-of-shop",
    _LABELS | {"alertname": "PacelineBudgetBroken", "severity": "critical", "test": "test_shop.py::test_total"},
    {
        "summary": "A test is over its budget.",
        "description": "test_shop.py::test_total (shop, main) took N times its budget of 400ms.",
        "runbook_url": "docs/how-to/runbooks/PacelineBudgetBroken.md",
        "dashboard": "http://127.0.0.1:3000/d/paceline-test?var-suite=shop&var-branch=main"
        "&var-test=test_shop.py%3A%3Atest_total",
    },
)
_FLAKY = (
    "channel-of-shop",
    _LABELS | {"alertname": "PacelineTestFlaky", "severity": "warning", "test": "test_shop.py::test_offers"},
    {
        "summary": "A test is flaky.",
        "description": "test_shop.py::test_offers (shop, main) failed in N% of its attempts within 14d.",
        "runbook_url": "docs/how-to/runbooks/PacelineTestFlaky.md",
        "dashboard": "http://127.0.0.1:3000/d/paceline-test?var-suite=shop&var-branch=main"
        "&var-test=test_shop.py%3A%3Atest_offers",
    },
)
_GATE_SAYS = """2 alerts fire for shop on main
CRITICAL  PacelineBudgetBroken  test_shop.py::test_total
          test_shop.py::test_total (shop, main) took N times its budget of 400ms.
          next: `paceline explain PacelineBudgetBroken`
WARNING   PacelineTestFlaky  test_shop.py::test_offers
          test_shop.py::test_offers (shop, main) failed in N% of its attempts within 14d.
          next: `paceline explain PacelineTestFlaky`
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """
    What the gate and the receiver were told of three runs: in the first a test is over its budget and another passes
    on its second try; the other two are good.
    """
    folder = tmp_path_factory.mktemp("chain")
    suite = Suite(folder / "shop")
    suite.write("pyproject.toml", _SETTINGS)
    with receiving(status=200) as hook, stack_in(folder, "--interval=1", f"--webhook={hook.url}") as stack:
        bad = _run(suite, stack, _Code(seconds=1, failures=1))
        good = _run(suite, stack, _Code(seconds=0, failures=0), "--severity=critical")
        _wait_for(hook, 3)
        # What would be told twice is told again by the time that another run was judged.
        _run(suite, stack, _Code(seconds=0, failures=0))
        return {"bad": bad, "good": good, "hook": [json.loads(request.body) for request in hook.requests]}


def test_each_finding_is_told_once(told: dict[str, Any]) -> None:
    """
    To those whom it is for, with all that they have to know.
    """
    findings = [_fields(message) for message in told["hook"] if message["status"] == "firing"]

    assert sorted(findings, key=str) == sorted([_BROKEN, _FLAKY], key=str)


def test_the_end_is_told_once(told: dict[str, Any]) -> None:
    """
    Of what the next run mends; what is flaky stays so for two weeks.
    """
    assert [_fields(message) for message in told["hook"] if message["status"] == "resolved"] == [_BROKEN]


def test_the_gate_tells_what_fires_for_a_run(told: dict[str, Any]) -> None:
    """
    With the text of each alert, as soon as the rules have seen the run.
    """
    code, output = told["bad"]

    assert (code, _without_figures(output)) == (10, _GATE_SAYS)


def test_the_gate_lets_a_good_run_through(told: dict[str, Any]) -> None:
    """
    What is less severe than asked for does not count.
    """
    assert told["good"] == (0, "nothing fires for shop on main\n")


class _Code(NamedTuple):
    """
    How long a test takes, and how often another fails before it passes.
    """

    seconds: float
    failures: int


def _run(suite: Suite, stack: LocalStack, code: _Code, *options: str) -> tuple[int, str]:
    """
    Run the suite, and ask the gate.
    """
    suite.write("test_shop.py", _TESTS.format(seconds=code.seconds, failures=code.failures))
    run = suite.run(f"--paceline-push={stack.url('exporter')}", environ=_WHERE).run
    server = f"--prometheus={stack.url('prometheus')}"
    done = paceline("gate", server, f"--run={run.run_id}", *options, cwd=suite.folder)
    return done.returncode, without_new_groups(done.stdout)


def _fields(message: dict[str, Any]) -> tuple[str, dict[str, str], dict[str, str]]:
    (alert,) = message["alerts"]
    annotations = {name: _without_figures(text) for name, text in alert["annotations"].items()}
    return message["receiver"], alert["labels"], annotations


def _without_figures(text: str) -> str:
    return re.sub(r"[\d.]+(?=% of| times)", "N", text)


def _wait_for(hook: Receiving, count: int) -> None:
    end = time.monotonic() + 60
    while len(hook.requests) < count:
        assert time.monotonic() < end
        time.sleep(0.1)

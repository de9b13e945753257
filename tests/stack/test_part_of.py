"""
Who is told of single tests where many are told of at once: a real Prometheus, Alertmanager and receiver of webhooks.
"""

import json
import time
from collections.abc import Collection
from pathlib import Path

import pytest
import requests

from paceline.documents import encode_run
from paceline.model import Run
from support.local_stack import LocalStack, paceline, stack_in
from support.receiving import Receiving, receiving
from support.values import make_case, make_run

_ALL = [f"test_{name}" for name in "abcdef"]
_FIRST, *_FIVE = _ALL
_BROKEN, _MANY = "PacelineBudgetBroken", "PacelineManyBudgetsBroken"
# Status, alert, test.
Told = tuple[str, str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """
    What is told of four runs: a test is over its budget, then it is good again and five others are over theirs, and in
    the last two all is well, but that one of the five is gone.
    """
    folder = tmp_path_factory.mktemp("part")
    with receiving(status=200) as hook, stack_in(folder, "--interval=1", f"--webhook={hook.url}") as stack:
        for number, (tests, slow, count) in enumerate(
            ((_ALL, {_FIRST}, 1), (_ALL, _FIVE, 3), (_ALL[:-1], (), 4), (_ALL[:-1], (), 4))
        ):
            _run(folder, stack, _run_of(number, tests, slow))
            _wait_for(hook, count)
        return [one for request in hook.requests for one in _told(request.body)]


def test_the_end_of_what_was_told_is_told_while_more_is_wrong(told: list[Told]) -> None:
    """
    Or its ticket would stay open for ever.
    """
    assert [status for status, alert, test in told if (alert, test) == (_BROKEN, _FIRST)] == ["firing", "resolved"]


def test_what_is_told_of_many_is_told_of_none_of_them(told: list[Told]) -> None:
    """
    Neither that it began nor that it is over.
    """
    assert [test for _, _, test in told if test in _FIVE] == []
    assert [status for status, alert, _ in told if alert == _MANY] == ["firing", "resolved"]


def _run_of(number: int, tests: Collection[str], slow: Collection[str]) -> Run:
    cases = [make_case(name, seconds=0.15 if name in slow else 0.01, budget_seconds=0.1) for name in tests]
    return make_run(number, cases, ended=time.time())


def _run(folder: Path, stack: LocalStack, run: Run) -> None:
    """
    Send a run, and wait until the rules have judged it.
    """
    requests.post(
        f"{stack.url('exporter')}/api/v1/runs",
        data=encode_run(run),
        headers={"Content-Type": "application/json"},
        timeout=10,
    ).raise_for_status()
    paceline("gate", f"--prometheus={stack.url('prometheus')}", f"--run={run.run_id}", cwd=folder)


def _told(body: bytes) -> list[Told]:
    return [
        (alert["status"], alert["labels"]["alertname"], alert["labels"].get("test", ""))
        for alert in json.loads(body)["alerts"]
    ]


def _wait_for(hook: Receiving, count: int) -> None:
    end = time.monotonic() + 60
    while len(hook.requests) < count:
        assert time.monotonic() < end
        time.sleep(0.1)

"""
`paceline gate` where it gets no answer: exit code 1, which is not that of a finding.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.alerting.options import Options
from paceline.alerting.writing import render
from support.local_stack import LocalStack, paceline, stack_in
from support.servers import free_port, prometheus_with
from support.values import make_case, make_run


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """
    One that has no run.
    """
    with stack_in(tmp_path_factory.mktemp("stack"), "--interval=1") as stack:
        yield stack


def _gate(folder: Path, url: str, *options: str) -> tuple[int, str]:
    done = paceline("gate", f"--prometheus={url}", *options, cwd=folder)
    return done.returncode, done.stdout


def test_a_run_that_never_arrives_is_told(stack: LocalStack, tmp_path: Path) -> None:
    """
    After the time that it was given.
    """
    url = stack.url("prometheus")

    assert _gate(tmp_path, url, "--run=lost", "--wait=2") == (
        1,
        f"Error: {url}: no run lost within 2 s; --wait gives it more\n",
    )


def test_a_suite_of_which_nothing_fires_is_let_through(stack: LocalStack, tmp_path: Path) -> None:
    """
    Without a run, as it is now.
    """
    found = _gate(tmp_path, stack.url("prometheus"), "--suite=shop", "--branch=main")

    assert found == (0, "nothing fires for shop on main\n")


def test_a_server_without_rules_is_told(tmp_path: Path) -> None:
    """
    At once: it has nothing to say, which is not that all is well.
    """
    with prometheus_with([make_run(1, [make_case()])], tmp_path) as server:
        found = {_gate(tmp_path, server.url, option) for option in ("--suite=shop", "--run=run-1")}

    assert found == {(1, f"Error: {server.url}: no alerting rule of Paceline, expected what `paceline rules` writes\n")}


def test_names_of_metrics_are_up_to_the_user(tmp_path: Path) -> None:
    """
    Rules are known by their groups, and a run by its labels.
    """
    for path, text in render(Options(interval_seconds=1, prefix="acme_")).items():
        if path.endswith(".rules.yml"):
            (tmp_path / path.replace("/", "-")).write_text(text, "utf-8")
    run = make_run(1, [make_case()], ended=time.time() - 5)
    with prometheus_with([run], tmp_path, rules=sorted(tmp_path.glob("*.rules.yml"))) as server:
        found = _gate(tmp_path, server.url, "--run=run-1")

    assert found == (0, "nothing fires for shop on main\n")


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    """
    At once, with or without a run.
    """
    url = f"http://127.0.0.1:{free_port()}"
    found = {_gate(tmp_path, url, option) for option in ("--suite=shop", "--run=lost")}

    assert found == {(1, f"Error: {url}: the connection failed (Connection refused), expected a Prometheus\n")}

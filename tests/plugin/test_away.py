"""
An exporter that was away while sessions went on.
"""

import signal
from pathlib import Path

from paceline.delivery.outbox import outboxes
from paceline.model import RunOutcome
from support.dying import leave_journal
from support.exporter import Exporter, exporter_in
from support.relaying import Relay, relaying
from support.servers import free_port
from support.suite import Suite
from support.values import make_case, make_run

_AWAY = 8
_ACKNOWLEDGED = 3


def test_what_piled_up_arrives_once_and_in_order(suite: Suite, tmp_path: Path) -> None:
    """
    Though the session that brings it is killed when the exporter has a run and has not yet said so.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    suite.write("pyproject.toml", "[tool.paceline]\npush_seconds = 0.3\n")
    port = free_port()
    push = f"--paceline-push=http://127.0.0.1:{port}"
    runs = [suite.run(push).run.run_id for _ in range(_AWAY)]
    suite.write("pyproject.toml", "[tool.paceline]\npush_seconds = 60\n")
    with exporter_in(tmp_path) as exporter:
        killed = _killed_in_the_middle(suite, push, port, exporter)
        with relaying(port, exporter.url) as relay:
            last = suite.run(push)
        kept = [run.run_id for _, _, run in reversed(exporter.ledger.summaries())]
        counted = exporter.state("paceline_runs_total")

    runs += sorted({*kept} - {*runs})
    assert killed.run_ids == runs[: _ACKNOWLEDGED + 1]
    assert relay.run_ids == runs[_ACKNOWLEDGED:]
    assert (kept, runs[-1]) == (runs, last.run.run_id)
    assert counted == {"main,passed,shop": _AWAY + 2}
    assert f"sent        6 runs to http://127.0.0.1:{port} (push); the server had 1 run already\n" in last.output
    assert sum(box.count() for _, _, box in outboxes(suite.results / ".outbox")) == 0


def test_a_job_that_was_killed_and_is_done_again_arrives_whole(suite: Suite, tmp_path: Path) -> None:
    """
    Though another session has sent meanwhile what was left of it, under the id that both have.
    """
    suite.write("test_two.py", "def test_one(): pass\ndef test_two(): pass\n")
    suite.run()
    leave_journal(suite.results / ".running", make_run(1, [make_case("test_two.py::test_one")], run_id="77-1"))
    with exporter_in(tmp_path) as exporter:
        push = f"--paceline-push={exporter.url}"
        other = suite.run(push)
        left = exporter.ledger.run("77-1")
        again = suite.run(push, environ={"PACELINE_RUN_ID": "77-1"})

        assert f"sent        2 runs to {exporter.url} (push)\n" in other.output
        assert left is not None
        assert left.outcome is RunOutcome.CRASHED
        assert f"sent        1 run to {exporter.url} (push)\n" in again.output
        assert exporter.ledger.run("77-1") == again.run


def _killed_in_the_middle(suite: Suite, push: str, port: int, exporter: Exporter) -> Relay:
    with relaying(port, exporter.url, answers=_ACKNOWLEDGED) as relay:
        process = suite.start(push)
        relay.is_holding.wait()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return relay

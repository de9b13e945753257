"""
The command `paceline`.
"""

import click

from paceline.cli.ab import ab
from paceline.cli.baseline import baseline
from paceline.cli.compare import compare
from paceline.cli.demo_history import demo_history
from paceline.cli.doctor import doctor
from paceline.cli.export import export
from paceline.cli.flaky import flaky
from paceline.cli.gate import gate
from paceline.cli.grafana import grafana
from paceline.cli.history import history
from paceline.cli.init import init
from paceline.cli.load_worker import load_worker
from paceline.cli.push import push
from paceline.cli.replay import replay
from paceline.cli.report import report
from paceline.cli.restore import restore
from paceline.cli.rules import rules
from paceline.cli.serve import serve
from paceline.cli.stack import stack
from paceline.cli.test import test
from paceline.cli.trends import trends
from paceline.cli.work import work
from paceline.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="paceline")
def main() -> None:
    """
    Watch the performance of a pytest suite.

    Measure with `pytest --paceline` or `paceline test`, then look at the results.

    \b
      paceline test                      run the suite, measured and judged
      paceline test cart --budget 50     only tests about the cart, budget 50 ms
      paceline report --format markdown  the last report, for a pull request
      paceline trends --sort slope       tests that get slower, over weeks
      paceline compare main my-branch    tests that became slower, from kept runs
      paceline ab --base main            the same, from new runs of both in turn
      paceline work diff main my-branch  functions that run more often
      paceline flaky --runs 20           tests that fail now and then
      paceline history list              the kept runs
      paceline baseline pin --note 2.0   judge against the last run from now on
      paceline push                      send the queued runs
      paceline rules monitoring          rules and alerts for Prometheus
      paceline grafana install --url …   dashboards for Grafana
      paceline stack up                  Prometheus and the exporter, locally
      paceline init                      a first configuration, from kept runs
      paceline doctor                    what is set up wrong, and how to fix it

    \b
    Exit codes:
      0   success
      1   a test failed; of other commands: a run or a file is missing or damaged
      2   a wrong option or argument, or the tests were interrupted
      3-5 as of pytest: internal error, usage error, no tests
      10  no test failed, but a gate: --fail-on, --fail-on-slower, or an alert
    """


for command in (
    test,
    report,
    trends,
    compare,
    ab,
    work,
    flaky,
    history,
    baseline,
    export,
    push,
    replay,
    restore,
    gate,
    serve,
    load_worker,
    rules,
    grafana,
    stack,
    init,
    doctor,
    demo_history,
):
    main.add_command(command)

"""
The command `paceline`.
"""

import click

from paceline.cli.ab import ab
from paceline.cli.baseline import baseline
from paceline.cli.compare import compare
from paceline.cli.demo_history import demo_history
from paceline.cli.export import export
from paceline.cli.gate import gate
from paceline.cli.grafana import grafana
from paceline.cli.history import history
from paceline.cli.push import push
from paceline.cli.replay import replay
from paceline.cli.report import report
from paceline.cli.rules import rules
from paceline.cli.serve import serve
from paceline.cli.stack import stack
from paceline.cli.test import test
from paceline.cli.trends import trends
from paceline.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="paceline")
def main() -> None:
    """
    Watch the performance of a pytest suite.

    Measure with `pytest --paceline` (or `paceline test`, which runs it for you); then look at what was found.

    \b
      paceline test                      run the suite, measured and judged
      paceline test cart --budget 50     only tests about the cart, budget 50 ms
      paceline report --format markdown  the last report, fit for a pull request
      paceline trends --sort slope       what grows, over weeks
      paceline compare main my-branch    what became slower, from runs that are kept
      paceline ab --base main            the same, with both run in turn on this machine
      paceline history list              the runs that are kept
      paceline baseline pin --note 2.0   judge from now on against the last run
      paceline push                      send the runs that wait for a server
      paceline rules monitoring          rules and alerts for Prometheus
      paceline grafana install --url …   dashboards for Grafana
      paceline stack up                  Prometheus, Alertmanager and the exporter on this machine

    \b
    Exit codes:
      0   all is well
      1   a test failed; for other commands: what was asked for is not there, or cannot be read
      2   a wrong option or argument, or the tests were interrupted
      3-5 pytest's own: internal error, usage error, no tests
      10  tests passed, but a verdict named in --fail-on was found, or what --fail-on-slower asks for
    """


for command in (
    test,
    report,
    trends,
    compare,
    ab,
    history,
    baseline,
    export,
    push,
    replay,
    gate,
    serve,
    rules,
    grafana,
    stack,
    demo_history,
):
    main.add_command(command)

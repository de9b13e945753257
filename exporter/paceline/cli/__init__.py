"""
The command `paceline`.
"""

from functools import cached_property
from importlib import import_module
from typing import Any

import click

from paceline.version import __version__

_VERBS = (
    "test",
    "report",
    "trends",
    "compare",
    "ab",
    "work",
    "flaky",
    "history",
    "baseline",
    "export",
    "push",
    "replay",
    "restore",
    "gate",
    "explain",
    "serve",
    "load-worker",
    "rules",
    "grafana",
    "stack",
    "init",
    "doctor",
    "demo-history",
)


class _Verbs(click.Group):
    """
    Imports a verb when it is used: together they import pytest, requests and more, which takes three times as long.
    """

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever click has for it
        super().__init__(**given)
        del self.commands  # what click has set hides the property

    @cached_property
    def commands(self) -> dict[str, click.Command]:  # type: ignore[override]
        """
        All verbs, for the programs that write pages about them.
        """
        return {name: _imported(name) for name in _VERBS}

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(_VERBS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        return _imported(cmd_name) if cmd_name in _VERBS else None


def _imported(verb: str) -> click.Command:
    name = verb.replace("-", "_")
    command: click.Command = getattr(import_module(f"{__name__}.{name}"), name)
    return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
      paceline compare main my-branch    tests that became slower, in kept runs
      paceline ab --base main            the same, in new runs of both in turn
      paceline work diff main my-branch  functions that run more often
      paceline flaky --runs 20           tests that fail now and then
      paceline history list              the kept runs
      paceline baseline pin --note 2.0   judge against the last run from now on
      paceline push                      send the queued runs
      paceline rules monitoring          rules and alerts for Prometheus
      paceline grafana install --url …   dashboards for Grafana
      paceline stack up                  Prometheus and the exporter, locally
      paceline init                      a first configuration, from kept runs
      paceline explain regression        what a verdict or an alert means
      paceline doctor                    faults of the set-up, and their fixes

    \b
    Exit codes:
      0   success
      1   a test failed; in other commands: a run or a file is missing or damaged
      2   a wrong option or argument, or the tests were interrupted
      3-5 as in pytest: internal error, usage error, no tests
      10  a gate is red: --fail-on, --fail-on-slower, or an alert
    """

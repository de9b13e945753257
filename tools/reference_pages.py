"""
The pages of the reference that are generated: the help of the command, and the metrics.
"""

from collections.abc import Iterator

import click
from tabulate import tabulate

from paceline.cli import main
from paceline.metrics.catalogue import CATALOGUE, Channel, Metric

_CHANNELS = {
    Channel.STATE: "State: scraped while tests run",
    Channel.EXPORTER: "State of the exporter: scraped from `paceline serve`",
    Channel.RUN_SAMPLE: "Run samples: one sample a run, stamped with its end",
}
_NOTES = {
    Channel.STATE: (
        "The labels are those at the endpoint of the session (`--paceline-port`), and those at an exporter: of "
        "sessions that report to it while they run (`--paceline-live`), and of `paceline_cases_total` and "
        "`paceline_case_duration_seconds` of runs that it has received.\n\n"
    ),
    Channel.RUN_SAMPLE: (
        "Of a test that failed, `paceline_test_passed`, `paceline_test_attempts`, `paceline_test_budget_seconds` and "
        "`paceline_test_budget_used_ratio` get a sample, and nothing else does: how long it took until it failed, and "
        "what it used until then, is not what it takes.\nOf a test that was skipped, nothing does.\n\n"
    ),
}


def reference_pages() -> dict[str, str]:
    """
    The text of each page, by its path from the root of the repository.
    """
    return {"docs/reference/command.md": _command_page(), "docs/reference/metrics.md": _metrics_page()}


def _command_page() -> str:
    parts = ["# The command\n\nMade by `make generated` from the help of the command."]
    parts += [f"## {path}\n\n```text\n{text}\n```" for path, text in _helps(main, "paceline")]
    return "\n\n".join(parts) + "\n"


def _helps(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=path, terminal_width=100, help_option_names=["-h", "--help"])
    yield path, command.get_help(context)
    for name, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, f"{path} {name}")


def _metrics_page() -> str:
    parts = ["# Metrics\n\nMade by `make generated` from the catalogue in `paceline.metrics.catalogue`."]
    parts += [
        f"## {heading}\n\n{_NOTES.get(channel, '')}{_metrics_table(channel)}" for channel, heading in _CHANNELS.items()
    ]
    return "\n\n".join(parts) + "\n"


def _metrics_table(channel: Channel) -> str:
    return tabulate([_row(one) for one in CATALOGUE if one.channel is channel], headers="keys", tablefmt="github")


def _row(metric: Metric) -> dict[str, str]:
    there = "not there" if metric.at_exporter is None else ", ".join(metric.at_exporter)
    return {
        "metric": f"`{metric.name}`",
        "type": metric.kind.value,
        "labels": ", ".join(metric.labels),
        **({"at an exporter": there} if metric.channel is Channel.STATE else {}),
        "what": metric.help,
    }

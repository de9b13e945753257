"""
The pages of the reference that are generated: the help of the command, metrics, quantities and kinds of verdicts.
"""

from collections.abc import Iterator, Mapping, Sequence

import click
from tabulate import tabulate

from paceline.cli import main
from paceline.formatting import size
from paceline.metrics.catalogue import CATALOGUE, Channel, Metric
from paceline.quantity import Unit
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_CHANNELS = {
    Channel.STATE: "State: scraped while tests run",
    Channel.EXPORTER: "State of the exporter: scraped from `paceline serve`",
    Channel.RUN_SAMPLE: "Run samples: one sample a run, stamped with its end",
}
_NOTES = {
    Channel.STATE: (
        "A session serves these metrics with `--paceline-port`. An exporter serves them, with other labels, for "
        "sessions that report to it while they run (`--paceline-live`); `paceline_cases_total` and "
        "`paceline_case_duration_seconds` are there of all runs that it has received.\n\n"
    ),
    Channel.RUN_SAMPLE: (
        "A test that failed has only samples of `paceline_test_passed`, `paceline_test_attempts`, "
        "`paceline_test_budget_seconds` and `paceline_test_budget_used_ratio`, because its time and usage until the "
        "failure are not those of a whole test.\nA test that was skipped has no samples.\n\n"
    ),
}

_CASE_ROWS = (
    ("setup_seconds", "Time of the setup, by a monotonic clock."),
    ("duration_seconds", "Time of the call, by a monotonic clock."),
    ("teardown_seconds", "Time of the teardown, by a monotonic clock."),
    (
        "normalized_duration_seconds",
        "Time of the call less the wait for a CPU, divided by the slowdown of the machine.",
    ),
)
_MEASURES_PAGE = """
# What is measured

Made by `make generated` from the table in `paceline.usage`.

These figures are measured for each test. The names are the keys of a case and of its `usage` in the
[run document](files.md).
Times are in seconds, sizes in bytes.
A figure that cannot be measured on a system is absent, never 0.
A figure of something that a test did not touch, such as a database, is absent too. It means 0 if the run lists the
probe (`probes`, `paceline_run_probes`).

{times}

{usage}

"Test" in the column "of" means setup, call and teardown.
The use of a fixture of class, module, package or session scope counts for no test.
A test keeps or leaves behind what exists after its teardown and did not exist before its setup.
The CPU time of child processes includes only processes that ended and were waited for.
[How tests are measured](../explanation/measuring.md) explains memory and child processes.
If a test was [measured again](../explanation/judging.md#confirmation), `normalized_duration_seconds` is the median of
its repeats, and `memory_retained_bytes` the least of them.

The report names as causes of a slower test: work, first; a part of the time, if it is at least 30% of the added time;
and a count of the system, if it grew by a fifth and by more than the column says.
"""
_VERDICTS_PAGE = """
# Kinds of verdicts

The kinds are in the order of reports.
The last column explains `measured` and `limit` of a verdict in the [run document](files.md).

{kinds}

Each kind but `less_work` and `unconfirmed` can fail a run: `--paceline-fail-on`, or [`fail_on`](configuration.md).

## What to do

{advice}
"""


def reference_pages() -> dict[str, str]:
    """
    The text of each page, by its path from the root of the repository.
    """
    return {
        "docs/reference/command.md": _command_page(),
        "docs/reference/measures.md": _measures_page(),
        "docs/reference/metrics.md": _metrics_page(),
        "docs/reference/verdicts.md": _verdicts_page(),
    }


def _command_page() -> str:
    parts = ["# The command\n\nMade by `make generated` from the help of the command."]
    parts += [f"## {path}\n\n```text\n{text}\n```" for path, text in _helps(main, "paceline")]
    return "\n\n".join(parts) + "\n"


def _helps(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=path, terminal_width=100, help_option_names=["-h", "--help"])
    yield path, command.get_help(context)
    for name, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, f"{path} {name}")


def _measures_page() -> str:
    times = [{"key": f"`{key}`", "what": what} for key, what in _CASE_ROWS]
    return _MEASURES_PAGE.lstrip().format(times=_table(times), usage=_table([_usage_row(key) for key in UsageKey]))


def _usage_row(key: UsageKey) -> dict[str, str]:
    quantity = key.quantity
    floor = size(quantity.floor) if quantity.unit is Unit.BYTES else f"{quantity.floor:g}"
    return {
        "key": f"`{key}`",
        "what": quantity.help,
        "of": quantity.phase,
        "on": quantity.systems,
        "as a cause": f"{quantity.cause}, by more than {floor}" if quantity.floor else quantity.cause,
    }


def _verdicts_page() -> str:
    rows = [
        {
            "kind": f"`{kind}`",
            "what": kind.facts.meaning,
            "severity": kind.facts.severity,
            "`measured` and `limit`": kind.facts.figures,
        }
        for kind in VerdictKind
    ]
    advice = [{"kind": f"`{kind}`", "advice": kind.facts.advice} for kind in VerdictKind]
    return _VERDICTS_PAGE.lstrip().format(kinds=_table(rows), advice=_table(advice))


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    return tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)


def _metrics_page() -> str:
    parts = ["# Metrics\n\nMade by `make generated` from the catalogue in `paceline.metrics.catalogue`."]
    parts += [
        f"## {heading}\n\n{_NOTES.get(channel, '')}{_metrics_table(channel)}" for channel, heading in _CHANNELS.items()
    ]
    return "\n\n".join(parts) + "\n"


def _metrics_table(channel: Channel) -> str:
    return _table([_row(one) for one in CATALOGUE if one.channel is channel])


def _row(metric: Metric) -> dict[str, str]:
    there = "only in a session" if metric.at_exporter is None else ", ".join(metric.at_exporter)
    return {
        "metric": f"`{metric.name}`",
        "type": metric.kind.value,
        "labels": ", ".join(metric.labels),
        **({"at an exporter": there} if metric.channel is Channel.STATE else {}),
        "what": metric.help,
    }

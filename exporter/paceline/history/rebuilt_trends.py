"""
The trends made again from the runs that are left.
"""

from collections.abc import Iterator

from msgspec import json

from paceline.analysis.judgement_rules import Rules
from paceline.analysis.summary import SuiteSummary, Trends, summarize
from paceline.history.archive import Archive


def renew_trends(archive: Archive, rules: Rules, default_branch: str) -> None:
    """
    Write `trends.json` again, where there is one.

    Args:
        archive: the runs.
        rules: give the window of time and what is enough.
        default_branch: the default branch of runs that do not say their own.

    Raises:
        PacelineError: the runs cannot be read, or the folder cannot be written to.
    """
    if archive.folder.trends.exists():
        suites = dict(_summaries(archive, rules, default_branch))
        archive.folder.replace(archive.folder.trends, json.encode(Trends(suites=suites)))


def _summaries(archive: Archive, rules: Rules, default_branch: str) -> Iterator[tuple[str, SuiteSummary]]:
    latest = {suite: run.run_id for suite, _, run in reversed(archive.ledger.summaries())}
    for suite, run_id in latest.items():
        run = archive.ledger.run(run_id)
        if run is not None:
            yield suite, summarize(run, archive.past_of(run, rules, default_branch))

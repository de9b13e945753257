"""
Options that say which of the kept runs are meant.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple, TypeVar

import click
from msgspec import Struct

from paceline.errors import StorageError
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from paceline.shards import gathered, merge

_F = TypeVar("_F", bound=Callable[..., object])


class Whole(NamedTuple):
    """
    A run, and the ids that it is kept under: its own, or those of its parts.
    """

    run_id: str
    ids: tuple[str, ...]

    @property
    def is_of_parts(self) -> bool:
        return self.ids != (self.run_id,)

    def read(self, ledger: Ledger) -> Run | None:
        """
        Read it, its parts put together as an exporter does; None where it was pruned meanwhile.
        """
        runs = list(read_all(ledger, self.ids))
        if not runs:
            return None
        return merge(self.run_id, runs) if self.is_of_parts else runs[0]


class KeptRuns(Struct, frozen=True, kw_only=True):
    """
    The options, as given.
    """

    since: datetime | None
    until: datetime | None
    suite: str | None

    def ids(self, ledger: Ledger) -> list[str]:
        """
        The ids of the runs, oldest first.

        Raises:
            StorageError: no run matches the options.
        """
        ends = sorted((run.ended, run.run_id) for _, _, run in ledger.summaries(self.suite))
        ids = [run_id for ended, run_id in ends if self._has(ended)]
        if not ids:
            raise StorageError(self._none_in(ledger))
        return ids

    def wholes(self, ledger: Ledger) -> list[Whole]:
        """
        The runs, oldest first, the parts of one together; it ends with the last of them.

        Raises:
            StorageError: no run matches the options.
        """
        suites: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for suite, _, run in ledger.summaries(self.suite):
            suites[suite][run.run_id] = run.ended
        wholes = sorted(
            (max(ends[one] for one in ids), Whole(run_id, tuple(sorted(ids))))
            for ends in suites.values()
            for run_id, ids in gathered(ends).items()
        )
        kept = [whole for ended, whole in wholes if self._has(ended)]
        if not kept:
            raise StorageError(self._none_in(ledger))
        return kept

    def _has(self, ended: float) -> bool:
        return _seconds(self.since, 0.0) <= ended <= _seconds(self.until, inf)

    def _none_in(self, ledger: Ledger) -> str:
        if not ledger.path.exists():
            return f"{ledger.path} does not exist, expected a results folder with a history"
        suite = f" of the suite {self.suite!r}" if self.suite is not None else ""
        span = " in that time" if self.since or self.until else ""
        return f"no run{suite}{span} in {ledger.path}; `paceline history list` lists all runs"


def span_options(command: _F) -> _F:
    """
    The options of a span of history.
    """
    options: Sequence[Callable[[_F], _F]] = (
        click.option("--since", type=click.DateTime(), help="Earliest end of a run, in UTC (default: no limit)."),
        click.option("--until", type=click.DateTime(), help="Latest end of a run, in UTC (default: no limit)."),
        click.option("--suite", metavar="NAME", help="Suite of the runs (default: all suites)."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def branch_names(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """
    Names of branches, as given; without one, no run would be on it.
    """
    for name in names:
        if not name.strip():
            raise click.BadParameter(f"{name!r}, expected the name of a branch")
    return names


def branches_option(command: _F) -> _F:
    """
    The option that names the branches that keep their name.
    """
    return click.option(
        "--branch",
        "branches",
        metavar="NAME",
        multiple=True,
        callback=branch_names,
        help="Branch that keeps its name in labels, besides the default branch; repeatable (default: none).",
    )(command)


def read_all(ledger: Ledger, ids: Sequence[str]) -> Iterator[Run]:
    """
    Run after run: a document is larger than what is kept of it.
    """
    for run_id in ids:
        run = ledger.run(run_id)
        if run is not None:
            yield run


def _seconds(moment: datetime | None, default: float) -> float:
    return default if moment is None else moment.replace(tzinfo=UTC).timestamp()

"""
Options that say which of the kept runs are meant.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import inf
from typing import TypeVar

import click
from msgspec import Struct

from paceline.errors import StorageError
from paceline.history.ledger import Ledger
from paceline.model import Run

_F = TypeVar("_F", bound=Callable[..., object])


class Span(Struct, frozen=True, kw_only=True):
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
            StorageError: there is none.
        """
        since, until = _seconds(self.since, 0.0), _seconds(self.until, inf)
        ends = sorted((run.ended, run.run_id) for _, _, run in ledger.summaries(self.suite))
        ids = [run_id for ended, run_id in ends if since <= ended <= until]
        if not ids:
            raise StorageError(self._none_in(ledger))
        return ids

    def _none_in(self, ledger: Ledger) -> str:
        if not ledger.path.exists():
            return f"{ledger.path} is not there, expected a results folder with a history"
        suite = f" of the suite {self.suite!r}" if self.suite is not None else ""
        span = " in that time" if self.since or self.until else ""
        return f"no run{suite}{span} in {ledger.path}; `paceline history list` shows what there is"


def span_options(command: _F) -> _F:
    """
    The options of a span of history.
    """
    options: Sequence[Callable[[_F], _F]] = (
        click.option("--since", type=click.DateTime(), help="Only runs that ended from then on (UTC)."),
        click.option("--until", type=click.DateTime(), help="Only runs that ended before or then (UTC)."),
        click.option("--suite", metavar="NAME", help="Only this suite."),
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
    The option that names the branches that are told apart.
    """
    return click.option(
        "--branch",
        "branches",
        multiple=True,
        callback=branch_names,
        help="A branch that keeps its name (default: the default branch); the others are called other.",
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

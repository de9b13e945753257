"""
Where the past of a run comes from.
"""

from math import inf
from typing import Protocol

from msgspec import Struct

from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Needed, Past, PastRun
from paceline.model import Run

_DAY = 24 * 3600.0


class TimeSpan(Struct, frozen=True, kw_only=True):
    """
    Runs that ended from `since` to `until`, without one, and at most `limit` of them, the latest.
    """

    since: float = 0.0
    until: float = inf
    excluding: str = ""
    limit: int = 300


class PastReader(Protocol):
    """
    Reads the measures of some past runs, which are known.
    """

    @property
    def runs(self) -> tuple[PastRun, ...]:
        """
        The runs, oldest first.
        """

    def read(self, needed: Needed) -> None:
        """
        Read measures, those of other tests too where that is cheaper. Nothing is read twice.

        Raises:
            PacelineError: a measure cannot be read; those before it are kept.
        """

    def past(self) -> Past:
        """
        The runs with all that was read so far.
        """


class Source(Protocol):
    """
    Past runs, in a ledger or a Prometheus.
    """

    def reader(self, suite: str, branch: str, span: TimeSpan) -> PastReader:
        """
        A reader of the latest runs of a suite on a branch within the span.

        Raises:
            PacelineError: the runs cannot be read.
        """


class Server(Source, Protocol):
    """
    A source elsewhere.
    """

    @property
    def name(self) -> str:
        """
        What a person calls it: its address, without secrets.
        """


def find_past(source: Source, run: Run, rules: Rules, default_branch: str, until: float) -> PastReader:
    """
    Find the runs that a run is judged against: those of the first branch that has runs enough, of the branch that a
    pull request is to be merged into, its own branch, and the default branch. Where no branch has enough, those of the
    branch with the most runs, and of another branch if it has as many as its own.

    The own runs of a pull request would make a slowdown usual after a few pushes.

    Args:
        source: who keeps past runs.
        run: the run.
        rules: give the window of time and what is enough.
        default_branch: the default branch of a run that does not say its own; "" for none.
        until: runs that ended later are left out.

    Raises:
        PacelineError: the runs cannot be read.
    """
    span = TimeSpan(since=run.ended - rules.window_days * _DAY, until=until, excluding=run.run_id)
    own = run.branch
    readers = dict[str, PastReader]()
    for branch in (run.target_branch or own, own, run.default_branch or default_branch or own):
        if branch not in readers:
            readers[branch] = source.reader(run.suite, branch, span)
        if len(readers[branch].runs) >= rules.regression.min_runs:
            break
    else:
        branch = max(readers, key=lambda name: (len(readers[name].runs), name != own))
    return readers[branch]

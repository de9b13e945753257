"""
Where the past of a run comes from.
"""

from typing import Protocol

from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import ATTEMPTS, DURATION, NORMALIZED, OUTCOME, Past
from paceline.history.sqlite.ledger import TimeSpan
from paceline.model import Run

_DAY = 24 * 3600.0
# The measures that every test is judged by, or shown with.
OF_EVERY_TEST = (NORMALIZED, DURATION, OUTCOME, ATTEMPTS)


class Source(Protocol):
    """
    Past runs, whoever keeps them.

    `past` is called any number of times, and what it gave stays good afterwards. A column may be read when it is
    first asked for. What cannot be read is a PacelineError, from `past` or from a column.
    """

    def past(self, suite: str, branch: str, span: TimeSpan) -> Past:
        """
        The latest runs of a suite on a branch within the span, oldest first.
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


def find_past(source: Source, run: Run, rules: Rules, default_branch: str, until: float) -> Past:
    """
    What a run is judged against: its own branch where that has runs enough, else the default branch.

    Args:
        source: who keeps past runs.
        run: the run.
        rules: give the window of time and what is enough.
        default_branch: the default branch of a run that does not say its own; "" for none.
        until: runs that ended later are left out.

    Raises:
        PacelineError: the past cannot be read.
    """
    span = TimeSpan(since=run.ended - rules.window_days * _DAY, until=until, excluding=run.run_id)
    own = source.past(run.suite, run.branch, span)
    default_branch = run.default_branch or default_branch
    if len(own.runs) >= rules.regression.min_runs or default_branch in {"", run.branch}:
        return own
    default = source.past(run.suite, default_branch, span)
    return default if len(default.runs) > len(own.runs) else own


def preload(past: Past) -> Past:
    """
    Have a server answer at once what every test is judged by: what fails, fails here.

    Raises:
        PacelineError: it cannot be read.
    """
    for column in OF_EVERY_TEST if past.runs else ():
        past.columns.get(column)
    return past

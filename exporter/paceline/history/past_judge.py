"""
Judge a run against the past that a source has: read, judge, read what explains the verdicts, explain.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from msgspec.structs import replace

from paceline.analysis.baselines import ROUNDING, Baseline, Baselines, past_by_baselines, restate
from paceline.analysis.explanation import explain, needed_to_explain
from paceline.analysis.judge import find_verdicts, needed_to_judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Needed, Past, PastRun
from paceline.analysis.work_of_suspects import needed_for_suspects
from paceline.errors import PacelineError
from paceline.history.source import PastReader, Source, find_past
from paceline.history.sqlite.database import NotALedgerError
from paceline.model import Run

Warn = Callable[[str], None]


class PastJudge:
    """
    Judges runs of a project.

    Args:
        source: has the past runs.
        baselines: the runs that tests are judged against instead of their latest past.
        warn: takes a line for the user.
    """

    def __init__(self, source: Source, baselines: Baselines, warn: Warn) -> None:
        self._source = source
        self._baselines = baselines
        self._warn = warn

    def judged(self, run: Run, rules: Rules, default_branch: str, until: float) -> tuple[Run, Past]:
        """
        Judge a run, and explain its verdicts as far as the measures that explain them can be read.

        Args:
            run: the run, as measured.
            rules: the thresholds.
            default_branch: the default branch of a run that does not say its own; "" for none.
            until: runs that ended later are left out.

        Returns:
            The judged run, and its latest past.

        Raises:
            PacelineError: a measure that finds verdicts cannot be read.
        """
        baselines = self._baselines.held_by(run)
        latest = find_past(self._source, run, rules, default_branch, until)
        pinned = {pin.ended: self._past_of_pin(pin, run, rules, default_branch) for pin in baselines.pinned}
        reader = _BaselineReader(baselines, latest, pinned)
        for needed in needed_to_judge(run, rules):
            reader.read(needed)
        found = find_verdicts(run, reader.past(), rules)
        read_or_warn(reader, needed_to_explain(found), self._warn)
        read_or_warn(reader, needed_for_suspects(found), self._warn)
        return restate(explain(found, reader.past()), baselines, latest.past()), latest.past()

    def _past_of_pin(self, pin: Baseline, run: Run, rules: Rules, default_branch: str) -> PastReader:
        ended = pin.ended.timestamp() + ROUNDING
        reader = find_past(self._source, replace(run, ended=ended), rules, default_branch, ended)
        if not reader.runs:
            self._warn(f"the history has no run up to the pinned run {pin.run_id}: no comparison of {pin.tests}")
        return reader


class _BaselineReader:
    """
    Reads the latest past, and of the past of a pinned run the tests that are pinned to it.
    """

    def __init__(self, baselines: Baselines, latest: PastReader, pinned: Mapping[datetime, PastReader]) -> None:
        self._baselines = baselines
        self._latest = latest
        self._pinned = pinned

    @property
    def runs(self) -> tuple[PastRun, ...]:
        return self.past().runs

    def read(self, needed: Needed) -> None:
        self._latest.read(needed)
        for ended, reader in self._pinned.items():
            reader.read(needed._replace(tests=self._pinned_to(ended, needed.tests)))

    def past(self) -> Past:
        pinned = {ended: reader.past() for ended, reader in self._pinned.items()}
        return past_by_baselines(self._baselines, self._latest.past(), pinned)

    def _pinned_to(self, ended: datetime, tests: Collection[str] | None) -> Collection[str] | None:
        if tests is None:
            return None
        return [test for test in tests if (pin := self._baselines.pin_of(test)) and pin.ended == ended]


def read_or_warn(reader: PastReader, needed: Needed, warn: Warn) -> None:
    """
    Read measures that only explain or illustrate verdicts, so that a failure costs no more than that.

    Raises:
        NotALedgerError: the ledger is damaged.
    """
    try:
        reader.read(needed)
    except NotALedgerError:
        raise
    except PacelineError as error:
        warn(f"some verdicts have no causes: {error}")

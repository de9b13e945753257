"""
The runs that a Prometheus has, and which of them its rules judged.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from paceline.errors import StorageError
from paceline.formatting import listed
from paceline.metrics.run_samples import quoted
from paceline.prometheus.query_client import QueryClient
from paceline.prometheus.rule_alerts import Place
from paceline.prometheus.rule_groups import Recorder, recorders
from paceline.verdict_kinds import VerdictKind

WINDOW_SECONDS = 14 * 24 * 3600.0
# A bare selector of PromQL sees a sample for so long, and so rules see a run.
LOOK_BACK_SECONDS = 300.0
_MOST_NAMED = 3
# The name of the metric is up to the user; its labels are not.
_ANY_RUN = 'run_id!="",branch!=""'


class KnownRun(Struct, frozen=True, kw_only=True):
    """
    A run: its id, its labels, and its end in milliseconds since 1970.
    """

    run_id: str
    labels: Mapping[str, str]
    stamp: int

    @property
    def seconds(self) -> float:
        return self.stamp / 1e3

    @property
    def is_partial(self) -> bool:
        return self.labels.get("partial") == "true"

    @property
    def names_of_branch(self) -> set[str]:
        """
        What its branch is called: in git, and in labels.
        """
        return {self.labels.get("ref", ""), self.labels["branch"]}

    def __str__(self) -> str:
        branch, ref = self.labels["branch"], self.labels.get("ref", "")
        known_as = f"{ref} (in labels {branch})" if ref not in {"", branch} else branch
        return f"run {self.run_id} of {self.labels['suite']} on {known_as}"


class Judging(Struct, frozen=True, kw_only=True):
    """
    How rules judge a run: as one of which place, and which of them tells that they did.
    """

    place: Place
    recorder: Recorder


class RunReader:
    """
    Reads the runs of one server.
    """

    def __init__(self, client: QueryClient) -> None:
        self._client: Final = client

    def named(self, beginning: str, now: float) -> KnownRun | None:
        """
        The run whose id is this, else the one whose id begins so; None as long as the server has not got it.

        Raises:
            StorageError: several ids begin with the given text, or the server does not answer as expected.
        """
        found = self._runs(f"run_id=~{quoted(re.escape(beginning) + '.*')}", now, WINDOW_SECONDS)
        exact = [run for run in found if run.run_id == beginning]
        ids = sorted({run.run_id for run in found})
        if len(ids) > 1 and not exact:
            some = listed(ids, _MOST_NAMED)
            raise StorageError(f"{self._client.server}: {beginning!r} is the beginning of several ids: {some}")
        return next(iter(exact or found), None)

    def latest(self, suite: str, branch: str, now: float) -> KnownRun | None:
        """
        The latest run of a suite on a branch, as git calls it or as labels do.

        Raises:
            StorageError: the server does not answer as expected.
        """
        found = self._runs(f"suite={quoted(suite)}", now, WINDOW_SECONDS)
        return next((run for run in reversed(found) if branch in run.names_of_branch), None)

    def next_after(self, run: KnownRun, place: Place, now: float) -> KnownRun | None:
        """
        The run of the same place that ended next.

        Raises:
            StorageError: the server does not answer as expected.
        """
        found = self._runs(_matchers(place.labels), now, now - run.seconds + 1)
        return next((one for one in found if one.stamp > run.stamp), None)

    def judging(self, run: KnownRun) -> Judging | None:
        """
        How the rules judge a run that comes in time; None where they judge no run of its branch.

        Raises:
            StorageError: the server does not answer as expected, or has no rules of Paceline.
        """
        for recorder in recorders(self._client):
            # A query for samples as they are is a range; steps of one second meet the run within two.
            for one in self._client.query(f"({recorder.rule.query})[2s:1s]", run.seconds + 1):
                if one.labels.items() <= run.labels.items() and "suite" in one.labels:
                    return Judging(place=Place(labels=one.labels), recorder=recorder)
        return None

    def evaluations(self, run: KnownRun, judging: Judging) -> Sequence[float]:
        """
        When the rules found a run to be the latest one of its place, in seconds since 1970, ascending.

        Raises:
            StorageError: the server does not answer as expected.
        """
        seconds = round(LOOK_BACK_SECONDS + judging.recorder.interval)
        series = f"{judging.recorder.rule.name}{{{_matchers(judging.place.labels)}}}[{seconds}s]"
        return [
            stamp / 1e3
            for one in self._client.query(series, run.seconds + seconds)
            for stamp, end in zip(one.stamps, one.values, strict=True)
            if round(end * 1e3) == run.stamp
        ]

    def tests(self, run: KnownRun, place: Place) -> Collection[str]:
        """
        The tests that a run has an outcome of.

        Raises:
            StorageError: the server does not answer as expected.
        """
        series = f'{{__name__=~".*test_passed",test!="",{_matchers(place.labels)}}}[1s]'
        answer = self._client.query(series, run.seconds)
        return {one.labels["test"] for one in answer if run.stamp in one.stamps}

    def findings(self, run: KnownRun) -> int:
        """
        How many verdicts the own report of a run has.

        Raises:
            StorageError: the server does not answer as expected.
        """
        place = {name: run.labels[name] for name in ("suite", "branch")}
        kinds = "|".join(kind for kind in VerdictKind if kind.can_fail)
        series = f'{{__name__=~".+run_verdicts",kind=~"{kinds}",{_matchers(place)}}}[1s]'
        counts = {one.labels["kind"]: one.values[-1] for one in self._client.query(series, run.seconds) if one.values}
        return round(sum(counts.values()))

    def _runs(self, matchers: str, now: float, seconds: float) -> list[KnownRun]:
        """
        In the order in which they ended.
        """
        answer = self._client.query(f'{{{_ANY_RUN},suite!="",{matchers}}}[{round(seconds)}s]', now)
        found = [
            KnownRun(run_id=one.labels["run_id"], labels=one.labels, stamp=one.stamps[-1])
            for one in answer
            if one.stamps
        ]
        return sorted(found, key=lambda run: run.stamp)


def _matchers(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={quoted(value)}" for name, value in labels.items())

"""
The alerts of a Prometheus for a run, and whether they can decide.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from msgspec import Struct

from paceline import formatting
from paceline.errors import StorageError
from paceline.prometheus.exposed_runs import LOOK_BACK_SECONDS, WINDOW_SECONDS, Judging, KnownRun, RunReader
from paceline.prometheus.query_client import QueryClient
from paceline.prometheus.rule_alerts import EXPORTER_DOWN, Alert, AlertReader, Place
from paceline.prometheus.rule_groups import RuleKind, evaluated, evaluated_slowly, server_time, waits

_POLL_SECONDS = 1.0
# What is recorded from what another group records is there after the second evaluation, and alerts are made of both.
_CHAIN = (RuleKind.RECORDING, RuleKind.RECORDING, RuleKind.ALERTING)
_T = TypeVar("_T")


class GateAnswer(Struct, frozen=True, kw_only=True):
    """
    What fires for a run. `superseded_by` is the id of the run that came next, and then it is what fired before that.

    `earlier` are alerts of its suite and branch about findings of other runs. `notices` are alerts about no suite: of
    the exporter, and of machines. `waits` says which groups of rules were never evaluated, and when they will be.
    """

    run: KnownRun
    place: Place
    alerts: Sequence[Alert]
    earlier: Sequence[Alert]
    notices: Sequence[Alert]
    waits: Sequence[str]
    superseded_by: str = ""


class Gate:
    """
    Asks one server, and waits for what it has not got yet.

    Args:
        client: asks it.
        seconds: to wait in all.
        severities: of the alerts that count.
    """

    def __init__(self, client: QueryClient, seconds: float, severities: Collection[str]) -> None:
        self._client: Final = client
        self._runs: Final = RunReader(client)
        self._alerts: Final = AlertReader(client)
        self._severities: Final = severities
        self._end: Final = time.monotonic() + seconds
        self._within: Final = f"within {formatting.duration(seconds)}; wait longer with --wait"
        # A server without rules has nothing to say, which is not that all is well.
        evaluated(client, RuleKind.ALERTING)

    def of_run(self, beginning: str) -> GateAnswer:
        """
        What fires for a run, which may be still to come.

        Raises:
            StorageError: the gate cannot decide; the message is the reason.
        """
        missing = f"no run {beginning} {self._within}"
        run = self._waited(lambda: self._runs.named(beginning, server_time(self._client)), lambda: missing)
        return self._answer(run, self._settled(run))

    def of_latest(self, suite: str, branch: str) -> GateAnswer:
        """
        What fires for a suite on a branch as they are now: for its latest run.

        Raises:
            StorageError: the gate cannot decide; the message is the reason.
        """
        self._waited(
            lambda: not self._alerts.is_pending(EXPORTER_DOWN) or None,
            lambda: f"the exporter does not answer ({EXPORTER_DOWN} is pending), so newer runs may be missing",
        )
        settled, latest = None, self._latest(suite, branch)
        while latest != settled:
            settled, judging = latest, self._settled(latest)
            latest = self._latest(suite, branch)
        answer = self._answer(latest, judging)
        for alert in answer.notices:
            if alert.name == EXPORTER_DOWN and not answer.alerts:
                raise self._error(f"{alert.name} fires, so newer runs may be missing. {alert.said}")
        return answer

    def _latest(self, suite: str, branch: str) -> KnownRun:
        found = self._runs.latest(suite, branch, server_time(self._client))
        if found is None:
            window = f"{WINDOW_SECONDS / 86400:.0f} days"
            raise self._error(f"no run of {suite} on {branch} within {window}; cannot decide")
        return found

    def _settled(self, run: KnownRun) -> Judging:
        """
        Wait until the rules were evaluated with a run, what alerts are made of first.
        """
        judging = self._runs.judging(run)
        if judging is None:
            raise self._error(
                f"no rule of the server judges {run}; `paceline rules --match` writes rules that do, "
                "`paceline serve --branches` names branches that keep their name, "
                "and `pytest --paceline-fail-on` judges in the session"
            )
        if not self._is_over(run, judging):
            for kind in _CHAIN:
                self._wait_for(kind)
        return judging

    def _is_over(self, run: KnownRun, judging: Judging) -> bool:
        """
        Whether nothing more can come of a run: the alerts were made of it, or it is too old to be seen.
        """
        seen = next(iter(self._runs.evaluations(run, judging)), run.seconds + LOOK_BACK_SECONDS)
        return evaluated(self._client, RuleKind.ALERTING) > seen + _chain_seconds(judging)

    def _wait_for(self, kind: RuleKind) -> None:
        since = server_time(self._client)
        self._waited(
            lambda: evaluated(self._client, kind) > since or None,
            lambda: (
                f"the {kind} rules were not evaluated {self._within}: {'; '.join(waits(self._client, new_only=False))}"
            ),
        )

    def _answer(self, run: KnownRun, judging: Judging) -> GateAnswer:
        now = self._alerts.firing(self._severities)
        # Asked after the alerts, so that none of them is of a run that is not known here.
        later = self._runs.next_after(run, judging.place, server_time(self._client))
        alerts = self._before(later, run, judging) if later else now
        if later is None and not self._runs.evaluations(run, judging):
            raise self._too_late(run)
        here = [alert for alert in alerts if judging.place.has(alert)]
        own = self._own(here, run, judging.place)
        return GateAnswer(
            run=run,
            place=judging.place,
            alerts=own,
            earlier=[alert for alert in here if alert not in own],
            waits=waits(self._client, new_only=True),
            notices=[alert for alert in now if not alert.is_of_suite],
            superseded_by=later.run_id if later else "",
        )

    def _own(self, alerts: Sequence[Alert], run: KnownRun, place: Place) -> Sequence[Alert]:
        """
        The alerts about findings of the run itself: of a test that ran in it, or of a suite that ran whole.
        """
        tests = self._runs.tests(run, place) if any(alert.test for alert in alerts) else ()
        has_slow = any(alert.is_of_slow_rules for alert in alerts)
        is_slow_over = has_slow and evaluated_slowly(self._client) > run.seconds

        def is_own(alert: Alert) -> bool:
            if alert.is_of_window:
                return alert.is_since(run.seconds)
            if not alert.test:
                return not run.is_partial or alert.is_since(run.seconds)
            return alert.test in tests and (is_slow_over or not alert.is_of_slow_rules)

        return [alert for alert in alerts if is_own(alert)]

    def _before(self, later: KnownRun, run: KnownRun, judging: Judging) -> Sequence[Alert]:
        """
        What fired before a later run ended, which no rule can have seen until then.
        """
        seen = [at for at in self._runs.evaluations(run, judging) if at < later.seconds]
        if not seen and later.seconds > run.seconds + LOOK_BACK_SECONDS:
            raise self._too_late(run)
        if not seen or seen[-1] < seen[0] + _chain_seconds(judging):
            raise self._error(
                f"{run} was superseded by run {later.run_id} before the rules had judged it; cannot decide"
            )
        return self._alerts.fired(seen[-1], judging.recorder.interval, self._severities)

    def _too_late(self, run: KnownRun) -> StorageError:
        findings = formatting.counted(self._runs.findings(run), "finding")
        return self._error(
            f"{run} came too late for the rules to judge it, more than {formatting.duration(LOOK_BACK_SECONDS)} "
            f"after its end; its own report has {findings}"
        )

    def _waited(self, look: Callable[[], _T | None], missing: Callable[[], str]) -> _T:
        while (found := look()) is None:
            if time.monotonic() + _POLL_SECONDS > self._end:
                raise self._error(missing())
            time.sleep(_POLL_SECONDS)
        return found

    def _error(self, text: str) -> StorageError:
        return StorageError(f"{self._client.server}: {text}")


def _chain_seconds(judging: Judging) -> float:
    return len(_CHAIN) * judging.recorder.interval

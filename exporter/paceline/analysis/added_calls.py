"""
The line or host whose queries or requests grew, by comparison with an earlier run.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.absent_counts import with_absent_counts
from paceline.analysis.past import Past
from paceline.formatting import counted
from paceline.model import Case, Cause, Run, Verdict
from paceline.query_group import short_statement
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_WITH_PLACES = frozenset({UsageKey.DB_QUERIES, UsageKey.NETWORK_REQUESTS})
# Each of these runs is read whole, and the tests of one change mostly share one.
_MOST_RUNS = 3


class _Calls(NamedTuple):
    """
    The queries of one statement that one file sends, or the requests to one host; the lines of a file move.
    """

    total: int
    places: Counter[str]


_NO_CALLS = _Calls(0, Counter())


class _Growth(NamedTuple):
    """
    Queries or requests that grew: where they come from, what they are, and their number before and now.
    """

    origin: str
    what: str
    before: int
    now: int

    @property
    def text(self) -> str:
        what = f"{self.origin}{f' (`{self.what}`)' if self.what else ''}"
        if self.before:
            return f"{what}: {self.before:,} → {self.now:,}"
        return f"new {what}: {counted(self.now, 'time')}"


def needed_runs(run: Run, past: Past) -> list[str]:
    """
    The ids of the earlier runs that `with_added_calls` compares with a run, the most needed first.

    Args:
        run: the run, with its final verdicts.
        past: the runs that it was judged against.
    """
    past = with_absent_counts(past)
    needed = Counter(_run_before(verdict, cause, past) for verdict in run.verdicts if (cause := _cause_of(verdict)))
    del needed[""]
    return [run_id for run_id, _ in needed.most_common(_MOST_RUNS)]


def with_added_calls(run: Run, past: Past, earlier: Mapping[str, Run]) -> Run:
    """
    Add to verdicts on queries and requests the line or host that grew, and say so where it is not known.

    Args:
        run: the run, with its final verdicts.
        past: the runs that it was judged against.
        earlier: those of `needed_runs` that are kept, by id.
    """
    if not any(map(_cause_of, run.verdicts)):
        return run
    past, now = with_absent_counts(past), {case.id: case for case in run.cases}
    before = {run_id: {case.id: case for case in known.cases} for run_id, known in earlier.items()}
    verdicts = []
    for verdict in run.verdicts:
        cause, case = _cause_of(verdict), now.get(verdict.case or "")
        if cause and case:
            known = before.get(_run_before(verdict, cause, past), {}).get(case.id)
            growths = _growths(cause, known, case) if known else []
            verdict = _placed(verdict, cause, growths)  # noqa: PLW2901 - the same verdict with its place
        verdicts.append(verdict)
    return replace(run, verdicts=tuple(verdicts))


def _cause_of(verdict: Verdict) -> Cause | None:
    return next((cause for cause in verdict.causes if cause.measure in _WITH_PLACES and verdict.case), None)


def _run_before(verdict: Verdict, cause: Cause, past: Past) -> str:
    """
    The id of the last run in which the count was not higher than before its rise; "" if there is no such run.
    """
    series = past.series(cause.measure, verdict.case or "")
    known = zip(reversed(series.runs), reversed(series.values), strict=True)
    return next((past.runs[place].run_id for place, value in known if value <= cause.before), "")


def _placed(verdict: Verdict, cause: Cause, growths: list[_Growth]) -> Verdict:
    causes = verdict.causes
    if growths:
        causes = tuple(replace(one, origin=growths[0].origin) if one is cause else one for one in causes)
    if verdict.kind is not VerdictKind.COUNT:
        return replace(verdict, causes=causes)
    text = ""
    if growths:
        others = counted(len(growths) - 1, "other place") if len(growths) > 1 else ""
        text = f"{growths[0].text}{f'; also more from {others}' if others else ''}"
    elif cause.origin:
        text = f"most {cause.origin} (the history does not show which calls are new)"
    return replace(verdict, causes=causes, reason="; ".join(filter(None, (verdict.reason, text))))


def _growths(cause: Cause, before: Case, now: Case) -> list[_Growth]:
    """
    What grew between two cases, the most first; empty if one of them does not have all of its queries or hosts.
    """
    old, new = _calls(cause.measure, before), _calls(cause.measure, now)
    if old is None or new is None:
        return []
    found = []
    for key, calls in new.items():
        known = old.get(key, _NO_CALLS)
        if calls.total > known.total:
            added = calls.places - known.places
            origin = max(added, key=lambda place: added[place], default="")
            found.append(_Growth(origin, key[0], known.total, calls.total))
    return sorted(found, key=lambda growth: growth.before - growth.now)


def _calls(measure: str, case: Case) -> dict[tuple[str, str], _Calls] | None:
    """
    The queries by statement and file, or the requests by host; None if the case has only some of them.
    """
    found: dict[tuple[str, str], Counter[str]] = {}
    if measure == UsageKey.DB_QUERIES:
        for group in case.queries:
            key = short_statement(group.statement), group.place.rpartition(":")[0]
            found.setdefault(key, Counter())[f"at {group.place}" if group.place else ""] += group.count
    else:
        for one in case.hosts:
            found.setdefault(("", one.host), Counter())[f"to {one.host}"] += one.requests
    calls = {key: _Calls(places.total(), places) for key, places in found.items()}
    is_whole = sum(one.total for one in calls.values()) == case.usage.get(measure, 0)
    return calls if is_whole else None

"""
Baselines: what a team decided a test is to be judged against, where that is not simply its latest past.

A pinned run: its tests are judged against the window that ends with it, so that what crept up since cannot hide.
An accepted run: of its tests the past before it is forgotten, so that what it took is usual from then on. Both are
about figures; whether a test passes, and what it keeps of memory, is judged by the latest runs in any case.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Final, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from paceline.analysis.absent_counts import with_absent_counts
from paceline.analysis.ignored_queries import IgnoredQueries
from paceline.analysis.past import ATTEMPTS, NORMALIZED, OF_FIXTURES, OUTCOME, Past, PastRun, Series
from paceline.analysis.verdicts.change_point import since_run
from paceline.model import Run, Since, Verdict
from paceline.usage import UsageKey
from paceline.values import Value
from paceline.verdict_kinds import VerdictKind

SCHEMA = 1
# Prometheus counts in milliseconds, so that a run may seem to end a little earlier than it did.
ROUNDING = 0.001

_OF_LATEST_RUNS = {
    OUTCOME,
    ATTEMPTS,
    str(UsageKey.MEMORY_RETAINED_BYTES),
    str(UsageKey.IMPORTED_MODULES),
    *OF_FIXTURES,
}

NotEmpty = Annotated[str, Meta(min_length=1)]


class Baseline(Value, frozen=True, kw_only=True):
    """
    A run that tests are judged by.

    `tests` is a test id, one without its parameters, a file, or a pattern in which `*` and `?` stand for what they
    do in a shell; brackets stand for themselves.
    """

    suite: NotEmpty
    tests: NotEmpty
    run_id: NotEmpty
    ended: Annotated[datetime, Meta(tz=True)]
    commit: str = ""
    note: str = ""

    def fits(self, case_id: str) -> bool:
        return fits(self.tests, case_id)


class Baselines(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    All baselines of a project. Repeated queries that fit one of `repeated_queries` are no verdict.
    """

    schema: Annotated[int, Meta(ge=1, le=SCHEMA)] = SCHEMA
    pinned: tuple[Baseline, ...] = ()
    accepted: tuple[Baseline, ...] = ()
    repeated_queries: tuple[IgnoredQueries, ...] = ()

    def held_by(self, run: Run) -> "Baselines":
        """
        Those that a run is judged by: of its suite, and from runs before it; the earliest first.
        """
        return Baselines(pinned=_before(self.pinned, run), accepted=_before(self.accepted, run))

    def pin_of(self, case_id: str) -> Baseline | None:
        """
        The pinned baseline of a test: that of the latest run, unless something later was accepted.
        """
        pinned, accepted = _latest(self.pinned, case_id), _latest(self.accepted, case_id)
        is_over = pinned is not None and accepted is not None and accepted.ended > pinned.ended
        return None if is_over else pinned


def fits(pattern: str, case_id: str) -> bool:
    """
    Whether a pattern of tests means this one; see `Baseline`.
    """
    family = case_id.partition("[")[0]
    return (
        pattern in {case_id, family}
        or case_id.startswith(f"{pattern}::")
        or fnmatchcase(case_id, pattern.replace("[", "[[]"))
    )


def past_by_baselines(baselines: Baselines, latest: Past, pinned: Mapping[datetime, Past]) -> Past:
    """
    The past in which the series of each test is the one that its baseline chooses.

    Args:
        baselines: those that the run is judged by; see `Baselines.held_by`.
        latest: earlier runs within the window, oldest first.
        pinned: by the end of a pinned run, the runs within the window that ends with it.
    """
    if baselines == Baselines():
        return latest
    pasts = {ended: with_absent_counts(past) for ended, past in pinned.items()}
    parts = _Parts(baselines, with_absent_counts(latest), pasts)
    measures = dict.fromkeys(measure for past in (parts.latest, *pasts.values()) for measure in past.columns)
    columns = {measure: _Column(parts, measure) for measure in measures if measure not in _OF_LATEST_RUNS}
    return replace(latest, runs=parts.runs, columns={**parts.latest.columns, **columns})


def restate(run: Run, baselines: Baselines, latest: Past) -> Run:
    """
    Name the baseline in each regression against a pinned run, and since when the latest past has it.

    Args:
        run: the run, judged against `past_by_baselines`.
        baselines: the same baselines.
        latest: the same latest past.
    """
    if not baselines.pinned:
        return run
    restated = (_restated(verdict, baselines.pin_of(verdict.case or ""), latest) for verdict in run.verdicts)
    return replace(run, verdicts=tuple(verdict for verdict in restated if verdict is not None))


class _Part(NamedTuple):
    """
    A past, and the place of its first run among the runs of all parts.
    """

    past: Past
    offset: int


class _Parts:
    """
    The latest past and those of pinned runs, and of each test the part that it is judged against.
    """

    def __init__(self, baselines: Baselines, latest: Past, pinned: Mapping[datetime, Past]) -> None:
        self._baselines = baselines
        self.latest: Final = latest
        runs = list(latest.runs)
        self._pinned: dict[Baseline, _Part] = {}
        for baseline in baselines.pinned:
            self._pinned[baseline] = _Part(pinned.get(baseline.ended, Past()), len(runs))
            runs += self._pinned[baseline].past.runs
        self.runs: Final[tuple[PastRun, ...]] = tuple(runs)
        self._known: dict[str, tuple[_Part, float]] = {}

    def series(self, measure: str, case_id: str) -> Series | None:
        """
        The series that a test is judged against.
        """
        (past, offset), since = self._part_of(case_id)
        series = past.column(measure).get(case_id)
        if series is not None and since:
            series = _since(series, past.runs, since)
        if series is None or not series.runs:
            return None
        return Series([run + offset for run in series.runs], series.values) if offset else series

    def _part_of(self, case_id: str) -> tuple[_Part, float]:
        """
        The part, and the time from which its runs count.
        """
        if case_id not in self._known:
            pin, accepted = self._baselines.pin_of(case_id), _latest(self._baselines.accepted, case_id)
            since = accepted.ended.timestamp() - ROUNDING if accepted is not None else 0.0
            self._known[case_id] = (self._pinned[pin] if pin is not None else _Part(self.latest, 0), since)
        return self._known[case_id]


class _Column:
    """
    One measure, of each test from the part that it is judged against.
    """

    def __init__(self, parts: _Parts, measure: str) -> None:
        self._parts = parts
        self._measure = measure

    def get(self, case_id: str, /) -> Series | None:
        return self._parts.series(self._measure, case_id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts.latest.column(self._measure))


def _restated(verdict: Verdict, pin: Baseline | None, past: Past) -> Verdict | None:
    if pin is None:
        return verdict
    if verdict.kind.facts.is_of_whole_window:
        return None  # of the time before the pinned run
    if verdict.kind is not VerdictKind.REGRESSION or verdict.limit is None:
        return verdict
    since = _since_above(past.series(NORMALIZED, verdict.case or ""), verdict.limit, past.runs)
    return replace(
        verdict,
        since=since,
        standing=since is not None,
        reason=f"{verdict.reason}, against the baseline pinned at run {pin.run_id}",
    )


def _since_above(series: Series, limit: float, runs: tuple[PastRun, ...]) -> Since | None:
    below = next((place for place, value in enumerate(reversed(series.values)) if value <= limit), len(series.values))
    return since_run([runs[position] for position in series.runs], len(series.values) - below)


def _before(baselines: tuple[Baseline, ...], run: Run) -> tuple[Baseline, ...]:
    held = (one for one in baselines if one.suite == run.suite and one.ended.timestamp() < run.ended)
    return tuple(sorted(held, key=lambda one: one.ended))


def _latest(baselines: tuple[Baseline, ...], case_id: str) -> Baseline | None:
    return next((one for one in reversed(baselines) if one.fits(case_id)), None)


def _since(series: Series, runs: tuple[PastRun, ...], since: float) -> Series:
    first = bisect_left(series.runs, since, key=lambda position: runs[position].ended)
    return Series(series.runs[first:], series.values[first:])

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
from typing import Annotated, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import ATTEMPTS, NORMALIZED, OUTCOME, Past, PastRun, Series
from paceline.analysis.verdicts.change_point import since_run
from paceline.model import Run, Since, Verdict
from paceline.usage import UsageKey
from paceline.values import Value
from paceline.verdict_kinds import VerdictKind

SCHEMA = 1
# Prometheus counts in milliseconds, so that a run may seem to end a little earlier than it did.
ROUNDING = 0.001

_OF_LATEST_RUNS = {OUTCOME, ATTEMPTS, str(UsageKey.MEMORY_RETAINED_BYTES), str(UsageKey.IMPORTED_MODULES)}
_OF_THE_COURSE = {VerdictKind.TREND, VerdictKind.CHANGE_POINT, VerdictKind.DURATION_FLAKY}

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
    All baselines of a project.
    """

    schema: Annotated[int, Meta(ge=1, le=SCHEMA)] = SCHEMA
    pinned: tuple[Baseline, ...] = ()
    accepted: tuple[Baseline, ...] = ()

    def held_by(self, run: Run) -> "Baselines":
        """
        Those that a run is judged by: of its suite, and from runs before it; the earliest first.
        """
        return Baselines(pinned=_before(self.pinned, run), accepted=_before(self.accepted, run))


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


def judge_against(run: Run, past: Past, pasts: Mapping[datetime, Past], baselines: Baselines, rules: Rules) -> Run:
    """
    Judge a run against its budgets, its past and the baselines.

    Args:
        run: the run, as measured.
        past: earlier runs within the window, oldest first.
        pasts: by the end of a pinned run, the runs within the window that ends with it.
        baselines: those that the run is judged by; see `Baselines.held_by`.
        rules: the thresholds.

    Returns:
        As `judge`. A regression against a pinned run says so, and since when it was so is told by the latest past.
    """
    if baselines == Baselines():
        return judge(run, past, rules)
    view = _View(past, pasts, baselines)
    judged = judge(run, Past(runs=view.runs, columns=view, source=past.source), rules)
    told = (_tell(verdict, view.pin_of(verdict.case or ""), past) for verdict in judged.verdicts)
    return replace(judged, verdicts=tuple(verdict for verdict in told if verdict is not None))


class _Part(NamedTuple):
    """
    A past, and the place of its first run among the runs of all parts.
    """

    past: Past
    offset: int


class _View(Mapping[str, Mapping[str, Series]]):
    """
    Columns in which the series of each test is that which it is judged against.
    """

    def __init__(self, past: Past, pasts: Mapping[datetime, Past], baselines: Baselines) -> None:
        self._baselines = baselines
        self._latest = _Part(past, 0)
        self._parts: dict[Baseline, _Part] = {}
        runs = list(past.runs)
        for baseline in baselines.pinned:
            self._parts[baseline] = _Part(pasts.get(baseline.ended, Past()), len(runs))
            runs += self._parts[baseline].past.runs
        self.runs: tuple[PastRun, ...] = tuple(runs)
        self._pins: dict[str, Baseline | None] = {}

    def __getitem__(self, measure: str) -> Mapping[str, Series]:
        latest = self._latest.past.columns.get(measure, {})
        return latest if measure in _OF_LATEST_RUNS else _Column(self, measure, latest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._latest.past.columns)

    def __len__(self) -> int:
        return len(self._latest.past.columns)

    def pin_of(self, case_id: str) -> Baseline | None:
        """
        The pinned baseline of a test: that of the latest run, unless something later was accepted.
        """
        if case_id not in self._pins:
            pinned = _latest(self._baselines.pinned, case_id)
            accepted = _latest(self._baselines.accepted, case_id)
            is_over = pinned is not None and accepted is not None and accepted.ended > pinned.ended
            self._pins[case_id] = None if is_over else pinned
        return self._pins[case_id]

    def series(self, measure: str, case_id: str) -> Series | None:
        """
        What a test is judged against.
        """
        pin = self.pin_of(case_id)
        past, offset = self._parts[pin] if pin is not None else self._latest
        series = past.columns.get(measure, {}).get(case_id)
        accepted = _latest(self._baselines.accepted, case_id)
        if series is not None and accepted is not None:
            series = _since(series, past.runs, accepted.ended.timestamp() - ROUNDING)
        if series is None or not series.runs:
            return None
        return Series([run + offset for run in series.runs], series.values) if offset else series


class _Column(Mapping[str, Series]):
    """
    One column of a view.
    """

    def __init__(self, view: _View, measure: str, latest: Mapping[str, Series]) -> None:
        self._view = view
        self._measure = measure
        self._latest = latest

    def __getitem__(self, case_id: str) -> Series:
        series = self._view.series(self._measure, case_id)
        if series is None:
            raise KeyError(case_id)
        return series

    def __iter__(self) -> Iterator[str]:
        return iter(self._latest)

    def __len__(self) -> int:
        return len(self._latest)


def _tell(verdict: Verdict, pin: Baseline | None, past: Past) -> Verdict | None:
    if pin is None:
        return verdict
    if verdict.kind in _OF_THE_COURSE:
        return None  # of the time before the pinned run
    if verdict.kind is not VerdictKind.REGRESSION or verdict.limit is None:
        return verdict
    return replace(
        verdict,
        since=_since_above(past.series(NORMALIZED, verdict.case or ""), verdict.limit, past.runs),
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

"""
Laws of the ledger.
"""

import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.analysis.past import ATTEMPTS, DURATION, MEASURES, NORMALIZED, OUTCOME, Past
from paceline.documents import encode_run
from paceline.history.source import TimeSpan
from paceline.history.sqlite.exporter_ledger import ServedLedger, Terms
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Case, Run
from paceline.usage import UsageKey
from property.strategies import case_lists, runs
from support.values import EPOCH, make_run, whole_past

_MEASURES = (DURATION, NORMALIZED, OUTCOME, ATTEMPTS, *UsageKey)


def _ledger_of(folder: str, runs_to_add: Sequence[Run]) -> Ledger:
    ledger = Ledger(Path(folder) / "history.sqlite")
    for run in runs_to_add:
        ledger.add(run)
    return ledger


def _read(ledger: Ledger, cases: Sequence[Case]) -> Past:
    return whole_past(ledger.reader("shop", "main", TimeSpan()), [name for case in cases for name in case.measures])


def _plain(past: Past, cases: Sequence[Case]) -> dict[tuple[str, str], tuple[list[int], list[float]]]:
    """
    Each series that is not empty, as lists, by measure and test.
    """
    own = {MEASURES + name for case in cases for name in case.measures}
    series = {(measure, case.id): past.series(measure, case.id) for measure in {*_MEASURES, *own} for case in cases}
    return {key: (list(one.runs), list(one.values)) for key, one in series.items() if one.runs}


@settings(max_examples=50)
@given(lists=st.lists(case_lists, min_size=1, max_size=5))
def test_the_ledgers_past_is_that_of_its_runs(lists: list[tuple[Case, ...]]) -> None:
    """
    Read from the file, the past has the same runs and the same columns as made from the runs themselves.
    """
    kept = [make_run(number, cases) for number, cases in enumerate(lists)]
    with tempfile.TemporaryDirectory() as folder:
        every = [case for cases in lists for case in cases]
        read = _read(_ledger_of(folder, kept), every)
        made = Past.from_runs(kept)

        assert read.runs == made.runs
        assert _plain(read, every) == _plain(made, every)


@settings(max_examples=50)
@given(kept=st.lists(runs, max_size=4, unique_by=lambda run: run.run_id))
def test_a_run_comes_out_as_it_went_in(kept: list[Run]) -> None:
    """
    Whatever is in a run, it is found by its id and equal.
    """
    with tempfile.TemporaryDirectory() as folder:
        ledger = _ledger_of(folder, kept)

        assert [ledger.run(run.run_id) for run in kept] == kept
        assert len(ledger.summaries()) == len(kept)


@settings(max_examples=30)
@given(lists=st.lists(case_lists, min_size=1, max_size=3), again=st.lists(st.integers(0, 2), max_size=6))
def test_adding_a_run_again_changes_nothing(lists: list[tuple[Case, ...]], again: list[int]) -> None:
    """
    Sent twice, or thrice, and in whatever order, a run is there once.
    """
    kept = [make_run(number, cases) for number, cases in enumerate(lists)]
    every = [case for cases in lists for case in cases]
    with tempfile.TemporaryDirectory() as folder:
        ledger = _ledger_of(folder, kept)
        once = _read(ledger, every)
        columns = _plain(once, every)
        _ledger_of(folder, [kept[index % len(kept)] for index in again])
        twice = _read(ledger, every)

        assert twice.runs == once.runs
        assert _plain(twice, every) == columns


@settings(max_examples=30)
@given(ends=st.lists(st.integers(0, 20), max_size=8), since=st.integers(0, 20), limit=st.integers(1, 8))
def test_the_past_is_the_latest_of_what_is_in_the_window(ends: list[int], since: int, limit: int) -> None:
    """
    In order of time, whatever the order of adding.
    """
    with tempfile.TemporaryDirectory() as folder:
        ledger = _ledger_of(folder, [make_run(number, ended=EPOCH + end) for number, end in enumerate(ends)])
        found = ledger.reader("shop", "main", TimeSpan(since=EPOCH + since, limit=limit)).runs

        assert [run.ended - EPOCH for run in found] == sorted(end for end in ends if end >= since)[-limit:]


@settings(max_examples=30)
@given(ends=st.lists(st.integers(0, 5), max_size=8), suites=st.lists(st.sampled_from("ab"), min_size=8, max_size=8))
def test_runs_of_a_suite_have_times_of_their_own(ends: list[int], suites: list[str]) -> None:
    """
    Each is the first free millisecond from the end of its run on, and stays so whatever comes later.
    """
    kept = [
        make_run(0, run_id=f"run-{number}", suite=suite, ended=EPOCH + end / 1e3)
        for number, (end, suite) in enumerate(zip(ends, suites, strict=False))
    ]
    terms = Terms(now=EPOCH, tally=lambda _: {})
    expected: dict[str, set[int]] = {"a": set(), "b": set()}
    with tempfile.TemporaryDirectory() as folder:
        ledger = ServedLedger(Path(folder) / "history.sqlite")
        for run in kept:
            ledger.receive(run, encode_run(run), terms)
        stamps = {run.run_id: run.stamp for run in ledger.exposed()}

    for run in kept:
        first = next(stamp for stamp in count(round(run.ended * 1e3)) if stamp not in expected[run.suite])
        expected[run.suite].add(first)

        assert stamps[run.run_id] == first

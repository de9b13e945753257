"""
What controller and workers of xdist send each other: plain values, as nothing else travels between processes.
"""

from collections.abc import Mapping
from typing import Protocol

import pytest
from msgspec import Struct, json

from paceline.analysis.rotation import Rotation
from paceline.model import Case, FixtureTime, Run
from paceline.values import Value
from paceline.work import Work

KEY = "paceline"
_CASE, _IDS = "paceline_case", "paceline_changed_ids"


class WorkerOrder(Struct, frozen=True, kw_only=True):
    """
    What a worker has to know before its first test: the run as far as it is known, the branch that has its past, and
    the path of the companion's FIFO, "" for none. `rotation` says which tests are counted this time.
    """

    run: Run
    default_branch: str
    boundaries: str = ""
    rotation: Rotation = Rotation()


class NumberedCase(Value, frozen=True, kw_only=True):
    """
    A case with its number in the process that ran the test. A test that is retried comes more than once.
    """

    process: int
    number: int
    case: Case


class WorkerSummary(Struct, frozen=True, kw_only=True):
    """
    What a worker says at its end: what went wrong in it, what it collected, and what it found when it measured again.

    `settled` has the cases, by number, that turned out to keep less memory than they said at first.
    """

    messages: tuple[str, ...]
    failures: int
    ids_made_safe: int
    collected: int
    selected: int
    fixtures: tuple[FixtureTime, ...] = ()
    probes: tuple[str, ...] = ()
    work: Work | None = None
    settled: Mapping[int, Case] = {}
    repeats: Mapping[str, tuple[Case, ...]] = {}
    counted: Mapping[str, Case] = {}
    not_repeated: Mapping[str, str] = {}


class Node(Protocol):
    """
    A worker, as xdist's controller has it.
    """

    workerinput: dict[str, str]
    workeroutput: dict[str, str]


def put_case(report: pytest.TestReport, numbered: NumberedCase) -> None:
    """
    Let a case travel on a report, so that a worker that crashes takes none with it.
    """
    setattr(report, _CASE, json.encode(numbered).decode())


def take_case(report: pytest.TestReport) -> NumberedCase | None:
    """
    The case that a worker put on a report; it is taken off.
    """
    text = report.__dict__.pop(_CASE, None)
    return json.decode(text, type=NumberedCase) if text is not None else None


def put_changed_ids(report: pytest.TestReport, changed: Mapping[str, str]) -> None:
    """
    Let the ids that had to be changed travel on the first report of a worker.
    """
    setattr(report, _IDS, dict(changed))


def take_changed_ids(report: pytest.TestReport) -> Mapping[str, str] | None:
    """
    The changed ids on a report; they are taken off.
    """
    changed: Mapping[str, str] | None = report.__dict__.pop(_IDS, None)
    return changed

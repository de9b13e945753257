"""
What a report says of tests that were not measured, or not run.
"""

from typing import Any

import pytest

from paceline.accounts import Account, NotMeasured
from paceline.model import Severity, Verdict
from paceline.report.account_notes import account_notes
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run

_UNSEEN = make_case(seconds=None, not_measured=NotMeasured.DEBUGGER)
_LACKING = make_case(lacking=(UsageKey.CPU_SECONDS, UsageKey.CPU_WAIT_SECONDS))
_UNCONFIRMED_CASE = make_case(lacking=("normalized_duration_seconds",))
_UNCONFIRMED = Verdict(
    kind=VerdictKind.UNCONFIRMED, severity=Severity.INFO, reason="not confirmed", case=_UNCONFIRMED_CASE.id
)
_PART = "; the setting whole_suite defines the whole suite"


@pytest.mark.parametrize(
    ("run", "notes"),
    [
        ({"collected": 3, "accounts": {Account.MEASURED: 1, Account.DESELECTED: 2}}, []),
        ({"collected": 3, "accounts": {Account.MEASURED: 1, Account.NOT_RUN: 2}}, ["2 selected tests did not run"]),
        (
            {
                "collected": 3,
                "accounts": {Account.MEASURED: 1, Account.NOT_RUN: 2},
                "partial_because": "2 selected tests did not run",
            },
            [f"part of the suite, 2 selected tests did not run{_PART}"],
        ),
        ({"collected": 3, "accounts": {Account.MEASURED: 4}}, ["3 tests were collected, 4 are accounted for"]),
        ({"collected": None}, []),
        ({"cases": (_UNCONFIRMED_CASE,), "verdicts": (_UNCONFIRMED,)}, []),
        ({"cases": (_UNSEEN,)}, ["1 test was not measured: a debugger was active"]),
        (
            {"cases": (_LACKING,)},
            [
                "1 test lacks figures: cpu_seconds, cpu_wait_seconds",
                "1 time was not compared with earlier runs, because the wait for a CPU could not be measured",
            ],
        ),
    ],
    ids=[
        "balanced",
        "lost",
        "lost and said so",
        "more than collected",
        "unknown",
        "not confirmed",
        "not measured",
        "lacking",
    ],
)
def test_notes_say_which_tests_are_missing(run: dict[str, Any], notes: list[str]) -> None:
    """
    Nothing where all were measured, skipped or deselected.
    """
    assert list(account_notes(make_run(0, **run))) == notes

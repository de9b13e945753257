"""
Values.
"""

import pytest
from msgspec.structs import replace

from paceline.model import Outcome
from support.values import make_run


@pytest.mark.parametrize(
    ("outcome", "is_pass", "is_failure"),
    [
        ("passed", True, False),
        ("xpassed", True, False),
        ("xfailed", True, False),
        ("failed", False, True),
        ("error", False, True),
        ("skipped", False, False),
    ],
)
def test_outcomes_are_passes_failures_or_neither(outcome: str, is_pass: bool, is_failure: bool) -> None:
    """
    A test that fails as expected counts as passed, and a skipped one says nothing.
    """
    found = Outcome(outcome)

    assert (found.is_pass, found.is_failure) == (is_pass, is_failure)


def test_a_run_lasts_from_start_to_end() -> None:
    """
    The duration is the end less the start.
    """
    run = replace(make_run(1), started=1.0, ended=3.5)

    assert run.duration_seconds == 2.5


def test_a_value_cannot_be_changed() -> None:
    """
    A run is made once.
    """
    run = make_run(1)

    with pytest.raises(AttributeError):
        run.suite = "other"  # type: ignore[misc]

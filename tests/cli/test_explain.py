"""
`paceline explain`.
"""

from pathlib import Path

import pytest

from paceline.verdict_kinds import VerdictKind
from support.command import run_command

_RUNBOOKS = sorted(path.stem for path in (Path(__file__).parents[2] / "docs/how-to/runbooks").glob("*.md"))


def test_all_alerts_and_kinds_of_verdicts_are_listed_and_explained() -> None:
    """
    Each in a text without links to pages that an installed package does not have.
    """
    names = run_command(["explain"]).output.split()
    texts = {name: run_command(["explain", name]).output for name in names}

    assert names == [*VerdictKind, *_RUNBOOKS]
    assert [name for name, text in texts.items() if name not in text or "](../" in text] == []


def test_a_kind_of_verdict_is_explained_with_its_advice() -> None:
    """
    Meaning, advice and severity.
    """
    assert run_command(["explain", "leak"]).output == (
        "leak\n\nThe test keeps memory in each run.\nLook for objects that outlive the test: module-level caches, "
        "listeners, fixtures without teardown.\nSeverity: warning.\n"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [("PacelineTestSlow", "did you mean PacelineTestSlower?"), ("x", "`paceline explain` lists all names.")],
)
def test_an_unknown_name_is_refused_with_a_hint(name: str, hint: str) -> None:
    """
    A name that is close, or the command that lists all.
    """
    found = run_command(["explain", name])

    assert found.exit_code == 2
    assert f"no alert and no kind of verdict is called {name!r}; {hint}" in found.output

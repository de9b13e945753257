"""
The table of the kinds of verdicts.
"""

from pathlib import Path

import pytest

from paceline import colors
from paceline.analysis.past import DURATION, NORMALIZED, OUTCOME
from paceline.usage import UsageKey
from paceline.verdict_kinds import FAILING_KINDS, VerdictKind
from support.other_tables import ask_with_row

_ROW = """
SLOW_FIXTURE = (
        "slow_fixture",
        KindFacts(
            ("slow fixture", "slow fixtures"),
            "The fixtures of a test take most of its time.",
            "Give the fixture a wider scope.",
            severity="info",
            figures="seconds",
            color=colors.GOOD,
            heading="fixture",
        ),
    )
"""
_PROGRAM = """
import json
from grafana.generator import dashboard_files
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.config import load_config
from paceline.metrics.run_samples import run_samples
from paceline.model import Run, RunOutcome, Severity, Verdict
from paceline.report.content import compose
from paceline.report.text import lines
from paceline.verdict_kinds import VerdictKind
from tools.reference_pages import reference_pages

verdict = Verdict(kind=VerdictKind.SLOW_FIXTURE, severity=Severity.INFO, reason="0.2 s of 0.3 s", case="t")
run = Run(run_id="r", suite="s", branch="main", outcome=RunOutcome.PASSED, started=1, ended=2, verdicts=(verdict,))
samples = [sample for sample in run_samples(run, {"main"}) if "slow_fixture" in sample.labels]
text = "\\n".join("".join(span.text for span in line) for line in lines(compose(run, Past(), Rules()), width=80))
print(json.dumps({
    "samples": [(sample.metric.name, sample.value) for sample in samples],
    "report": text,
    "fail_on": load_config(None, {"fail_on": ["slow_fixture"]}, {}).fail_on,
    "pages": "".join(reference_pages().values()),
    "dashboards": "".join(dashboard_files().values()),
}))
"""


@pytest.mark.parametrize("kind", VerdictKind)
def test_a_row_is_complete(kind: VerdictKind) -> None:
    """
    It has nouns, an advice and a meaning, and shows a column that a past has.
    """
    facts = kind.facts

    assert all([*facts.nouns, facts.meaning, facts.advice, facts.severity, facts.figures])
    assert facts.shown in {DURATION, NORMALIZED, OUTCOME, *UsageKey}


def test_an_unconfirmed_or_unknown_finding_fails_no_run() -> None:
    """
    All other kinds may, but for good news.
    """
    assert [kind for kind in VerdictKind if kind not in FAILING_KINDS] == [
        VerdictKind.LESS_WORK,
        VerdictKind.UNCONFIRMED,
    ]
    assert not VerdictKind("from_tomorrow").can_fail


def test_a_row_is_all_that_a_kind_needs(tmp_path: Path) -> None:
    """
    With one row more, a kind is a sample of each run, a finding of the report, a kind to fail on, a row of the
    reference, and a colour of the dashboard.
    """
    found = ask_with_row(tmp_path, "verdict_kinds", _ROW, _PROGRAM)

    assert found["samples"] == [["paceline_run_verdicts", 1.0], ["paceline_run_verdict_factor", 1.0]]
    assert [line[:14] for line in found["report"].splitlines()[:3:2]] == ["1 slow fixture", "FIXTURE     0."]
    assert "next: Give the fixture a wider scope." in found["report"]
    assert found["fail_on"] == ["slow_fixture"]
    assert "| `slow_fixture`" in found["pages"]
    assert '"options": "slow_fixture"' in found["dashboards"]


def test_each_kind_has_a_colour_of_its_own() -> None:
    """
    Two of one colour would be one in the bars of a run; grey is what no kind is.
    """
    used = [kind.facts.color for kind in FAILING_KINDS]

    assert len(set(used)) == len(used)
    assert colors.QUIET not in used

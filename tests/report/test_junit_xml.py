"""
A run as JUnit XML.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from paceline.history.importers.imported_file import ImportedFile
from paceline.history.importers.junit import read_junit
from paceline.measure import Measure
from paceline.model import Machine, Outcome, Run, Severity, Verdict
from paceline.report.junit_xml import junit_xml
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run

_IDS = (
    "tests/test_cart.py::test_total",
    "tests/test_cart.py::TestCart::test_total[a::b[1]-x]",
    "test_top.py::test_x[<&>\"'é漢]",
)


def _properties(element: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in element.findall("properties/property")}


def _read(run: Run) -> ET.Element:
    suite = ET.fromstring(junit_xml(run)).find("testsuite")
    assert suite is not None
    return suite


def test_the_import_reads_the_same_tests(tmp_path: Path) -> None:
    """
    `paceline history import` finds the ids, outcomes and times of the run in the file.
    """
    outcomes = (Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED)
    cases = [make_case(name, 0.25, outcome=outcome) for name, outcome in zip(_IDS, outcomes, strict=True)]
    run = make_run(1, cases)
    file = ImportedFile(
        path=tmp_path / "junit.xml",
        content=junit_xml(run).encode(),
        modified=run.ended,
        suite="shop",
        branch="main",
        default_branch="main",
    )
    (read,) = read_junit(file) or []

    assert [(case.id, case.outcome) for case in read.cases] == [(case.id, case.outcome) for case in cases]
    assert read.cases[0].duration_seconds == 0.25


def test_figures_and_verdicts_are_properties() -> None:
    """
    Those of a test stand in its test case, those of the run and its suite in the test suite.
    """
    case = make_case(usage={UsageKey.DB_QUERIES: 30.0}, measures={"rows": Measure(value=2.5)}, budget_seconds=0.005)
    broken = Verdict(kind=VerdictKind.BUDGET, severity=Severity.WARNING, case=case.id, reason="took too long")
    whole = Verdict(kind=VerdictKind.SUITE_REGRESSION, severity=Severity.WARNING, reason="slower")
    run = make_run(1, [case], commit="4f2c", machine=Machine(slowdown_ratio=1.5), verdicts=(broken, whole))
    suite = _read(run)

    assert _properties(suite) == {
        "paceline.run_id": "run-1",
        "paceline.branch": "main",
        "paceline.commit": "4f2c",
        "paceline.machine_slowdown_ratio": "1.5",
        "paceline.verdict.suite_regression": "the whole suite: slower",
    }
    assert _properties(suite.findall("testcase")[0]) == {
        "paceline.test_type": "unit",
        "paceline.duration_seconds": "0.01",
        "paceline.budget_seconds": "0.005",
        "paceline.db_queries": "30",
        "paceline.measures.rows": "2.5",
        "paceline.verdict.budget": "took too long",
    }


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        (Outcome.PASSED, None),
        (Outcome.FAILED, "failure"),
        (Outcome.ERROR, "error"),
        (Outcome.SKIPPED, "skipped"),
        (Outcome.XFAILED, "skipped"),
    ],
)
def test_outcomes_are_counted_as_pytest_counts_them(outcome: Outcome, element: str | None) -> None:
    """
    A verdict alone makes no failure, since the test passed.
    """
    suite = _read(make_run(1, [make_case(outcome=outcome)]))
    counts = [int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")]

    assert counts == [1, element == "failure", element == "error", element == "skipped"]
    assert [one.tag for one in suite.findall("testcase/*")] == ["properties", *([element] if element else [])]


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    """
    An escape character in a reason, and half of a surrogate pair in an id.
    """
    verdict = Verdict(kind=VerdictKind.BUDGET, severity=Severity.WARNING, reason="\x1b[31m")
    suite = _read(make_run(1, [make_case("test_a.py::\ud800")], verdicts=(verdict,)))

    assert suite.findall("testcase")[0].attrib["name"] == "\ufffd"
    assert _properties(suite)["paceline.verdict.budget"] == "the whole suite: \ufffd[31m"

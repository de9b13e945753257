"""
The report for a pull request.
"""

from typing import Any

import pytest
from msgspec import structs

from paceline.report.content import Content
from paceline.report.findings import Finding
from paceline.report.markdown import markdown
from paceline.verdict_kinds import VerdictKind
from support.values import make_case


def _finding(**changes: Any) -> Finding:
    known: dict[str, Any] = {
        "kind": VerdictKind.REGRESSION,
        "severity": "critical",
        "case": "test_total",
        "reason": "took 250 ms",
        "since": "new in this run",
        "why": "CPU 100 ms → 250 ms",
        "advice": "Profile it.",
        "values": (0.1, 0.2),
    }
    return Finding(**(known | changes))


def _markdown(*findings: Finding, **changes: Any) -> str:
    known: dict[str, Any] = {
        "headline": "1 regression · 2 tests in 1.2 s",
        "findings": findings,
        "new_findings": tuple(finding for finding in findings if not finding.standing),
        "standing": (),
        "slowest": (("250 ms", make_case("test_total")), ("1 ms", make_case("test_b"))),
        "machine": "as fast as usual",
        "history": "20 earlier runs on main",
        "run_id": "01M8",
        "troubles": (),
    }
    return markdown(Content(**(known | changes)))


def _cells(row: str) -> list[str]:
    """
    The cells of a row of a table; a bar behind a backslash is text.
    """
    return [cell.strip().replace("\0", "|") for cell in row.replace("\\|", "\0").strip("|").split("|")]


def test_a_report_is_a_heading_a_table_and_details() -> None:
    """
    The details are folded away.
    """
    heading, table, folded, slowest, facts, end = _markdown(_finding()).split("\n\n")
    head, _, row = table.splitlines()

    assert heading == "### ⚠️ Paceline: 1 regression · 2 tests in 1.2 s"
    assert _cells(head) == ["", "Verdict", "Test", "What", "Why", "Last runs"]
    assert _cells(row) == [
        "🔴",
        "regression",
        "`test_total`",
        "took 250 ms",
        "CPU 100 ms → 250 ms<br>new in this run",
        "▅█",
    ]
    assert folded == "<details><summary>Slowest tests and machine</summary>"
    assert [_cells(row) for row in slowest.splitlines() if "---" not in row] == [
        ["Slowest", "Time", "Type"],
        ["`test_total`", "250 ms", "unit"],
        ["`test_b`", "1 ms", "unit"],
    ]
    assert (facts, end) == ("Machine: as fast as usual. History: 20 earlier runs on main. Run: 01M8.", "</details>\n")


def test_fixtures_that_take_much_of_the_session_are_among_the_facts() -> None:
    """
    Before the machine.
    """
    facts = _markdown(_finding(), fixtures="session fixture db 3.2 s of 8 s").split("\n\n")[-2]

    assert facts.startswith("Fixtures: session fixture db 3.2 s of 8 s. Machine: ")


def test_a_run_that_fails_says_so_first() -> None:
    """
    The heading has the reasons of the gate; the headline follows.
    """
    reason = "this run fails by 1 verdict: regression of test_<total>"
    heading, headline, table, *_ = _markdown(_finding(), failed_by=(reason,)).split("\n\n")

    assert heading == "### ❌ Paceline: this run fails by 1 verdict: regression of test_&lt;total>"
    assert headline == "1 regression · 2 tests in 1.2 s."
    assert table.startswith("| ")


def test_where_all_is_well_there_is_no_table() -> None:
    """
    A heading, and the details.
    """
    text = _markdown(headline="all within budget")

    assert text.startswith("### ✅ Paceline: all within budget\n\n<details>")


def test_what_stands_is_folded_away() -> None:
    """
    Below the table of the news, in a table of its own.
    """
    text = _markdown(_finding(), _finding(case="test_old", standing=True), standing=("1 regression: test_old",))
    news, _, rest = text.partition("<details><summary>Still: 1 regression</summary>")
    old, _, _ = rest.partition("</details>")

    assert ("`test_total`" in news, "`test_old`" in news) == (True, False)
    assert ("`test_total`" in old, "`test_old`" in old) == (False, True)


@pytest.mark.parametrize(("severity", "mark"), [("critical", "🔴"), ("warning", "🟠"), ("info", "🔵")])
def test_severities_have_colours(severity: str, mark: str) -> None:
    """
    Red, orange and blue.
    """
    assert _cells(_markdown(_finding(severity=severity)).splitlines()[4])[0] == mark


@pytest.mark.parametrize(
    ("case", "cell"),
    [
        ("test_or[a|b]", "`test_or[a|b]`"),
        ("test_tick[`x`]", "`test_tick['x']`"),
        ("test_tag[<b>&]", "`test_tag[<b>&]`"),
    ],
)
def test_an_id_breaks_no_table(case: str, cell: str) -> None:
    """
    Bars and backticks in an id end neither the cell nor the code.
    """
    cells = _cells(_markdown(_finding(case=case)).splitlines()[4])

    assert (len(cells), cells[2]) == (6, cell)


def test_words_are_no_markup() -> None:
    """
    What a setting or a measure is called is shown as it is.
    """
    cells = _cells(_markdown(_finding(reason="budget of a|b", why="rows<script> & 1", since="")).splitlines()[4])

    assert (cells[3], cells[4]) == ("budget of a|b", "rows&lt;script> &amp; 1")


@pytest.mark.parametrize(
    ("more", "cell"),
    [(0, "`test_total`"), (1, "`test_total` and 1 more parameter"), (2, "`test_total` and 2 more parameters")],
)
def test_other_parameters_are_counted(more: int, cell: str) -> None:
    """
    As a person would.
    """
    assert _cells(_markdown(_finding(more=more)).splitlines()[4])[2] == cell


def test_fifty_rows_are_enough() -> None:
    """
    A pull request is no place for the sixty-first row.
    """
    text = _markdown(*[_finding()] * 61)

    assert text.count("| 🔴 ") == 50
    assert "\n\n… and 11 more findings; `paceline report -v` shows all.\n\n<details>" in text


def test_a_report_fits_a_comment_of_a_pull_request() -> None:
    """
    GitHub takes 65,536 characters: long cells are cut, and rows beyond the room are counted.
    """
    many = [_finding(case=f"{'t' * 190}{number}", reason="r" * 900, why="w" * 900) for number in range(200)]
    old = [structs.replace(finding, standing=True) for finding in many]
    text = _markdown(*many, *old, standing=("200 regressions: test_old",))
    cells = _cells(text.splitlines()[4])

    assert len(text) < 65_536
    assert text.count("| 🔴 ") > 40
    assert text.count(" more findings; `paceline report -v` shows all.") == 2
    assert cells[3] == "r" * 299 + "…"
    assert cells[2].startswith("`ttt")

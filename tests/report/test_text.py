"""
The report for a terminal.
"""

from typing import Any

import pytest
from msgspec import structs

from paceline.model import Severity
from paceline.report.content import Content
from paceline.report.findings import Finding
from paceline.report.text import Style, lines
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, make_case

_FINDING = Finding(
    kind=VerdictKind.REGRESSION,
    severity=Severity.CRITICAL,
    case=TEST,
    reason="took 250 ms, usually 100 ms (median of 20 runs): 2.5 times as long",
    since="new in this run",
    why="CPU 100 ms → 250 ms",
    advice="Profile it.",
    values=(0.1, 0.1, 0.25),
)
_BUDGET = Finding(
    kind=VerdictKind.BUDGET,
    severity=Severity.WARNING,
    case="tests/test_cart.py::test_add[3]",
    reason="took 150 ms, budget 100 ms (test type unit)",
    since="",
    why="",
    advice="Make it faster.",
    values=(),
    more=1,
)


def _content(**changes: Any) -> Content:
    known: dict[str, Any] = {
        "headline": "1 regression · 2 tests in 1.2 s",
        "findings": (_BUDGET, _FINDING),
        "slowest": (("250 ms", make_case()), ("1.5 µs", make_case("test_b"))),
        "fixtures": "session fixture db 3.2 s of 8 s",
        "machine": "as fast as usual",
        "history": "20 earlier runs on main",
        "run_id": "01M8",
        "troubles": ("1 time: failures inside Paceline",),
    }
    every = known | changes
    return Content(**{"new_findings": every["findings"], "standing": (), **every})


def _text(content: Content, *, width: int = 100, verbosity: int = 0, ascii_only: bool = False) -> str:
    found = lines(content, width=width, verbosity=verbosity, ascii_only=ascii_only)
    return "\n".join("".join(span.text for span in line) for line in found)


def test_a_report_reads_from_the_top() -> None:
    """
    Each test with its findings and the next step, the most costly first, its id alone on a line and quoted where a
    shell needs it; then the machine, the history, and own troubles.
    """
    assert _text(_content()) == (
        "1 regression · 2 tests in 1.2 s\n"
        "tests/test_cart.py::test_total\n"
        "REGRESSION  took 250 ms, usually 100 ms (median of 20 runs): 2.5 times as long; new in this run ▄▄█\n"
        "            why: CPU 100 ms → 250 ms\n"
        "            next: Profile it.\n"
        "'tests/test_cart.py::test_add[3]'\n"
        "BUDGET      took 150 ms, budget 100 ms (test type unit); 1 other parameter of this test too\n"
        "            next: Make it faster.\n"
        "slowest       250 ms  tests/test_cart.py::test_total\n"
        "              1.5 µs  test_b\n"
        "fixtures    session fixture db 3.2 s of 8 s\n"
        "machine     as fast as usual\n"
        "history     20 earlier runs on main\n"
        "run         01M8\n"
        "paceline    1 time: failures inside Paceline"
    )


def test_what_stands_is_told_after_the_news() -> None:
    """
    A line for each kind; with -v each finding in full.
    """
    old = Finding(
        kind=VerdictKind.LEAK, severity=Severity.WARNING, case="test_a", reason="kept 2 MiB",
        since="as in the last run of the test", why="", advice="Look.", values=(), standing=True,
    )  # fmt: skip
    content = _content(
        new_findings=(_FINDING,), findings=(_FINDING, old), standing=("1 leak: test_a", "2 flaky tests: test_b")
    )
    short, full = _text(content), _text(content, verbosity=1)

    assert "next: Profile it.\nstill       1 leak: test_a\n            2 flaky tests: test_b\n" in short
    assert "\n            `paceline report -v` shows all in full\nslowest" in short
    assert "test_a\nLEAK        kept 2 MiB; as in the last run of the test\n" in full
    assert "still" not in full


def test_a_long_reason_is_wrapped() -> None:
    """
    Between words, and under itself; below a width that nobody can read at, it is the terminal that breaks it.
    """
    finding = Finding(
        kind=VerdictKind.BUDGET, severity=Severity.WARNING, case="test_a", reason="took " + 12 * "a-while ",
        since="", why="", advice="Wait.", values=(),
    )  # fmt: skip
    shown = {width: _text(_content(findings=(finding,)), width=width).splitlines()[2:5] for width in (60, 10)}

    assert shown[60] == [
        "BUDGET      took a-while a-while a-while a-while a-while",
        "            a-while a-while a-while a-while a-while a-while",
        "            a-while",
    ]
    assert shown[10][0] == "BUDGET      took a-while a-while a-while a-while"


def test_where_all_is_well_a_report_is_short() -> None:
    """
    The slowest tests are shown with -v, the rest not at all with -q.
    """
    content = _content(headline="all well", findings=(), troubles=(), fixtures="")

    assert _text(content) == (
        "all well\nmachine     as fast as usual\nhistory     20 earlier runs on main\nrun         01M8"
    )
    assert _text(content, verbosity=-1) == "all well"
    assert _text(content, verbosity=1).splitlines()[1] == "slowest       250 ms  tests/test_cart.py::test_total"


def test_quiet_leaves_what_was_found() -> None:
    """
    With -q findings, what they were judged against, and own troubles are still told.
    """
    lines = _text(_content(), verbosity=-1).splitlines()[1:]
    labels = [line[:12].strip() for line in lines if line[0] != " " and "::" not in line]

    assert labels == ["REGRESSION", "BUDGET", "machine", "history", "run", "paceline"]


def _of(kind: VerdictKind, test: str, **changes: Any) -> Finding:
    return structs.replace(_BUDGET, kind=kind, case=f"tests/test_cart.py::{test}", more=0, **changes)


def test_findings_of_one_test_stand_together() -> None:
    """
    Its id is there once, the first two findings in full and the others counted, with the advice of the first.
    """
    kinds = (VerdictKind.COUNT, VerdictKind.REPEATED_QUERIES, VerdictKind.BUDGET, VerdictKind.LEAK, VerdictKind.FLAKY)
    text = _text(_content(findings=tuple(_of(kind, "test_a", advice=f"Mind the {kind}.") for kind in kinds)))

    assert text.partition("slowest")[0].splitlines()[1:] == [
        "tests/test_cart.py::test_a",
        "COUNT       took 150 ms, budget 100 ms (test type unit)",
        "N+1         took 150 ms, budget 100 ms (test type unit)",
        "            also 1 broken budget, 1 leak, 1 flaky test",
        "            next: Mind the count.",
    ]


def test_the_most_costly_stands_first() -> None:
    """
    Critical before warnings, then by the time that was added; new before standing.
    """
    findings = (
        _of(VerdictKind.REGRESSION, "test_old", severity=Severity.CRITICAL, standing=True),
        _of(VerdictKind.REGRESSION, "test_little", added_seconds=0.1),
        _of(VerdictKind.COUNT, "test_count"),
        _of(VerdictKind.BUDGET, "test_much", added_seconds=2.0),
        _of(VerdictKind.REGRESSION, "test_critical", added_seconds=0.2, severity=Severity.CRITICAL),
    )
    ids = [line for line in _text(_content(findings=findings), verbosity=1).splitlines() if line.startswith("tests/")]

    assert [one.partition("::")[2] for one in ids] == [
        "test_critical", "test_much", "test_little", "test_count", "test_old",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_report_has_at_most_40_lines(width: int) -> None:
    """
    However much broke: of what has no room, the findings and their tests are counted. With -v all are shown.
    """
    reason, many = " ".join(["too-slow"] * 40), range(100)
    findings = tuple(_of(kind, f"test_{number}", reason=reason) for number in many for kind in VerdictKind)
    content = _content(findings=findings, standing=tuple(f"2 {kind}: tests/test_a.py::test_b" for kind in VerdictKind))
    short = _text(content, width=width).splitlines()
    shown = sum(line.startswith("tests/") for line in short)
    left = 100 - shown

    assert len(short) <= 40
    assert shown >= 1
    left_out = f"… and {left * len(VerdictKind):,} more findings about {left} tests; `paceline report -v` shows all"
    assert f"            {left_out}" in short
    assert f"            … and {len(VerdictKind) - 4} more kinds; `paceline report -v` shows all in full" in short
    assert _text(content, width=width, verbosity=1).count("\ntests/") == 100


@pytest.mark.parametrize("width", [100, 20])
def test_an_id_is_never_cut(width: int) -> None:
    """
    It stands whole on its line, in a narrow terminal and for the slowest tests too; a name that is no id is not quoted.
    """
    name = "tests/integration/test_cart.py::test_total_of_a_large_cart[a b]"
    file = structs.replace(_FINDING, kind=VerdictKind.FILE_REGRESSION, case="tests/a file.py", is_test=False)
    content = _content(findings=(structs.replace(_BUDGET, case=name), file), slowest=(("250 ms", make_case(name)),))
    shown = _text(content, width=width).splitlines()

    assert f"'{name}'" in shown
    assert f"slowest       250 ms  '{name}'" in shown
    assert "tests/a file.py" in shown


def test_a_terminal_that_knows_only_ascii_gets_ascii() -> None:
    """
    Dots, arrows, blocks and the sign for micro are written with what there is.
    """
    many = [_of(VerdictKind.BUDGET, f"test_{number}") for number in range(40)]
    text = _text(_content(findings=(*many, _FINDING)), width=40, ascii_only=True)

    assert text.isascii()
    assert "1 regression - 2 tests in 1.2 s" in text
    assert "--#" in text
    assert "why: CPU 100 ms -> 250 ms" in text
    assert "1.5 us  test_b" in text
    assert " more findings about " in text
    assert "            ... and " in text


def test_styles_say_how_bad_it_is() -> None:
    """
    Critical is bad, a warning is a warning, and a good end is good.
    """
    found = [[span.style for span in line] for line in lines(_content(), width=100)]
    (well, *_) = lines(_content(findings=()), width=100)

    assert found[0] == [Style.STRONG]
    assert (found[1], found[2][0], found[6][0]) == ([Style.STRONG], Style.BAD, Style.WARNING)
    assert [span.style for span in well] == [Style.GOOD]


def test_a_long_kind_takes_the_room_that_it_needs() -> None:
    """
    It stands apart from its reason.
    """
    finding = Finding(
        kind=VerdictKind.DURATION_FLAKY,
        severity=Severity.INFO,
        case="test_a",
        reason="two speeds",
        since="",
        why="",
        advice="Look.",
        values=(),
    )
    shown = ["".join(span.text for span in line) for line in lines(_content(findings=(finding,)), width=80)]

    assert shown[2] == "TWO SPEEDS  two speeds"


def test_a_heading_fits_the_terminal() -> None:
    """
    It is wrapped between words.
    """
    heading = "1 broken budget · 2 tests in a session of 1.2 s"
    shown = _text(_content(headline=heading, findings=(_BUDGET,)), width=44).splitlines()

    assert shown[:2] == ["1 broken budget · 2 tests in a session of", "1.2 s"]

"""
The report for a terminal.
"""

from typing import Any

import pytest

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
    return Content(**{"news": every["findings"], "standing": (), **every})


def _text(content: Content, *, width: int = 100, verbosity: int = 0, ascii_only: bool = False) -> str:
    found = lines(content, width=width, verbosity=verbosity, ascii_only=ascii_only)
    return "\n".join("".join(span.text for span in line) for line in found)


def test_a_report_reads_from_the_top() -> None:
    """
    What was found, each with its reason and the next step; then the machine, the history, and own troubles.
    """
    assert _text(_content()) == (
        "1 regression · 2 tests in 1.2 s\n"
        "BUDGET      tests/test_cart.py::test_add[3]\n"
        "            and 1 other parameter of this test\n"
        "            took 150 ms, budget 100 ms (test type unit)\n"
        "            next: Make it faster.\n"
        "REGRESSION  tests/test_cart.py::test_total  ▄▄█\n"
        "            took 250 ms, usually 100 ms (median of 20 runs): 2.5 times as long\n"
        "            new in this run\n"
        "            why: CPU 100 ms → 250 ms\n"
        "            next: Profile it.\n"
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
    content = _content(news=(_FINDING,), findings=(_FINDING, old), standing=("1 leak: test_a", "2 flaky tests: test_b"))
    short, full = _text(content), _text(content, verbosity=1)

    assert "next: Profile it.\nstill       1 leak: test_a\n            2 flaky tests: test_b\nslowest" in short
    assert "LEAK        test_a\n            kept 2 MiB\n            as in the last run of the test\n" in full
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
        "            took a-while a-while a-while a-while a-while",
        "            a-while a-while a-while a-while a-while a-while",
        "            a-while",
    ]
    assert shown[10][0] == "            took a-while a-while a-while a-while"


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
    labels = [line[:12].strip() for line in _text(_content(), verbosity=-1).splitlines()[1:] if line[0] != " "]

    assert labels == ["BUDGET", "REGRESSION", "machine", "history", "run", "paceline"]


def test_of_a_kind_ten_findings_are_shown() -> None:
    """
    Of twelve budgets and one regression ten and one; with -v all of them.
    """
    content = _content(findings=(*[_BUDGET] * 12, _FINDING))
    few, every = _text(content), _text(content, verbosity=1)

    assert (few.count("BUDGET "), few.count("REGRESSION ")) == (10, 1)
    assert "            … and 2 more; -v shows them\nREGRESSION  " in few
    assert (every.count("BUDGET "), "more; -v" in every) == (12, False)


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (100, "REGRESSION  tests/test_cart.py::test_total  ▄▄█"),
        (47, "REGRESSION  tests/test_cart.py::test_total  ▄▄█"),
        (40, "REGRESSION  …st_cart.py::test_total  ▄▄█"),
        (5, "REGRESSION  …:test_total  ▄▄█"),
    ],
)
def test_a_long_id_is_cut_from_the_left(width: int, line: str) -> None:
    """
    Its end tells it from its neighbours; of the narrowest terminal twelve characters are still used.
    """
    assert _text(_content(findings=(_FINDING,)), width=width).splitlines()[1] == line


def test_a_terminal_that_knows_only_ascii_gets_ascii() -> None:
    """
    Dots, arrows, blocks and the sign for micro are written with what there is.
    """
    text = _text(_content(findings=(*[_BUDGET] * 12, _FINDING)), width=40, ascii_only=True)

    assert text.isascii()
    assert "1 regression - 2 tests in 1.2 s" in text
    assert "REGRESSION  ..._cart.py::test_total  --#" in text
    assert "why: CPU 100 ms -> 250 ms" in text
    assert "1.5 us  test_b" in text
    assert "... and 2 more; -v shows them" in text


def test_styles_say_how_bad_it_is() -> None:
    """
    Critical is bad, a warning is a warning, and a good end is good.
    """
    found = [[span.style for span in line] for line in lines(_content(), width=100)]
    (well, *_) = lines(_content(findings=()), width=100)

    assert found[0] == [Style.STRONG]
    assert (found[1][0], found[5][0]) == (Style.WARNING, Style.BAD)
    assert [span.style for span in well] == [Style.GOOD]


def test_a_long_kind_takes_the_room_that_it_needs() -> None:
    """
    It stands apart from the test that it is about.
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

    assert shown[1] == "TWO SPEEDS  test_a"


def test_heading_and_slowest_fit_the_terminal() -> None:
    """
    The heading is wrapped, a long name cut from the left.
    """
    slow = make_case("tests/integration/test_cart.py::test_total_of_a_large_cart")
    heading = "1 broken budget · 2 tests in a session of 1.2 s"
    shown = _text(_content(headline=heading, findings=(_BUDGET,), slowest=(("250 ms", slow),)), width=44).splitlines()

    assert shown[:2] == ["1 broken budget · 2 tests in a session of", "1.2 s"]
    assert "slowest       250 ms  …total_of_a_large_cart" in shown

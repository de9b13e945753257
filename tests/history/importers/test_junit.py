"""
Runs from JUnit XML.
"""

import os
from datetime import datetime
from pathlib import Path

import pytest

from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError
from paceline.history.importers import read_runs
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.translated_names import RunCount
from support.suite import Suite
from support.wording import cause

_CART = """
    import time

    import pytest

    @pytest.fixture
    def broken():
        raise OSError("no disk")

    @pytest.fixture
    def broken_at_the_end():
        yield
        raise OSError("no disk")

    class TestCart:
        @pytest.mark.parametrize("price", [3, "a::b", "tests/x.py"])
        def test_total(self, price):
            pass

        class TestEmpty:
            def test_total(self):
                time.sleep(0.05)

    def test_fails():
        assert 0

    def test_fails_twice(broken_at_the_end):
        assert 0

    def test_has_no_disk(broken):
        pass

    def test_leaves_no_disk(broken_at_the_end):
        pass

    @pytest.mark.skip
    def test_later():
        pass

    @pytest.mark.xfail
    def test_never():
        assert 0

    @pytest.mark.xfail
    def test_now():
        pass
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """
    A file that is not there yet.
    """
    return tmp_path / "report.xml"


def _imported(path: Path, content: str) -> Run:
    path.write_text(content, "utf-8")
    (run,) = read_runs(path, "shop", "main")
    return run


def _of_pytest(suite: Suite, *arguments: str) -> Run:
    suite.run("--junitxml=report.xml", *arguments, on=False)
    (run,) = read_runs(suite.folder / "report.xml", "shop", "main")
    return run


def _named(run: Run) -> dict[str, tuple[str, Outcome]]:
    # A failure that was expected by a mark is a pass in JUnit XML.
    outcomes = {Outcome.XPASSED: Outcome.PASSED}
    return {case.id: (case.family, outcomes.get(case.outcome, case.outcome)) for case in run.cases}


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_an_imported_run_has_the_tests_that_paceline_has(suite: Suite, family: str) -> None:
    """
    Ids, families and outcomes of an imported session are those of the same session measured.
    """
    suite.write("tests/unit/test_cart.py", _CART)
    suite.write("tests/base.py", "import unittest\nclass Base(unittest.TestCase):\n    def test_one(self): pass\n")
    suite.write("tests/test_other.py", "import base\nclass Other(base.Base): pass\n")
    suite.write("docs/usage.md", ">>> 1 + 1\n2\n")
    measured = suite.run("--junitxml=report.xml", "-o", f"junit_family={family}", "--doctest-glob=*.md").run
    (imported,) = read_runs(suite.folder / "report.xml", "shop", "main")

    assert len(imported.cases) == 13
    assert _named(imported) == _named(measured)
    assert imported.outcome is measured.outcome is RunOutcome.FAILED


def test_times_are_those_of_the_session(suite: Suite) -> None:
    """
    A run starts and ends with its session, and a test lasts at least as long as its call phase.
    """
    suite.write("test_cart.py", _CART)
    measured = suite.run("--junitxml=report.xml")
    (imported,) = read_runs(suite.folder / "report.xml", "shop", "main")
    case = next(case for case in imported.cases if "TestEmpty" in case.id)

    assert abs(imported.started - measured.run.started) < 5
    assert 0.05 < imported.duration_seconds < 60
    assert case.duration_seconds is not None
    assert case.duration_seconds + 0.001 >= (measured.case("TestEmpty::test_total").duration_seconds or 0.05)


def test_an_imported_run_can_be_kept(report: Path) -> None:
    """
    An imported run is a valid run: its document is read back equal.
    """
    run = _imported(report, '<testsuite time="1e9"><testcase name="a\u20ac" time="1e9"><error/></testcase></testsuite>')

    assert decode_run(encode_run(run), "") == run


def test_what_is_no_test_is_left_out(suite: Suite) -> None:
    """
    A file that cannot be collected makes the run a failed part of one, and is not a test.
    """
    suite.write("test_good.py", "def test_one(): pass\n")
    suite.write("test_bad.py", "import nothing_of_that_name\n")
    suite.write("test_later.py", "import pytest\npytest.skip(allow_module_level=True)\n")
    run = _of_pytest(suite, "--continue-on-collection-errors")

    assert [case.id for case in run.cases] == ["test_good.py::test_one"]
    assert run.is_partial
    assert run.outcome is RunOutcome.FAILED


def test_a_session_without_tests_is_no_run(report: Path) -> None:
    """
    A report in which no test ran gives no run, and no error.
    """
    report.write_text('<testsuites name="pytest tests"><testsuite name="pytest" tests="0"/></testsuites>', "utf-8")

    assert read_runs(report, "shop", "main") == []


def test_several_suites_are_one_run(report: Path) -> None:
    """
    Suites that lie in each other or side by side are one run, from the first start to the last end.
    """
    run = _imported(
        report,
        """
        <!-- made by a build --> <testsuites xmlns="urn:junit" name="build">
          <testsuite name="com.shop.CartTest" timestamp="2026-05-04T13:37:10Z" time="1,000.5">
            <testcase classname="com.shop.CartTest" name="total" time="1,000.25"/>
            <testsuite name="com.shop.StockTest" timestamp="2026-05-04T15:37:00+02:00" time="2">
              <testcase classname="com.shop.StockTest" name="counts" time="2"><failure>1 != 2</failure></testcase>
            </testsuite>
          </testsuite>
        </testsuites>""",
    )

    assert run.started == datetime.fromisoformat("2026-05-04T13:37:00Z").timestamp()
    assert run.duration_seconds == 1010.5
    assert [(case.id, case.duration_seconds) for case in run.cases] == [
        ("com.shop.CartTest::total", 1000.25),
        ("com.shop.StockTest::counts", 2.0),
    ]


def test_a_time_without_zone_is_local(report: Path) -> None:
    """
    A naive timestamp is the machine's own time; without the time of the suite its tests give the length.
    """
    run = _imported(
        report,
        """<testsuite timestamp="2026-05-04T13:37:00">
          <testcase name="a" time="1.5"/><testcase name="b" time="2"/>
        </testsuite>""",
    )

    assert run.started == datetime(2026, 5, 4, 13, 37).astimezone().timestamp()
    assert run.duration_seconds == 3.5


def test_a_report_without_timestamp_was_written_at_the_end(report: Path) -> None:
    """
    Where no suite says when, the run ended when the file was last modified.
    """
    report.write_text('<testsuite time="10"><testcase name="a"/></testsuite>', "utf-8")
    os.utime(report, (1_000_000, 1_000_000))
    (run,) = read_runs(report, "shop", "main")

    assert (run.started, run.ended) == (999_990.0, 1_000_000.0)


@pytest.mark.parametrize("time", ["-0.001", "nan", "inf", "1e300", "", "0,5", "soon"])
def test_a_time_that_cannot_be_is_left_out(report: Path, time: str) -> None:
    """
    A test whose time is no length of time has none, and is counted.
    """
    run = _imported(report, f'<testsuite time="{time}"><testcase name="a" time="{time}"/></testsuite>')

    assert run.cases == (Case(id="a", family="a", test_type="unit", outcome=Outcome.PASSED),)
    assert run.duration_seconds == 0
    assert run.counts == {RunCount.IDS_MADE_SAFE: 0, RunCount.TESTS_WITHOUT_TIME: 1}


def test_the_first_failure_counts(report: Path) -> None:
    """
    Of several results of a test the first failure counts, else the first pass.
    """
    run = _imported(
        report,
        """<testsuite>
          <testcase name="a" time="1"/><testcase name="b"><skipped/></testcase>
          <testcase name="a" time="2"><failure/></testcase><testcase name="b" time="3"/>
          <testcase name="a" time="4"><error/></testcase><testcase name="b" time="5"/>
        </testsuite>""",
    )

    assert [(case.id, case.outcome, case.duration_seconds) for case in run.cases] == [
        ("a", Outcome.FAILED, 2.0),
        ("b", Outcome.PASSED, 3.0),
    ]


def test_ids_are_made_safe(report: Path) -> None:
    """
    Secrets in parameters are masked, and tests that look alike then stay apart.
    """
    cases = "".join(f'<testcase classname="test_a" name="test_b[password={word}]"/>' for word in ("one", "two"))
    run = _imported(report, f"<testsuite>{cases}</testsuite>")

    assert [case.id for case in run.cases] == ["test_a.py::test_b[password=***]", "test_a.py::test_b[password=***]#2"]
    assert run.counts[RunCount.IDS_MADE_SAFE] == 2


def test_the_type_of_a_test_is_asked_by_its_path(report: Path) -> None:
    """
    The caller says what type the tests of a file have.
    """
    report.write_text('<testsuite><testcase classname="tests.api.test_a.TestA" name="test_b"/></testsuite>', "utf-8")
    (run,) = read_runs(report, "shop", "main", {"tests/api/test_a.py": "api"}.__getitem__)

    assert run.cases[0].test_type == "api"


def test_the_same_file_is_the_same_run(report: Path) -> None:
    """
    The id of a run follows from the content alone.
    """
    first = _imported(report, "<testsuite><testcase name='a'/></testsuite>")
    again = _imported(report, "<testsuite><testcase name='a'/></testsuite>")
    other = _imported(report, "<testsuite><testcase name='b'/></testsuite>")

    assert first.run_id == again.run_id == "junit-5a61b19c2c90cc8ceb4c"
    assert other.run_id != first.run_id


@pytest.mark.parametrize(
    "content",
    [
        "<testsuite><testcase name='a'>",
        "<testsuite/><testsuite/>",
        "<testsuite>&laugh;</testsuite>",
        "<?xml version='1.0' encoding='moon'?><testsuite/>",
        "<?xml version='1.0' encoding='shift_jis'?><testsuite/>",
    ],
)
def test_a_report_that_is_no_xml_is_refused(report: Path, content: str) -> None:
    """
    The message names the file, and quotes its cause.
    """
    report.write_text(content, "utf-8")
    with pytest.raises(DocumentError) as error:
        read_runs(report, "shop", "main")

    assert str(error.value) == f"{report}: not valid XML: {cause(error.value)}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "<testsuite name='cart'><testcase classname='a'/></testsuite>",
            "report.xml: test suite 'cart' has a test case without a name, expected a name",
        ),
        (
            "<testsuite name='cart' timestamp='yesterday'><testcase name='a'/></testsuite>",
            (
                "report.xml: the timestamp of test suite 'cart' is 'yesterday', "
                "expected a time between 1970 and 2100 such as 2026-05-04T13:37:00+02:00"
            ),
        ),
        (
            "<testsuite timestamp='0001-01-01'><testcase name='a'/></testsuite>",
            (
                "report.xml: the timestamp of test suite '' is '0001-01-01', "
                "expected a time between 1970 and 2100 such as 2026-05-04T13:37:00+02:00"
            ),
        ),
        (
            "<testsuite timestamp='2100-01-01T00:00:00Z'><testcase name='a'/></testsuite>",
            (
                "report.xml: the timestamp of test suite '' is '2100-01-01T00:00:00Z', "
                "expected a time between 1970 and 2100 such as 2026-05-04T13:37:00+02:00"
            ),
        ),
    ],
)
def test_a_fault_is_told(report: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str) -> None:
    """
    A report with a fault is refused with a message that says where, what was found and what was expected.
    """
    monkeypatch.chdir(report.parent)
    report.write_text(content, "utf-8")

    with pytest.raises(DocumentError) as error:
        read_runs(Path("report.xml"), "shop", "main")

    assert str(error.value) == message


@pytest.mark.parametrize("before", ["", "<?xml version='1.0'?>\n", "\ufeff<!-- <testsuite> -->", "<?php ?>\n<!-- -->"])
def test_entities_are_refused_before_the_parser_sees_them(report: Path, before: str) -> None:
    """
    A document type declaration, the only place of entities, is refused wherever XML lets it stand.
    """
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 30))
    report.write_text(f"{before}<!DOCTYPE l [<!ENTITY l0 'ha'>{laughs}]><testsuite>&l29;</testsuite>", "utf-8")

    with pytest.raises(DocumentError) as error:
        read_runs(report, "shop", "main")

    assert str(error.value) == f"{report}: XML with a document type declaration, expected JUnit XML without one"


def test_a_declaration_inside_of_output_is_no_declaration(report: Path) -> None:
    """
    A test may print HTML.
    """
    run = _imported(
        report, "<testsuite><testcase name='a'><failure><![CDATA[<!DOCTYPE html>]]></failure></testcase></testsuite>"
    )

    assert run.outcome is RunOutcome.FAILED

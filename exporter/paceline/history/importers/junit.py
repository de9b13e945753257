"""
JUnit XML, as pytest and many others write it.

The time of a test is, unless pytest's `junit_duration_report` says "call", that of setup, call and teardown
together: an imported duration is an upper bound of the call phase.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from paceline.errors import DocumentError
from paceline.history.importers.imported_file import ImportedFile
from paceline.history.importers.junit_node_ids import Address, find_identity
from paceline.history.importers.result_cases import Result, with_results
from paceline.model import Outcome, Run, RunOutcome

# What may stand before the root element. Only here can a document type declaration stand, and it is refused
# before the parser sees it: expat cannot be stopped by a handler, and entities are blown up, or lead to other
# files, only where they are declared. The loop is possessive, so that a strange file costs one look.
_PROLOG: Final = rb"(?s:\s++|<\?.*?\?>|<!--.*?-->)*+"
_DOCUMENT: Final = re.compile(_PROLOG + rb"<testsuites?[\s/>]")
_DOCTYPE: Final = re.compile(_PROLOG + rb"<!DOCTYPE")
_SUITES: Final = {"testsuite", "testsuites"}
_OUTCOMES: Final = {"failure": Outcome.FAILED, "error": Outcome.ERROR, "skipped": Outcome.SKIPPED}
_XFAIL: Final = "pytest.xfail"
# What pytest reports as if it were a test, and whether the session was cut short by it.
_NO_TESTS: Final = {"collection failure": True, "collection skipped": False, "internal error": True}
# Surefire groups the digits of a long time.
_GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})+\.\d+")
_LONGEST_SECONDS: Final = 1e9


def read_junit(source: ImportedFile) -> list[Run] | None:
    """
    Read all test suites of a file as one run.

    Raises:
        DocumentError: the XML is not well-formed, has a document type declaration, a test without a name, or an
            invalid timestamp.
    """
    if _DOCTYPE.match(source.content):
        raise DocumentError(f"{source.path}: XML with a document type declaration, expected JUnit XML without one")
    if not _DOCUMENT.match(source.content):
        return None
    root = _parse(source)
    results = list(_results(root, source))
    return [_run(root, results, source)] if results else []


class _Builder(ET.TreeBuilder):
    """
    Keeps names and attributes: the output of tests is most of a file, and nobody asks for it here.
    """

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        return super().start(tag.rpartition("}")[2], attrs)

    def data(self, data: str, /) -> None:
        pass


def _parse(source: ImportedFile) -> Element:
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - nothing with entities gets here
    try:
        parser.feed(source.content)
        return parser.close()
    # An encoding that Python does not know, or that expat cannot take.
    except (ET.ParseError, LookupError, ValueError) as error:
        raise DocumentError(f"{source.path}: not valid XML: {error}") from error


def _run(root: Element, results: list[Result], source: ImportedFile) -> Run:
    started, ended = _span(root, source)
    is_cut = any(_NO_TESTS.get(child.get("message", ""), False) for case in root.iter("testcase") for child in case)
    is_failed = any(result.outcome.is_failure for result in results)
    run = Run(
        run_id=source.run_id("junit"),
        suite=source.suite,
        default_branch=source.default_branch,
        branch=source.branch_or(),
        outcome=RunOutcome.FAILED if is_failed or is_cut else RunOutcome.PASSED,
        is_partial=is_cut,
        started=started,
        ended=ended,
    )
    return with_results(run, results, source.type_of)


def _results(root: Element, source: ImportedFile) -> Iterator[Result]:
    for suite in _suites(root):
        for case in suite.findall("testcase"):
            if not any(child.get("message") in _NO_TESTS for child in case):
                yield _result(case, suite.get("name", ""), source)


def _result(case: Element, suite: str, source: ImportedFile) -> Result:
    name = case.get("name")
    if not name:
        raise DocumentError(f"{source.path}: test suite {suite!r} has a test case without a name, expected a name")
    address = Address(name, case.get("classname", ""), case.get("file", ""), suite)
    node_id, family = find_identity(address)
    return Result(
        node_id=node_id,
        family=family,
        outcome=_outcome(case),
        seconds=_seconds(case),
    )


def _outcome(case: Element) -> Outcome:
    tags = {child.tag for child in case}
    outcome = next((outcome for tag, outcome in _OUTCOMES.items() if tag in tags), Outcome.PASSED)
    is_xfail = any(child.get("type") == _XFAIL for child in case.iter("skipped"))
    return Outcome.XFAILED if outcome is Outcome.SKIPPED and is_xfail else outcome


def _span(root: Element, source: ImportedFile) -> tuple[float, float]:
    spans = [
        (started, started + _suite_seconds(suite))
        for suite in _suites(root)
        if (started := _started(suite, source)) is not None
    ]
    if spans:
        return min(started for started, _ in spans), max(ended for _, ended in spans)
    # Reports are written when all is over.
    return max(source.modified - _suite_seconds(root), 0.0), source.modified


def _suites(root: Element) -> Iterator[Element]:
    return (element for element in root.iter() if element.tag in _SUITES)


def _started(suite: Element, source: ImportedFile) -> float | None:
    text = suite.get("timestamp")
    if not text:
        return None
    try:
        # Older versions of pytest, and many others, write no zone and mean that of the machine.
        started = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        started = -1.0
    return source.checked_time(started, f"the timestamp of test suite {suite.get('name', '')!r} is {text!r}")


def _suite_seconds(suite: Element) -> float:
    seconds = _seconds(suite)
    return seconds if seconds is not None else sum(_seconds(child) or 0.0 for child in suite)


def _seconds(element: Element) -> float | None:
    text = element.get("time", "")
    try:
        seconds = float(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
    except ValueError:
        return None
    return seconds if isfinite(seconds) and 0 <= seconds <= _LONGEST_SECONDS else None

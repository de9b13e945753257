"""
A run as JUnit XML: its figures and verdicts are properties, for tools that read no run document.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from paceline.model import Case, Outcome, Run, Verdict

# All but these, and the surrogates, stand in XML 1.0.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PREFIX: Final = "paceline."
_ELEMENTS: Final = {
    Outcome.FAILED: ("failure", "failed"),
    Outcome.ERROR: ("error", "error in setup or teardown"),
    Outcome.SKIPPED: ("skipped", "skipped"),
    Outcome.XFAILED: ("skipped", "expected failure"),
}


def junit_xml(run: Run) -> str:
    """
    One test suite with a test case for each case of the run.
    """
    suite = Element("testsuite", {"name": _text(run.suite), **_counts(run)})
    suite.set("time", _number(run.duration_seconds))
    suite.set("timestamp", datetime.fromtimestamp(run.started, UTC).isoformat(timespec="milliseconds"))
    _add_properties(suite, _of_run(run))
    verdicts: dict[str | None, list[Verdict]] = {}
    for verdict in run.verdicts:
        verdicts.setdefault(verdict.case, []).append(verdict)
    for case in run.cases:
        _add_case(suite, case, verdicts.get(case.id, []))
    root = Element("testsuites", {"name": "paceline"})
    root.append(suite)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _counts(run: Run) -> dict[str, str]:
    elements = [_ELEMENTS[case.outcome][0] for case in run.cases if case.outcome in _ELEMENTS]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(run.cases)), **{name: str(elements.count(one)) for name, one in counts.items()}}


def _add_case(suite: Element, case: Case, verdicts: list[Verdict]) -> None:
    plain, *parameters = case.id.partition("[")
    file, *names = plain.split("::")
    module = file.removesuffix(".py").replace("/", ".")
    seconds = (case.setup_seconds, case.duration_seconds, case.teardown_seconds)
    attributes = {
        "classname": ".".join([module, *names[:-1]]),
        "name": "".join((names[-1] if names else file, *parameters)),
        "file": file,
        "time": _number(sum(one for one in seconds if one is not None)),
    }
    element = SubElement(suite, "testcase", {key: _text(value) for key, value in attributes.items()})
    _add_properties(element, _of_case(case, verdicts))
    if case.outcome in _ELEMENTS:
        name, message = _ELEMENTS[case.outcome]
        SubElement(element, name, message=message)


def _of_run(run: Run) -> Iterator[tuple[str, str]]:
    yield "run_id", run.run_id
    yield "branch", run.branch
    yield "commit", run.commit
    if run.machine.slowdown_ratio is not None:
        yield "machine_slowdown_ratio", _number(run.machine.slowdown_ratio)
    for verdict in run.verdicts:
        if verdict.case is None:
            yield f"verdict.{verdict.kind}", f"{verdict.subject}: {verdict.reason}"


def _of_case(case: Case, verdicts: list[Verdict]) -> Iterator[tuple[str, str]]:
    yield "test_type", case.test_type
    figures = {
        "duration_seconds": case.duration_seconds,
        "normalized_duration_seconds": case.normalized_duration_seconds,
        "budget_seconds": case.budget_seconds,
        **case.usage,
        **{f"measures.{name}": measure.value for name, measure in case.measures.items()},
    }
    for name, value in figures.items():
        if value is not None:
            yield name, _number(value)
    for verdict in verdicts:
        yield f"verdict.{verdict.kind}", verdict.reason


def _add_properties(element: Element, found: Iterator[tuple[str, str]]) -> None:
    properties = SubElement(element, "properties")
    for name, value in found:
        SubElement(properties, "property", name=_text(f"{_PREFIX}{name}"), value=_text(value))


def _number(value: float) -> str:
    return f"{value:.15g}"


def _text(value: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", value)

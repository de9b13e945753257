"""
Beside plugins that write files: each file is as it would be without Paceline, whatever is measured again.
"""

import html
import json
import re
import sqlite3
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.neighbours import Neighbour, differences, misjudged, observe, slower

_WORK = {
    "shop.py": """
        def price(count):
            if count > 10:
                return count
            return count * 2
    """,
    "test_price.py": """
        import shop

        def test_price():
            assert shop.price(1) == 2

        def test_many():
            assert shop.price(11) == 11
    """,
}
_COVERED = """
    import os, time

    import shop

    def test_changes():
        time.sleep(float(os.environ["SECONDS"]))
        assert shop.price(1) == 2

    def test_many():
        assert shop.price(11) == 11
"""
_BENCHMARKS = """
    import os, time

    def test_changes(benchmark):
        benchmark.pedantic(time.sleep, args=(float(os.environ["SECONDS"]),), rounds=1)

    def test_other(benchmark):
        benchmark.pedantic(sum, args=([1, 2],), rounds=2)
"""


def _allure(folder: Path) -> Any:
    results = [json.loads(path.read_text("utf-8")) for path in (folder / "allure").glob("*-result.json")]
    kept = sorted((one["fullName"], one["status"], len(one.get("attachments", []))) for one in results)
    containers = [json.loads(path.read_text("utf-8")) for path in (folder / "allure").glob("*-container.json")]
    return kept, sorted(fixture["name"] for one in containers for fixture in one.get("befores", []))


def _html(folder: Path) -> Any:
    text = (folder / "report.html").read_text("utf-8")
    found = re.search(r'data-jsonblob="([^"]*)"', text)
    assert found
    tests = json.loads(html.unescape(found[1]))["tests"]
    return {one: [row["result"] for row in rows] for one, rows in tests.items()}


def _json(folder: Path) -> Any:
    report = json.loads((folder / ".report.json").read_text("utf-8"))
    tests = [
        (
            test["nodeid"],
            test["outcome"],
            [(phase, test[phase].get("stdout")) for phase in ("setup", "call", "teardown") if phase in test],
        )
        for test in report["tests"]
    ]
    return tests, report["summary"], report["exitcode"]


def _reportlog(folder: Path) -> Any:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    reports = [one for one in lines if one["$report_type"] == "TestReport"]
    return [(one["nodeid"], one["when"], one["outcome"], one["sections"]) for one in reports]


def _junit(folder: Path) -> Any:
    root = ET.parse(folder / "junit.xml").getroot()
    counts = [{name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} for suite in root]
    # The text of a failure has addresses of objects.
    cases = [
        (case.get("name"), [(part.tag, part.get("name"), "" if part.get("message") else part.text) for part in case])
        for case in root.iter("testcase")
    ]
    return counts, cases, [part.attrib for part in root.iter("property")]


def _coverage(folder: Path) -> Any:
    report = json.loads((folder / "coverage.json").read_text("utf-8"))
    return {
        name: (
            file["executed_lines"],
            file.get("executed_branches"),
            {line: sorted(contexts) for line, contexts in file.get("contexts", {}).items()},
        )
        for name, file in report["files"].items()
    }


def _benchmarks(folder: Path) -> Any:
    report = json.loads((folder / "bench.json").read_text("utf-8"))
    return [(one["name"], one["stats"]["rounds"]) for one in report["benchmarks"]]


def _monitored(folder: Path) -> Any:
    rows = "SELECT ITEM, COUNT(*) FROM TEST_METRICS GROUP BY ITEM ORDER BY ITEM"
    with sqlite3.connect(folder / "monitor.db") as database:
        return database.execute(rows).fetchall()


NEIGHBOURS = [
    Neighbour("nobody"),
    Neighbour("output", arguments=("-s", "-rA", "--durations=3")),
    Neighbour("live-log", arguments=("-o", "log_cli=true", "-v")),
    Neighbour("setup-show", arguments=("--setup-show",)),
    Neighbour("junit", arguments=("--junitxml=junit.xml", "-o", "junit_family=legacy"), written=_junit),
    Neighbour(
        "junit-output",
        arguments=("--junitxml=junit.xml", "-o", "junit_logging=all", "-o", "junit_family=legacy"),
        written=_junit,
    ),
    Neighbour("allure", ("allure_pytest",), ("--alluredir=allure",), written=_allure),
    Neighbour("html", ("html", "html_fixtures", "metadata"), ("--html=report.html",), written=_html, is_clean=False),
    Neighbour("json-report", ("pytest_jsonreport", "metadata"), ("--json-report",), written=_json, is_clean=False),
    Neighbour("reportlog", ("pytest_reportlog",), ("--report-log=log.jsonl",), written=_reportlog),
    Neighbour("cov", ("pytest_cov",), ("--cov=shop", "--cov-report=json"), _WORK, _coverage),
    Neighbour(
        "cov-of-the-test",
        ("pytest_cov",),
        ("--cov=.", "--cov-branch", "--cov-report=json"),
        _WORK | {"test_covered.py": _COVERED},
        _coverage,
        changed="test_covered.py::test_changes",
    ),
    Neighbour(
        "cov-context",
        ("pytest_cov",),
        ("--cov=shop", "--cov-context=test", "--cov-report=json:coverage.json"),
        _WORK | {".coveragerc": "[json]\nshow_contexts = true\n", "test_covered.py": _COVERED},
        _coverage,
        changed="test_covered.py::test_changes",
    ),
    Neighbour(
        "benchmark",
        ("benchmark",),
        ("--benchmark-json=bench.json",),
        {"test_benchmarks.py": _BENCHMARKS},
        _benchmarks,
        changed="test_benchmarks.py::test_changes",
        is_repeated=False,
    ),
    Neighbour("monitor", ("monitor",), ("--db=monitor.db",), written=_monitored, is_clean=False, is_repeated=False),
]


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_a_reporter_writes_the_same(neighbour: Neighbour, tmp_path: Path) -> None:
    """
    Hooks see the same reports, files have the same content, and Paceline has each test; also where a test is slower
    than it was, so that Paceline measures it again.
    """
    plain = observe(neighbour, tmp_path / "plain", on=False)
    seen = observe(neighbour, tmp_path / "on", on=True)
    again = observe(neighbour, tmp_path / "again", on=True, slow_after=plain)

    assert differences(seen, plain) == {}
    assert misjudged(seen.result.run, plain) == {}
    assert differences(again, plain) == {}
    assert misjudged(again.result.run, plain) == {}
    assert slower(again.result).get(neighbour.changed) is neighbour.is_repeated

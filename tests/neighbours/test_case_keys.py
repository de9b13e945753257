"""
Tests whose ids are changed, used twice or made up by other plugins: each is measured, kept, and has its own outcome.
"""

from pathlib import Path

import pytest

from paceline.translated_names import RunCount
from support.neighbours import Beside

_TESTS = """
    import time

    def test_one():
        time.sleep(0.02)

    def test_two(): pass
"""
# How a project changes the id of a test, of some reports or of all.
_RENAMED = {
    "call reports": """
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if report.when == "call":
                report.nodeid = f"{report.nodeid} [{report.duration:.3f}s]"
            return report
    """,
    "all reports": """
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            report.nodeid = f"{report.nodeid} (a title)"
            return report
    """,
    "teardown reports": """
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if report.when == "teardown":
                report.nodeid = report.nodeid + "!"
            return report
    """,
    "logreport": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logreport(report):
            report.nodeid = report.nodeid.replace("test_", "Test ")
    """,
    "collected items": """
        def pytest_collection_modifyitems(items):
            for item in items:
                item._nodeid = item.nodeid + " - a title"
    """,
    "after collection": """
        @pytest.hookimpl(trylast=True)
        def pytest_collection_finish(session):
            for item in session.items:
                item._nodeid = item.nodeid + " - a title"
    """,
    "at setup": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_setup(item):
            item._nodeid = item.nodeid + " - a title"
    """,
    "another report": """
        import copy

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            return copy.copy((yield))
    """,
    "a report of its own": """
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            known = yield
            report = pytest.TestReport.from_item_and_call(item, call)
            report.nodeid = "shop: " + known.nodeid
            return report
    """,
    "a serialised report": """
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            return pytest.TestReport._from_json(report._to_json())
    """,
}


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    """
    A suite that has no other plugin but xdist.
    """
    return Beside(tmp_path / "shop", "xdist")


# xdist refuses reports whose id is not that of the item.
_UNDER_XDIST = ("collected items", "after collection", "at setup", "another report", "a serialised report")


@pytest.mark.parametrize(("way", "workers"), [*((way, "0") for way in _RENAMED), *((way, "2") for way in _UNDER_XDIST)])
def test_a_changed_id_costs_no_test(beside: Beside, way: str, workers: str) -> None:
    """
    Both tests are kept with time and figures, and nothing is said to have gone wrong.
    """
    beside.write("conftest.py", f"import pytest\n{_flat(_RENAMED[way])}")
    beside.write("test_titles.py", _TESTS)
    result = beside.run("-n", workers)
    run = result.run

    assert result.code == 0
    assert [case.outcome.value for case in run.cases] == ["passed"] * 2
    assert [case.id for case in run.cases if not case.duration_seconds or not case.usage] == []
    assert max(case.duration_seconds or 0 for case in run.cases) >= 0.02
    assert run.counts[RunCount.INTERNAL_FAILURES] == 0
    assert result.kept_runs() == 1


@pytest.mark.parametrize("way", ["call reports", "collected items"])
def test_an_id_that_changes_has_a_history(beside: Beside, way: str) -> None:
    """
    The same tests are the same in the next run, though the titles of reports differ.
    """
    beside.write("conftest.py", f"import pytest\n{_flat(_RENAMED[way])}")
    beside.write("test_titles.py", _TESTS)
    first, second = beside.run().run, beside.run().run

    assert [case.id for case in first.cases] == [case.id for case in second.cases]


def _flat(source: str) -> str:
    return "\n".join(line.removeprefix(" " * 8) for line in source.splitlines())


_COLLECTOR = """
    import pytest

    class Line(pytest.Item):
        def __init__(self, *, number, **more):
            super().__init__(**more)
            self.number = number

        def runtest(self):
            assert self.number not in {FAILING}

        def reportinfo(self):
            return self.path, self.number, self.name

    class Lines(pytest.File):
        def collect(self):
            for number, text in enumerate(self.path.read_text().split()):
                yield Line.from_parent(self, name=text, number=number)

    def pytest_collect_file(file_path, parent):
        if file_path.suffix == ".lines":
            return Lines.from_parent(parent, path=file_path)
"""


@pytest.mark.parametrize("failing", [0, 2, 3])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_same_id_twice_is_two_tests(beside: Beside, failing: int, workers: str) -> None:
    """
    All four lines are kept though three have one id, and so is the failure of any of them.
    """
    beside.write("conftest.py", _COLLECTOR.replace("{FAILING}", f"{{{failing}}}"))
    beside.write("api.lines", "get post get get\n")
    result = beside.run("-n", workers)
    outcomes = sorted(case.outcome.value for case in result.run.cases)

    assert result.code == 1
    assert len({case.id for case in result.run.cases}) == 4
    assert outcomes == ["failed", "passed", "passed", "passed"]


@pytest.mark.parametrize("failing", [1, 2])
def test_a_file_that_is_given_twice_is_run_twice(beside: Beside, failing: int) -> None:
    """
    --keep-duplicates runs the same test function twice, and a failure of either is kept.
    """
    beside.write(
        "test_twice.py",
        f"""
        runs = []

        def test_one():
            runs.append(1)
            assert len(runs) != {failing}
        """,
    )
    plain = beside.run("--keep-duplicates", "test_twice.py", "test_twice.py", on=False)
    result = beside.run("--keep-duplicates", "test_twice.py", "test_twice.py")

    assert result.code == plain.code
    assert len(result.run.cases) == (2 if "1 failed, 1 passed" in plain.output else 1)
    assert any(case.outcome == "failed" for case in result.run.cases) == (plain.code == 1)


def test_a_duplicated_item_is_kept_twice(beside: Beside) -> None:
    """
    A conftest may put an item into the list of tests once more.
    """
    beside.write("conftest.py", "def pytest_collection_modifyitems(items):\n    items.append(items[0])\n")
    beside.write(
        "test_twice.py",
        """
        runs = []

        def test_one():
            runs.append(1)
            assert len(runs) == 1

        def test_two(): pass
        """,
    )
    result = beside.run()

    assert result.code == 1
    assert "1 failed, 2 passed" in result.output
    assert sorted(case.outcome.value for case in result.run.cases) == ["failed", "passed", "passed"]

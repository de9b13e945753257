"""
The test type of tests that drive a browser.
"""

import os

from support.suite import Suite

_PLUGIN = """
    import pytest

    @pytest.fixture
    def selenium(): return object()
"""


def test_a_test_with_a_browser_of_a_plugin_is_an_e2e_test(suite: Suite) -> None:
    """
    Also if another fixture requests the browser; a marker wins, and a fixture `page` of the project is no browser.
    """
    suite.write("pytest_selenium.py", _PLUGIN)
    suite.write(
        "test_pages.py",
        """
        import pytest

        @pytest.fixture
        def page(): return "page 1"

        @pytest.fixture
        def shop(selenium): return selenium

        def test_browser(selenium): pass
        def test_shop(shop): pass
        @pytest.mark.api
        def test_marked(selenium): pass
        def test_page(page): pass
        """,
    )
    paths = os.pathsep.join([str(suite.folder), os.environ.get("PYTHONPATH", "")])
    run = suite.run("-p", "pytest_selenium", environ={"PYTHONPATH": paths}).run

    assert {case.id.rpartition("::")[2]: case.test_type for case in run.cases} == {
        "test_browser": "e2e",
        "test_shop": "e2e",
        "test_marked": "api",
        "test_page": "unit",
    }

"""
Requests of niquests, whose urllib3-future takes the place of urllib3.
"""

from pathlib import Path

import pytest

from paceline.usage import UsageKey
from support.loaded import loaded
from support.neighbours import Beside

pytestmark = pytest.mark.stack
_TESTS = """
    import os
    from importlib import metadata

    import niquests
    import pytest
    import urllib3

    URL = os.environ["URL"]

    def test_one_by_one():
        assert urllib3.__version__ == metadata.version("urllib3-future")
        with niquests.Session() as session:
            for number in range(3):
                assert session.get(f"{URL}/{number}").status_code == 200

    def test_a_closed_port():
        with pytest.raises(niquests.ConnectionError):
            niquests.get("http://127.0.0.1:1/")
"""


def test_requests_of_niquests_are_counted(tmp_path: Path) -> None:
    """
    As many as the server counts, and the one that cannot be sent as an error too.
    """
    suite = Beside(tmp_path, requirements="requirements-niquests")
    suite.write("pytest.ini", "[pytest]\n")
    suite.write("test_shop.py", _TESTS)
    with loaded() as server:
        result = suite.run(environ={"URL": server.url})
    usage = {case.id.partition("::")[2]: case.usage for case in result.run.cases}

    assert "2 passed" in result.output
    assert usage["test_one_by_one"][UsageKey.NETWORK_REQUESTS] == server.requests == 3
    failed = usage["test_a_closed_port"]
    assert (failed[UsageKey.NETWORK_REQUESTS], failed[UsageKey.NETWORK_ERRORS]) == (1, 1)

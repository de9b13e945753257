"""
How the plugin loads its own modules.
"""

from support.suite import Suite

_WITNESS = """
import sys

pytest_plugins = ["helper"]

def pytest_sessionfinish():
    loaders = [type(sys.modules[name].__spec__.loader).__name__ for name in ("paceline.model", "helper")]
    print("WITNESS", *loaders, [finder for finder in sys.meta_path if "plain_imports" in repr(finder)])
"""


def test_modules_of_paceline_are_not_rewritten_and_those_of_others_are(suite: Suite) -> None:
    """
    Python's own loader reads the modules of Paceline, and pytest's loader of rewritten modules the user's plugins.
    """
    suite.write("conftest.py", _WITNESS)
    suite.write("helper.py", "")
    suite.write("test_one.py", "def test_one(): pass\n")

    result = suite.run("-s")

    line = next(line for line in result.output.splitlines() if "WITNESS" in line)
    assert "WITNESS SourceFileLoader AssertionRewritingHook []" in line

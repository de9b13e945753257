"""
The calls of one test.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from paceline.probes.work import counted_calls
from paceline.probes.work.counted_calls import CountedCalls
from paceline.probes.work.project_code import ProjectCode

_HERE = f"{Path(__file__).parent}/"


def test_code_that_is_made_anew_again_and_again_is_bounded() -> None:
    """
    What was counted is kept by name; code that is gone may leave its identity to another.
    """
    calls = CountedCalls(ProjectCode(Path(_HERE), {_HERE: _HERE}))
    space = {"__name__": "templates"}
    # The class of frames cannot be called.
    frame: Any = SimpleNamespace(f_globals=space)
    for number in range(counted_calls._MOST_CODES + 10):
        code = compile(f"def made():\n    return {number}", f"{_HERE}template.py", "exec").co_consts[0]
        assert calls.first(code, frame)
        calls.counts[id(code)] += 1

    ((key, count),) = calls.totals().items()
    assert (key.module, key.qualname, count) == ("templates", "made", 2 * (counted_calls._MOST_CODES + 10))

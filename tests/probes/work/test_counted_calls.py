"""
The calls of one test.
"""

import threading
from collections.abc import Hashable
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


def test_threads_count_apart_without_a_gil() -> None:
    """
    Each thread adds to numbers of its own, and the sum has all calls.
    """
    calls = CountedCalls(ProjectCode(Path(_HERE), {_HERE: _HERE}), has_gil=False)
    code = compile("def made():\n    return 1", f"{_HERE}shop.py", "exec").co_consts[0]
    frame: Any = SimpleNamespace(f_globals={"__name__": "shop"})
    # Both are alive at one time: the number of a thread that ended is given to another.
    together = threading.Barrier(2)

    def run() -> None:
        calls.first(code, frame)
        together.wait()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(calls.counts.values()) == [1, 1]
    assert list(calls.totals().values()) == [2]


def test_code_that_is_called_while_others_are_summed_up_is_counted() -> None:
    """
    A function that another thread calls first at that moment breaks neither the test nor the sum.
    """
    calls = CountedCalls(ProjectCode(Path(_HERE), {_HERE: _HERE}))
    frame: Any = SimpleNamespace(f_globals={"__name__": "shop"})
    codes = [compile(f"def made_{one}():\n    return 1", f"{_HERE}shop.py", "exec").co_consts[0] for one in range(2)]

    class Counts(dict[Hashable, int]):
        def pop(self, key: Hashable, *default: Any) -> Any:
            calls.first(codes[1], frame)
            return super().pop(key, *default)

    calls.first(codes[0], frame)
    calls.counts = Counts(calls.counts)  # type: ignore[misc]

    assert {key.qualname: count for key, count in calls.totals().items()} == {"made_0": 1}
    assert [key.qualname for key in calls.totals()] == ["made_0", "made_1"]

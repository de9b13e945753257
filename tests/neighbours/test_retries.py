"""
Beside plugins that run a failed test again: each attempt counts, and the last one says how the test ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from paceline.translated_names import RunCount
from support.neighbours import Beside, Neighbour, observe

_TRIES = """
    import pytest

    tries = []

    {mark}
    def test_third_time_lucky():
        tries.append(1)
        assert len(tries) == 3

    def test_once(): pass

    {mark}
    def test_never():
        assert False
"""
_RERUN = _TRIES.format(mark="@pytest.mark.flaky(reruns=3)")
_ALL = _TRIES.format(mark="")
_ATTEMPTS = {"test_third_time_lucky": 3, "test_once": 1, "test_never": 4}


@dataclass(frozen=True)
class Retried:
    """
    A plugin that retries, and how often each test is tried.
    """

    neighbour: Neighbour
    attempts: Mapping[str, int]

    def __str__(self) -> str:
        return str(self.neighbour)


def _retried(name: str, plugin: str, arguments: tuple[str, ...], source: str) -> Retried:
    plugins = (plugin, "xdist") if "-n2" in arguments else (plugin,)
    return Retried(Neighbour(name, plugins, arguments, {"test_tries.py": source}, is_clean=False), _ATTEMPTS)


RETRIED = [
    _retried("rerunfailures", "rerunfailures", (), _RERUN),
    _retried("rerunfailures-all", "rerunfailures", ("--reruns=3",), _ALL),
    _retried("rerunfailures-xdist", "rerunfailures", ("-n2", "--dist=loadfile"), _RERUN),
]


@pytest.mark.parametrize("retried", RETRIED, ids=str)
def test_each_attempt_counts(retried: Retried, tmp_path: Path) -> None:
    """
    The outcome is that of the last attempt, as the exit code is, and the attempts are those that were made.
    """
    plain = observe(retried.neighbour, tmp_path / "plain", on=False)
    seen = observe(retried.neighbour, tmp_path / "on", on=True)
    run = seen.result.run
    kept = {case.id.partition("::")[2]: case for case in run.cases if case.id.startswith("test_tries.py")}

    assert seen.counted() == plain.counted()
    assert seen.result.code == plain.result.code
    assert {name: case.attempts for name, case in kept.items()} == retried.attempts
    assert {name: case.outcome.value for name, case in kept.items()} == {
        "test_third_time_lucky": "passed",
        "test_once": "passed",
        "test_never": "failed",
    }
    assert [name for name, case in kept.items() if case.duration_seconds is None] == []
    assert run.counts[RunCount.INTERNAL_FAILURES] == 0


def test_a_pass_on_retry_is_flaky(tmp_path: Path) -> None:
    """
    The report says so.
    """
    suite = Beside(tmp_path / "shop", "rerunfailures")
    suite.write("test_tries.py", _RERUN)
    run = suite.run("-k", "lucky").run

    assert [(verdict.kind.value, verdict.case) for verdict in run.verdicts] == [
        ("flaky", "test_tries.py::test_third_time_lucky")
    ]

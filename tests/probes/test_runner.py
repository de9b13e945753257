"""
All probes as one.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from paceline.analysis.verdicts.work import OF_WORK
from paceline.probes import make_probes
from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe, Usage
from paceline.probes.runner import ProbeStack
from paceline.usage import UsageKey


class _Witness(Probe):
    """
    A probe that notes its calls, and fails at one of them if asked to.
    """

    keys: ClassVar[tuple[UsageKey, ...]] = (UsageKey.READ_BYTES, UsageKey.WRITTEN_BYTES)

    def __init__(self, name: str, calls: list[str], fails_at: str = "") -> None:
        self._name = name
        self._calls = calls
        self._fails_at = fails_at

    def start_test(self) -> None:
        self._note("start_test")

    def start_call(self) -> None:
        self._note("start_call")

    def stop_call(self, usage: Usage) -> None:
        self._note("stop_call")
        usage[UsageKey.READ_BYTES] = usage.get(UsageKey.READ_BYTES, 0) + 1

    def stop_test(self, usage: Usage) -> None:
        self._note("stop_test")
        usage[UsageKey.WRITTEN_BYTES] = usage.get(UsageKey.WRITTEN_BYTES, 0) + 1

    def pause(self) -> None:
        self._note("pause")

    def resume(self) -> None:
        self._note("resume")

    def reopen(self) -> None:
        self._note("reopen")

    def close(self) -> None:
        self._note("close")

    def _note(self, step: str) -> None:
        self._calls.append(f"{self._name}.{step}")
        if step == self._fails_at:
            raise RuntimeError(f"{self._name} cannot {step}")


class _Failing(_Witness):
    """
    Of another name, for the message, and with another key.
    """

    keys: ClassVar = (UsageKey.MEMORY_PEAK_BYTES,)


class _FailingOnce(_Witness):
    """
    Fails at the first call of the step.
    """

    def _note(self, step: str) -> None:
        fails_at, self._fails_at = self._fails_at, "" if step == self._fails_at else self._fails_at
        self._calls.append(f"{self._name}.{step}")
        if step == fails_at:
            raise RuntimeError(f"{self._name} cannot {step}")


def _run(stack: ProbeStack, tests: int = 1) -> Usage:
    usage: Usage = {}
    for _ in range(tests):
        stack.start_test()
        stack.pause()
        stack.resume()
        stack.start_call()
        stack.stop_call(usage)
        stack.stop_test(usage)
    stack.close()
    return usage


def test_probes_start_outside_in_and_stop_inside_out() -> None:
    """
    The last of them sees the least of the work of the others.
    """
    calls: list[str] = []
    usage = _run(ProbeStack([_Witness("a", calls), _Witness("b", calls)], lambda *_: None))

    assert calls == [
        *("a.start_test", "b.start_test"),
        *("a.pause", "b.pause"),
        *("b.resume", "a.resume"),
        *("a.start_call", "b.start_call"),
        *("b.stop_call", "a.stop_call"),
        *("b.stop_test", "a.stop_test"),
        *("b.close", "a.close"),
    ]
    assert usage == {UsageKey.READ_BYTES: 2, UsageKey.WRITTEN_BYTES: 2}


@pytest.mark.parametrize("step", ["start_test", "pause", "resume", "start_call", "stop_call", "stop_test"])
def test_a_probe_that_fails_in_three_tests_is_given_up_with_one_message(step: str) -> None:
    """
    Whatever the step at which it fails: the others go on, over many tests.
    """
    messages: list[tuple[str, str]] = []
    calls: list[str] = []
    probes = [_Witness("a", calls), _Failing("b", calls, fails_at=step), _Witness("c", calls)]
    usage = _run(ProbeStack(probes, lambda error, doing: messages.append((str(error), doing))), tests=5)

    assert messages == [(f"b cannot {step}", "measuring with _Failing")]
    assert calls.count("b.start_test") in {3, 6}
    assert calls.count("b.close") == 1
    assert [calls.count(f"{name}.stop_test") for name in "ac"] == [5, 5]
    assert usage[UsageKey.READ_BYTES] >= 10


def test_a_probe_that_failed_once_measures_the_next_test() -> None:
    """
    Only the test in which it failed lacks its figures, and says which.
    """
    messages: list[str] = []
    probe = _FailingOnce("a", [], fails_at="stop_call")
    stack = ProbeStack([probe], lambda error, _: messages.append(str(error)))
    found = []
    for _ in range(3):
        usage: Usage = {}
        stack.start_test()
        stack.start_call()
        stack.stop_call(usage)
        stack.stop_test(usage)
        found.append((sorted(usage), stack.lacking))

    assert found == [
        ([], (UsageKey.READ_BYTES, UsageKey.WRITTEN_BYTES)),
        ([UsageKey.READ_BYTES, UsageKey.WRITTEN_BYTES], ()),
        ([UsageKey.READ_BYTES, UsageKey.WRITTEN_BYTES], ()),
    ]
    assert messages == []


def test_a_probe_whose_start_fails_is_reopened_and_started_at_once() -> None:
    """
    A test that closed a descriptor between setup and call has its figures all the same.
    """
    calls: list[str] = []
    probe = _FailingOnce("a", calls, fails_at="start_call")
    usage = _run(ProbeStack([probe], lambda *_: None))

    assert calls.count("a.start_call") == 2
    assert "a.reopen" in calls
    assert usage == {UsageKey.READ_BYTES: 1, UsageKey.WRITTEN_BYTES: 1}


def test_a_forked_process_reopens_the_probes() -> None:
    """
    A descriptor of `/proc/self` stands for the process that opened it.
    """
    stack = ProbeStack(make_probes(OwnWork()), lambda *_: None)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        usage: Usage = {}
        stack.start_test()
        stack.start_call()
        block = b"x" * (32 << 20)
        stack.stop_call(usage)
        stack.stop_test(usage)
        os.write(writer, str(usage[UsageKey.MEMORY_PEAK_BYTES] + 0 * len(block)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    peak = int(float(os.read(reader, 100)))
    for descriptor in (reader, writer):
        os.close(descriptor)
    stack.close()

    assert 30 << 20 < peak < 40 << 20


def test_a_test_that_closes_all_descriptors_loses_no_file_of_its_own(tmp_path: Path) -> None:
    """
    Its own files get the numbers of Paceline's, which writes into none of them; the next test is measured.
    """
    script = tmp_path / "closing.py"
    script.write_text(
        "import os\n"
        "from paceline.probes import make_probes\n"
        "from paceline.probes.own_overhead import OwnWork\n"
        "from paceline.probes.runner import ProbeStack\n"
        "stack = ProbeStack(make_probes(OwnWork()), lambda error, doing: print('given up', error, doing))\n"
        "stack.start_test()\n"
        "os.closerange(3, 256)\n"
        "files = [open(f'own{number}', 'w+') for number in range(12)]\n"
        "stack.start_call(); stack.stop_call({}); stack.stop_test({})\n"
        "usage = {}\n"
        "stack.start_test(); stack.start_call(); stack.stop_call(usage); stack.stop_test(usage)\n"
        "stack.close()\n"
        "print([os.fstat(file.fileno()).st_size for file in files], len(usage))\n"
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == f"{[0] * 12} {len(_measured_here())}\n"


def _measured_here() -> Usage:
    return _run(ProbeStack(make_probes(OwnWork()), lambda *_: None))


def test_a_step_that_a_probe_leaves_out_is_passed_over() -> None:
    """
    A probe of the call alone has nothing to do at the other steps.
    """
    calls: list[str] = []

    class OfTheCall(Probe):
        def start_call(self) -> None:
            calls.append("start_call")

    _run(ProbeStack([OfTheCall()], lambda *_: None))

    assert calls == ["start_call"]


def test_the_real_probes_tell_all_there_is() -> None:
    """
    On Linux every key of usage is measured that is no touch of something outside and no count of calls or loops, and
    none is negative.
    """
    stack = ProbeStack(make_probes(OwnWork()), lambda error, _: (_ for _ in ()).throw(error))
    usage = _run(stack)

    elsewhere = {UsageKey.CHILDREN_MEMORY_PEAK_BYTES, UsageKey.LOOPS, *OF_WORK}
    assert set(usage) == {key for key in UsageKey if not key.quantity.is_touched} - elsewhere
    assert min(usage.values()) >= 0


class _Losing(Probe):
    keys: ClassVar[tuple[UsageKey, ...]] = (UsageKey.READ_BYTES,)
    is_lost = False

    @property
    def lost(self) -> tuple[UsageKey, ...]:
        return self.keys if self.is_lost else ()

    def stop_call(self, usage: Usage) -> None:
        usage[UsageKey.READ_BYTES] = 1


def test_keys_that_are_lost_are_lacking() -> None:
    """
    A probe that cannot measure a key any more takes it out of the present test and of those after it.
    """
    probe = _Losing()
    stack = ProbeStack([probe], lambda *_: None)
    usages: list[dict[str, float]] = [{}, {}, {}]
    for number, usage in enumerate(usages):
        stack.start_test()
        stack.start_call()
        stack.stop_call(usage)
        probe.is_lost = number > 0
        stack.stop_test(usage)

    assert usages == [{UsageKey.READ_BYTES: 1}, {}, {}]
    assert stack.lacking == (UsageKey.READ_BYTES,)

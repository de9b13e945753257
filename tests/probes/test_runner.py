"""
All probes as one.
"""

import pytest

from paceline.probes import make_probes
from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe, Usage
from paceline.probes.runner import ProbeStack
from paceline.usage import UsageKey


class _Witness(Probe):
    """
    A probe that notes its calls, and fails at one of them if asked to.
    """

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

    def close(self) -> None:
        self._note("close")

    def _note(self, step: str) -> None:
        self._calls.append(f"{self._name}.{step}")
        if step == self._fails_at:
            raise RuntimeError(f"{self._name} cannot {step}")


class _Failing(_Witness):
    """
    Of another name, for the message.
    """


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
def test_a_probe_that_fails_is_dropped_and_told_once(step: str) -> None:
    """
    Whatever the step at which it fails: the others go on, over many tests.
    """
    told: list[tuple[str, str]] = []
    calls: list[str] = []
    probes = [_Witness("a", calls), _Failing("b", calls, fails_at=step), _Witness("c", calls)]
    usage = _run(ProbeStack(probes, lambda error, doing: told.append((str(error), doing))), tests=3)

    assert told == [(f"b cannot {step}", "measuring with _Failing")]
    assert calls.count(f"b.{step}") == 1
    assert [calls.count(f"{name}.stop_test") for name in "ac"] == [3, 3]
    assert usage[UsageKey.READ_BYTES] >= 6


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


def test_a_probe_that_was_dropped_is_closed() -> None:
    """
    Its thread and its files do not stay for the rest of the run.
    """
    calls: list[str] = []
    _run(ProbeStack([_Witness("a", calls, fails_at="start_call")], lambda *_: None))

    assert calls == ["a.start_test", "a.pause", "a.resume", "a.start_call", "a.close"]


def test_a_probe_that_cannot_be_closed_is_told_once() -> None:
    """
    The others are closed.
    """
    told: list[str] = []
    calls: list[str] = []
    probes = [_Witness("a", calls), _Failing("b", calls, fails_at="close")]
    _run(ProbeStack(probes, lambda error, _: told.append(str(error))))

    assert told == ["b cannot close"]
    assert calls[-2:] == ["b.close", "a.close"]


def test_the_real_probes_tell_all_there_is() -> None:
    """
    On Linux every key of usage is measured, and none is negative.
    """
    stack = ProbeStack(make_probes(OwnWork()), lambda error, _: (_ for _ in ()).throw(error))
    usage = _run(stack)

    assert set(usage) == set(UsageKey)
    assert min(usage.values()) >= 0

"""
What is measured around a test.
"""

import pytest

from paceline.usage import UsageKey
from support.suite import Suite

_MEBIBYTE = 1 << 20


def test_three_phases_are_timed(suite: Suite) -> None:
    """
    Setup, call and teardown each have their own time.
    """
    suite.write(
        "test_phases.py",
        """
        import time, pytest

        @pytest.fixture
        def slow():
            time.sleep(0.02)
            yield
            time.sleep(0.04)

        def test_phases(slow):
            time.sleep(0.03)
        """,
    )
    case = suite.run().case("test_phases")

    assert case.setup_seconds is not None and 0.02 <= case.setup_seconds < 0.5
    assert case.duration_seconds is not None and 0.03 <= case.duration_seconds < 0.5
    assert case.teardown_seconds is not None and 0.04 <= case.teardown_seconds < 0.5


def test_a_busy_loop_raises_cpu_and_a_sleep_does_not(suite: Suite) -> None:
    """
    CPU time is spent by work, not by waiting, in the test and in its children.
    """
    suite.write(
        "test_cpu.py",
        """
        import subprocess, sys, time

        WORK = "import time\\nend = time.process_time() + 0.2\\nwhile time.process_time() < end: pass"

        def test_busy(): exec(WORK)
        def test_sleep(): time.sleep(0.2)
        def test_child(): subprocess.run([sys.executable, "-c", WORK], check=True)
        """,
    )
    result = suite.run()
    busy, sleep, child = (result.case(f"test_{name}").usage for name in ("busy", "sleep", "child"))

    assert 0.19 <= busy[UsageKey.CPU_SECONDS] < 0.4
    assert sleep[UsageKey.CPU_SECONDS] < 0.05
    assert child[UsageKey.CPU_SECONDS] >= 0.19
    assert child[UsageKey.CPU_SECONDS] == pytest.approx(
        sum(child[key] for key in UsageKey if key.startswith(("cpu_user", "cpu_system", "children_cpu"))), abs=1e-5
    )


def test_memory_is_the_peak_above_the_start_and_what_is_kept(suite: Suite) -> None:
    """
    64 MiB taken and freed, the same again, 32 MiB kept, and nothing: within half a MiB.
    """
    suite.write(
        "test_memory.py",
        """
        kept = []

        def test_1_freed(): bytearray(64 << 20)
        def test_2_freed_again(): bytearray(64 << 20)
        def test_3_kept(): kept.append(bytearray(32 << 20))
        def test_4_nothing(): pass
        """,
    )
    cases = suite.run().run.cases
    peaks = [case.usage[UsageKey.MEMORY_PEAK_BYTES] / _MEBIBYTE for case in cases]
    retained = [case.usage[UsageKey.MEMORY_RETAINED_BYTES] / _MEBIBYTE for case in cases]

    assert peaks == pytest.approx([64, 64, 32, 0], abs=0.5)
    assert retained == pytest.approx([0, 0, 32, 0], abs=0.5)


def test_what_a_shared_fixture_takes_is_not_the_first_tests(suite: Suite) -> None:
    """
    Memory, threads and processes of a session fixture are not charged to the test that happens to come first.
    """
    suite.write(
        "test_shared.py",
        """
        import subprocess, sys, threading, pytest

        @pytest.fixture(scope="session")
        def server():
            kept = bytearray(32 << 20)
            over = threading.Event()
            thread = threading.Thread(target=over.wait)
            thread.start()
            child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
            yield
            over.set(); thread.join(); child.communicate()

        def test_first(server): pass
        """,
    )
    usage = suite.run().case("test_first").usage

    assert usage[UsageKey.MEMORY_RETAINED_BYTES] < _MEBIBYTE
    assert (usage[UsageKey.THREADS_LEFT], usage[UsageKey.PROCESSES_LEFT]) == (0, 0)


def test_threads_and_processes_left_behind_are_counted(suite: Suite) -> None:
    """
    What a test starts and does not end is counted for it, and not for the next test.
    """
    suite.write(
        "test_left.py",
        """
        import subprocess, sys, threading

        over = threading.Event()

        def test_1_leaves():
            for _ in range(2): threading.Thread(target=over.wait, daemon=True).start()
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"])

        def test_2_nothing(): pass
        def test_3_ended(): subprocess.run([sys.executable, "-c", ""], check=True)
        """,
    )
    usages = [case.usage for case in suite.run("-p", "no:unraisableexception").run.cases]

    assert [usage[UsageKey.THREADS_LEFT] for usage in usages] == [2, 0, 0]
    assert [usage[UsageKey.PROCESSES_LEFT] for usage in usages] == [1, 0, 0]


def test_bytes_collections_and_modules_are_exact(suite: Suite) -> None:
    """
    Bytes read and written, garbage collections and imported modules are counted one by one.
    """
    suite.write("extra_module.py", "")
    suite.write(
        "test_counts.py",
        """
        import gc, os

        def test_writes(tmp_path):
            fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
            os.write(fd, b"x" * 70_001)
            os.lseek(fd, 0, 0)
            os.read(fd, 40_002)
            os.close(fd)

        def test_collects():
            gc.collect(); gc.collect()

        def test_imports():
            import extra_module

        def test_nothing(): pass
        """,
    )
    result = suite.run()
    writes, nothing = result.case("test_writes").usage, result.case("test_nothing").usage

    assert (writes[UsageKey.READ_BYTES], writes[UsageKey.WRITTEN_BYTES]) == (40_002, 70_001)
    assert (nothing[UsageKey.READ_BYTES], nothing[UsageKey.WRITTEN_BYTES]) == (0, 0)
    assert result.case("test_collects").usage[UsageKey.GC_COLLECTIONS] >= 2
    assert result.case("test_imports").usage[UsageKey.IMPORTED_MODULES] == 1


def test_waiting_for_a_cpu_is_measured(suite: Suite) -> None:
    """
    With more busy threads of other processes than CPUs, a test is ready to run for longer than it runs.
    """
    suite.write(
        "test_wait.py",
        """
        import os, subprocess, sys, time, pytest

        BUSY = "import time\\nend = time.time() + 3\\nwhile time.time() < end: pass"

        @pytest.fixture(scope="module")
        def crowd():
            busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2 * os.cpu_count())]
            yield
            for one in busy: one.kill(); one.wait()

        def test_crowded(crowd):
            end = time.thread_time() + 0.15
            while time.thread_time() < end: pass
        """,
    )
    case = suite.run().case("test_crowded")

    assert case.duration_seconds is not None
    assert case.usage[UsageKey.CPU_WAIT_SECONDS] > 0.02
    assert case.duration_seconds - case.usage[UsageKey.CPU_WAIT_SECONDS] == pytest.approx(0.15, abs=0.1)


def test_the_clock_is_not_moved_by_tools_that_freeze_time(suite: Suite) -> None:
    """
    A test that replaces the clocks of all loaded modules is timed all the same.
    """
    suite.write(
        "test_frozen.py",
        """
        import sys, time

        def test_frozen(monkeypatch):
            sleep = time.sleep
            for module in list(sys.modules.values()):
                for name in ("perf_counter", "perf_counter_ns", "time", "monotonic"):
                    if getattr(module, name, None) is getattr(time, name) and module is not time:
                        monkeypatch.setattr(module, name, lambda: 0)
            for name in ("perf_counter", "perf_counter_ns", "time", "monotonic"):
                monkeypatch.setattr(time, name, lambda: 0)
            sleep(0.05)
        """,
    )
    run = suite.run().run

    assert run.cases[0].duration_seconds is not None and 0.05 <= run.cases[0].duration_seconds < 1
    assert run.started > 1_700_000_000 and run.ended > run.started


def test_custom_measures_are_kept_with_the_test(suite: Suite) -> None:
    """
    `paceline.record` keeps a figure with its unit, and only with the test that recorded it.
    """
    suite.write(
        "test_record.py",
        """
        def test_records(paceline):
            paceline.record("cart_items", 2, unit="items")
            paceline.record("cart_items", 3, unit="items")
        def test_silent(paceline): pass
        """,
    )
    result = suite.run()
    measure = result.case("test_records").measures["cart_items"]

    assert (measure.value, measure.unit) == (3.0, "items")
    assert result.case("test_silent").measures == {}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_what_a_fixture_gave_is_not_kept(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    pytest holds it a little longer than the test; what the test itself keeps is kept.
    """
    suite.write(
        "test_fixture.py",
        """
        import pytest
        kept = []

        @pytest.fixture
        def large():
            yield bytearray(32 << 20)

        def test_is_given(large): pass
        def test_keeps(large): kept.append(bytearray(8 << 20))
        def test_is_given_last(large): pass
        """,
    )
    result = suite.run(*arguments)
    kept = {name: result.case(name).usage[UsageKey.MEMORY_RETAINED_BYTES] / _MEBIBYTE for name in result.outcomes}

    assert kept["test_is_given"] < 1 and kept["test_is_given_last"] < 1
    assert 7.9 < kept["test_keeps"] < 9

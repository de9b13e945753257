"""
Measuring what is not a test.
"""

import threading
import time
from typing import Any

import pytest

import paceline
from paceline.analysis.verdicts.budget import Budgets
from paceline.errors import ConfigError
from paceline.model import Outcome, Severity
from paceline.monitoring import Monitor, changed_budgets
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.measuring import compute


def test_a_block_is_measured() -> None:
    """
    Its time, its CPU time, and what it used.
    """
    with paceline.monitor("checkout", test_type="api") as found:
        compute(0.1)

    case = found.metrics
    assert (case.id, case.test_type, case.outcome) == ("checkout", "api", Outcome.PASSED)
    assert (case.duration_seconds or 0) >= 0.1
    assert case.usage[UsageKey.CPU_SECONDS] >= 0.09
    assert UsageKey.MEMORY_PEAK_BYTES in case.usage


def test_a_sleep_is_time_without_cpu() -> None:
    """
    0.2 s by the clock, and no CPU to speak of.
    """
    with paceline.monitor("nap") as found:
        time.sleep(0.2)

    assert (found.metrics.duration_seconds or 0) >= 0.2
    assert found.metrics.usage[UsageKey.CPU_SECONDS] < 0.1


def test_a_block_over_its_budget_has_a_verdict() -> None:
    """
    In the words of a test's.
    """
    with paceline.monitor("nap", budget_ms=5) as found:
        time.sleep(0.02)

    verdict = found.verdict
    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.BUDGET, Severity.CRITICAL, "nap")
    assert verdict.reason.startswith("took ")
    assert verdict.reason.endswith(", budget 5 ms (its argument budget_ms)")


def test_a_block_within_its_budget_has_none() -> None:
    """
    The budget of its type holds where it has none of its own, and a type without one is not judged.
    """
    found = []
    for test_type in ("e2e", "no-such-type"):
        with paceline.monitor("nothing", test_type=test_type) as one:
            pass
        found.append((one.metrics.budget_seconds, one.metrics.budget_source, one.verdict))

    assert found == [(10.0, BudgetSource.TYPE_BUDGETS, None), (None, None, None)]


def test_an_error_goes_on_its_way() -> None:
    """
    The block has failed, and is measured all the same.
    """
    monitor = Monitor("checkout")
    with pytest.raises(KeyError), monitor:
        raise KeyError("pots")

    assert monitor.metrics.outcome is Outcome.FAILED
    assert (monitor.metrics.duration_seconds or 0) > 0


def test_start_and_stop_do_without_a_block() -> None:
    """
    What stop returns is what metrics has.
    """
    running = paceline.start_test_monitoring("checkout", test_type="integration", budget_ms=50)
    case = paceline.stop_test_monitoring(running)

    assert case is running.metrics
    assert (case.id, case.test_type, case.budget_seconds) == ("checkout", "integration", 0.05)


def test_nothing_is_left_running() -> None:
    """
    Probes are closed with the block.
    """
    before = threading.active_count()
    with paceline.monitor("checkout") as found:
        pass

    assert threading.active_count() == before
    assert found.metrics.usage[UsageKey.THREADS_LEFT] == 0


def test_a_name_is_made_safe() -> None:
    """
    A password in it is masked.
    """
    assert paceline.monitor("login password=hunter2").name == "login password=***"


def test_monitors_do_not_disturb_each_other() -> None:
    """
    One within another: the outer has the time of both.
    """
    with paceline.monitor("outer") as outer:
        compute(0.05)
        with paceline.monitor("inner") as inner:
            compute(0.05)

    assert outer.metrics.usage[UsageKey.CPU_SECONDS] >= 0.09
    assert 0.04 <= inner.metrics.usage[UsageKey.CPU_SECONDS] < outer.metrics.usage[UsageKey.CPU_SECONDS]


def test_metrics_before_the_end_are_an_error() -> None:
    """
    The message says what to do first.
    """
    with pytest.raises(RuntimeError) as caught:
        paceline.monitor("checkout").metrics  # noqa: B018

    assert str(caught.value) == "monitor 'checkout': no metrics yet, expected stop() or the end of the block first"


def test_a_monitor_is_used_once() -> None:
    """
    Started twice, or stopped when it does not run, it says so.
    """
    monitor = Monitor("checkout").start()
    with pytest.raises(RuntimeError) as started:
        monitor.start()
    monitor.stop()
    with pytest.raises(RuntimeError) as stopped:
        monitor.stop()
    with pytest.raises(RuntimeError) as never:
        Monitor("checkout").stop()

    assert str(started.value) == "monitor 'checkout' was started before, expected a new monitor"
    assert str(stopped.value) == "monitor 'checkout' is not running, expected start() first"
    assert str(never.value) == "monitor 'checkout' is not running, expected start() first"


@pytest.mark.parametrize("budget", [0, -5, float("nan"), float("inf"), True, "5"])
def test_a_budget_that_is_none_is_refused(budget: Any) -> None:
    """
    For a block as for a type: more than 0, and not without end.
    """
    shown = repr(budget)
    with pytest.raises(ConfigError) as block:
        paceline.monitor("checkout", budget_ms=budget)
    with pytest.raises(ConfigError) as kind:
        paceline.set_performance_budget("smoke", budget)

    assert str(block.value) == f"monitor 'checkout': the budget is {shown}, expected more than 0 milliseconds"
    assert str(kind.value) == (
        f"set_performance_budget: the budget of 'smoke' is {shown}, expected more than 0 milliseconds"
    )


def test_a_budget_that_code_sets_holds_from_then_on() -> None:
    """
    For blocks of its type and for tests, above what is configured; other types keep theirs.
    """
    before = changed_budgets(Budgets()).by_type_ms.get("till")
    paceline.set_performance_budget("till", 250)
    with paceline.monitor("pay", test_type="till") as found:
        pass
    budgets = changed_budgets(Budgets(by_type_ms={"till": 1.0, "unit": 2.0}))

    assert before is None
    assert (found.metrics.budget_seconds, found.metrics.budget_source) == (0.25, BudgetSource.TYPE_BUDGETS)
    assert budgets.by_type_ms == {"till": 250.0, "unit": 2.0}


def test_the_package_has_no_other_names() -> None:
    """
    What is not there is an error that names it, as for any module.
    """
    with pytest.raises(AttributeError) as caught:
        paceline.checkout  # type: ignore[attr-defined] # noqa: B018

    assert str(caught.value) == "module 'paceline' has no attribute 'checkout'"


def test_only_what_was_started_can_be_stopped() -> None:
    """
    A name is not what `start_test_monitoring` returned.
    """
    with pytest.raises(TypeError) as error:
        paceline.stop_test_monitoring("checkout")  # type: ignore[arg-type]

    assert str(error.value) == "stop_test_monitoring('checkout'): expected what start_test_monitoring() returned"

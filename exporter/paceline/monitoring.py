"""
Measuring code outside of tests: a block, in a script or inside a test.
"""

import time
from types import TracebackType
from typing import Final, Self

from msgspec.structs import replace

from paceline.analysis.verdicts.budget import Budget, Budgets, judge_budget
from paceline.config import DEFAULT_TEST_TYPE
from paceline.errors import ConfigError
from paceline.identity import safe_text
from paceline.model import Case, Outcome, Verdict
from paceline.probes import make_probes
from paceline.probes.own_overhead import OwnWork
from paceline.probes.runner import ProbeStack
from paceline.translated_names import BudgetSource

_NANOSECONDS = 1e-9

# The one piece of state of the process: budgets that code has set, in milliseconds by test type.
_changed: dict[str, float] = {}


def set_performance_budget(test_type: str, budget_ms: float) -> None:
    """
    Set the budget of a test type for the rest of this process, as `budgets_ms` in the configuration would.

    Args:
        test_type: `unit`, `integration`, `api`, `e2e`, or a type of your own.
        budget_ms: milliseconds, more than 0.

    Raises:
        ConfigError: the budget is not a positive number.
    """
    _changed[test_type] = _checked_budget(budget_ms, f"set_performance_budget: the budget of {test_type!r}")


def changed_budgets(budgets: Budgets) -> Budgets:
    """
    The configured budgets, with those that code has set.
    """
    return replace(budgets, by_type_ms={**budgets.by_type_ms, **_changed})


def _checked_budget(budget_ms: float, what: str) -> float:
    is_number = isinstance(budget_ms, int | float) and not isinstance(budget_ms, bool)
    if not is_number or not 0 < budget_ms < float("inf"):
        raise ConfigError(f"{what} is {budget_ms!r}, expected more than 0 milliseconds")
    return float(budget_ms)


class Monitor:
    """
    Measures once, from `start` to `stop` or around a `with` block.

    After that `metrics` is a `Case`: `duration_seconds`, `usage` (the keys of `UsageKey`), `outcome`; and
    `verdict` says whether the budget was broken.
    """

    def __init__(self, name: str, *, test_type: str = DEFAULT_TEST_TYPE, budget_ms: float | None = None) -> None:
        if budget_ms is not None:
            budget_ms = _checked_budget(budget_ms, f"monitor {name!r}: the budget")
        self.name: Final = safe_text(name)
        self._test_type = test_type
        self._budget_ms = budget_ms
        self._failures: list[Exception] = []
        self._probes: ProbeStack | None = None
        self._started = 0
        self._case: Case | None = None

    @property
    def metrics(self) -> Case:
        """
        The measured figures.

        Raises:
            RuntimeError: the monitor has not been stopped yet.
        """
        if self._case is None:
            raise RuntimeError(f"monitor {self.name!r}: no metrics yet, expected stop() or the end of the block first")
        return self._case

    @property
    def verdict(self) -> Verdict | None:
        """
        The broken budget, if it was broken.
        """
        return judge_budget(self.metrics)

    def start(self) -> Self:
        """
        Start to measure.

        Raises:
            RuntimeError: the monitor was started before.
        """
        if self._probes is not None:
            raise RuntimeError(f"monitor {self.name!r} was started before, expected a new monitor")
        self._probes = ProbeStack(make_probes(OwnWork(), failed=self._note), self._note)
        self._probes.start_test()
        self._probes.start_call()
        self._started = time.perf_counter_ns()
        return self

    def stop(self, outcome: Outcome = Outcome.PASSED) -> Case:
        """
        Stop measuring.

        Raises:
            RuntimeError: the monitor is not running.
        """
        ended = time.perf_counter_ns()
        if self._probes is None or self._case is not None:
            raise RuntimeError(f"monitor {self.name!r} is not running, expected start() first")
        usage = dict[str, float]()
        self._probes.stop_call(usage)
        self._probes.stop_test(usage)
        self._probes.close()
        budget = self._budget()
        self._case = Case(
            id=self.name,
            family=self.name,
            test_type=self._test_type,
            outcome=outcome,
            duration_seconds=(ended - self._started) * _NANOSECONDS,
            budget_seconds=budget.seconds if budget else None,
            budget_source=budget.source if budget else None,
            usage=usage,
        )
        return self._case

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(Outcome.FAILED if error is not None else Outcome.PASSED)

    def _note(self, error: Exception, _doing: str) -> None:
        self._failures.append(error)

    def _budget(self) -> Budget | None:
        if self._budget_ms is not None:
            return Budget(self._budget_ms / 1e3, BudgetSource.ARGUMENT)
        return changed_budgets(Budgets()).budget_of(self.name, self._test_type)


def monitor(name: str, *, test_type: str = DEFAULT_TEST_TYPE, budget_ms: float | None = None) -> Monitor:
    """
    Measure a block: `with paceline.monitor("checkout", test_type="api") as m:`, then `m.metrics`.

    Args:
        name: the name of the block.
        test_type: decides the budget if `budget_ms` is not given.
        budget_ms: the block's own budget in milliseconds.

    Raises:
        ConfigError: the budget is not a positive number.
    """
    return Monitor(name, test_type=test_type, budget_ms=budget_ms)


def start_test_monitoring(name: str, *, test_type: str = DEFAULT_TEST_TYPE, budget_ms: float | None = None) -> Monitor:
    """
    Start to measure, for code that cannot use `with`; `stop_test_monitoring` ends it.
    """
    return Monitor(name, test_type=test_type, budget_ms=budget_ms).start()


def stop_test_monitoring(running: Monitor) -> Case:
    """
    End what `start_test_monitoring` began.

    Raises:
        RuntimeError: the monitor was stopped before.
        TypeError: the argument is not a `Monitor`.
    """
    if not isinstance(running, Monitor):
        raise TypeError(f"stop_test_monitoring({running!r}): expected what start_test_monitoring() returned")
    return running.stop()

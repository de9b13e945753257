"""
Measure a test again: pytest, its plugins and the user see one run of it, Paceline sees more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from _pytest.runner import runtestprotocol  # as pytest-rerunfailures does: there is no public way to run a test
from msgspec.structs import replace

from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.suspects import (
    counted_suspects_of,
    leak_suspects_of,
    suspects_of,
    timed_suspects_of,
)
from paceline.analysis.verdicts.leak import kept_in_a_row
from paceline.config import Config
from paceline.formatting import counted, duration
from paceline.model import Case, Run
from paceline.plugin.collect.plan import plan_of
from paceline.plugin.measure.hidden_repeat import hidden_repeat, unchanged
from paceline.plugin.measure.item_cases import EndedTest, ItemCases
from paceline.plugin.measure.kept_timer import kept_timer
from paceline.plugin.measure.marker_verdicts import marker_verdicts
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.repeatable import why_not_repeatable
from paceline.plugin.measure.running_test import RunningTest
from paceline.plugin.measure.time_limit import OutOfTimeError, time_limit
from paceline.plugin.measure.traced_memory import traced_memory
from paceline.plugin.measure.without_exit import ExitedError, without_exit
from paceline.plugin.measure.work_choice import WorkChoice
from paceline.probes.calibration import ROUNDS_BESIDE_A_REPEAT, calibrate
from paceline.probes.memory import resident_bytes
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

# What a repeat may take, in times of what the test took at first; and at least so many seconds.
_TIMES_AS_LONG, _SHORTEST_LIMIT = 10.0, 1.0
# Counting objects makes a test some times slower, and a busy machine as much again.
_SHORTEST_TRACED_LIMIT = 5.0
_FEWEST_IN_A_ROW = 2


class Repeater:
    """
    Runs the suspects of a judged run again, without reports.

    A test that fails when it is run again leaves no figures. One that does not end is interrupted, and one that ends
    the process is kept from it. `repeated` has what was found so far.

    Args:
        meter: measures.
        tests: the tests that were run here.
        settings: how many tests are repeated, how often, and for how long in all; and the verdicts that fail the run.
        say: takes a line for the user.
        calibrates: time the machine beside each repeat. In one of several workers that would be another figure than at
            the start of the run.
        work: counts calls; None where no calls are counted.
    """

    def __init__(  # noqa: PLR0913 - what a repeat takes
        self,
        meter: Meter,
        tests: ItemCases,
        settings: Config,
        say: Callable[[str], None],
        work: WorkChoice | None = None,
        *,
        calibrates: bool = False,
    ) -> None:
        self._work = work
        self._meter = meter
        self._tests = tests
        self._limits = limits = settings.confirmation
        self._fail_on = settings.fail_on
        self._say = say
        self._seconds_left = limits.seconds
        self._tests_left = limits.tests
        self._seconds_for_budgets = limits.seconds
        self._seconds_to_lose = self._longest_seconds = settings.longest_seconds
        self._budgets_left = limits.tests
        self._cases: dict[str, list[Case]] = {}
        self._counted: dict[str, Case] = {}
        self._reasons: dict[str, str] = {}
        self._calibrates = calibrates
        self._calibrations: dict[str, list[float]] = defaultdict(list)

    @property
    def repeated(self) -> Repeated:
        return Repeated(
            cases=self._cases, counted=self._counted, reasons=self._reasons, calibrations=self._calibrations
        )

    def measure_again(self, config: pytest.Config, run: Run, node: pytest.Collector | None = None) -> None:
        """
        Run suspects again, round after round, so that a moment in which the machine is slow does not meet all repeats
        of one.

        Args:
            config: of the session, whose tests have ended.
            run: the run, judged.
            node: the node whose fixtures are alive, and whose tests alone are repeated; None after all teardowns.
        """
        chosen = self._choose(suspects_of(run, self._fail_on), node)
        if not chosen:
            return
        self._pause_counting()
        self._say(f"measuring {counted(len(chosen), 'test')} again, for at most {duration(self._seconds_left)}")
        started = UNPATCHED.monotonic()
        try:
            timed, counted_ = timed_suspects_of(run), counted_suspects_of(run)
            self._rounds(config, [one for one in chosen if one.case.id in timed], node)
            self._count_calls(config, [one for one in chosen if one.case.id in counted_], node, started)
            self._count_loops(config, [one for one in chosen if one.case.id in timed], node, started)
            leaks = leak_suspects_of(run)
            self._count_objects(config, [one for one in chosen if one.case.id in leaks], node, started)
        except KeyboardInterrupt:
            self._seconds_left = 0.0
            self._say("measuring again was interrupted")
        took = UNPATCHED.monotonic() - started
        self._seconds_left -= took
        repeats = sum(len(self._cases[one.case.id]) for one in chosen)
        calls = sum(one.case.id in self._counted for one in chosen)
        counted_again = f", the calls of {counted(calls, 'test')} counted" if calls else ""
        self._say(f"measured again {counted(repeats, 'time')} in {duration(took)}{counted_again}")
        failed = [one.case.id for one in chosen if not self._cases[one.case.id] and one.case.id not in self._counted]
        self._reasons |= dict.fromkeys(failed, "its repeats failed or did not end in time")

    def measure_budget_again(self, one: EndedTest, nextitem: pytest.Item | None) -> Sequence[Case]:
        """
        Run a test with a budget of its own again until it keeps the budget, before the next test.

        Returns:
            The repeats; none where the test must not run again, or enough tests did.
        """
        if not self._budgets_left or self._seconds_for_budgets <= 0 or why_not_repeatable(one, self._limits):
            return ()
        self._budgets_left -= 1
        self._pause_counting()
        started, cases = UNPATCHED.monotonic(), list[Case]()
        with hidden_repeat(one.item.config), self._meter.another_test(is_suspect=True):
            for _ in range(self._limits.repeats):
                repeat = self._repeat(one, self._seconds_for_budgets, nextitem)
                if repeat is None:
                    break
                cases.append(repeat)
                if not marker_verdicts(plan_of(one.item), repeat):
                    break
        self._seconds_for_budgets -= UNPATCHED.monotonic() - started
        return cases

    def _choose(self, suspects: Sequence[str], node: pytest.Collector | None) -> list[EndedTest]:
        ended = {one.case.id: one for one in self._tests.ended.values()}
        waiting = [ended[case_id] for case_id in suspects if case_id in ended and case_id not in self._cases]
        reasons = {one.case.id: why_not_repeatable(one, self._limits) for one in waiting}
        able = [one for one in waiting if not reasons[one.case.id] and (node is None or node in one.item.listchain())]
        chosen = able[: self._tests_left]
        self._tests_left -= len(chosen)
        self._cases |= {one.case.id: [] for one in chosen}
        too_many = [one.case.id for one in able[len(chosen) :]]
        found = dict.fromkeys(too_many, f"at most {counted(self._limits.tests, 'test is', 'tests are')} measured again")
        if node is None:
            found |= {case_id: reason for case_id, reason in reasons.items() if reason}
        # A test that was one too many while its fixtures were there has no fixtures later.
        self._reasons = found | self._reasons
        return chosen

    def _rounds(self, config: pytest.Config, suspects: Sequence[EndedTest], node: pytest.Collector | None) -> None:
        gave_up: set[str] = set()
        with self._apart(config, suspects):
            end = UNPATCHED.monotonic() + self._seconds_left
            for one in [*suspects] * self._limits.repeats:
                left = end - UNPATCHED.monotonic()
                if left <= 0:
                    break
                if one.case.id in gave_up:
                    continue
                before = self._calibrate()
                repeat = self._repeat(one, left, node)
                if repeat is None:
                    gave_up.add(one.case.id)
                    continue
                self._cases[one.case.id].append(repeat)
                if self._calibrates:
                    self._calibrations[one.case.id].append((before + self._calibrate()) / 2)

    def _calibrate(self) -> float:
        return calibrate(ROUNDS_BESIDE_A_REPEAT) if self._calibrates else 0.0

    def _pause_counting(self) -> None:
        if self._work is not None:
            self._work.pause()

    def _count_calls(
        self, config: pytest.Config, suspects: Sequence[EndedTest], node: pytest.Collector | None, started: float
    ) -> None:
        """
        Repeat each suspect once more, and count its calls: that takes time, so that no time is compared with it.
        """
        if self._work is None or not suspects:
            return
        with self._apart(config, suspects), self._work.counting():
            for one in suspects:
                repeat = self._repeat_in_time(one, started, node)
                if repeat is not None and repeat.is_counted:
                    self._counted[one.case.id] = repeat

    def _count_loops(
        self, config: pytest.Config, suspects: Sequence[EndedTest], node: pytest.Collector | None, started: float
    ) -> None:
        """
        Repeat each test that looks slower once more, and count the rounds of its loops: that may take too long, and
        then its calls are known all the same.
        """
        counted_ = [one for one in suspects if one.case.id in self._counted]
        if self._work is None or not self._work.can_count_loops or not counted_:
            return
        with self._apart(config, counted_), self._work.counting_loops():
            for one in counted_:
                repeat = self._repeat_in_time(one, started, node)
                loops = repeat.usage.get(UsageKey.LOOPS) if repeat is not None else None
                if loops is not None:
                    case = self._counted[one.case.id]
                    self._counted[one.case.id] = replace(case, usage={**case.usage, UsageKey.LOOPS: loops})
                    self._work.keep_loops(one.case.id)

    def _count_objects(
        self, config: pytest.Config, suspects: Sequence[EndedTest], node: pytest.Collector | None, started: float
    ) -> None:
        """
        Repeat each test that seems to keep memory some times in a row, so that no other suspect leaves memory to it or
        takes memory from it; then as often while its objects are counted, which are too slow to judge a time by.
        """
        if not suspects:
            return
        with self._apart(config, suspects):
            grown = {one.case.id: self._repeats_in_a_row(one, node, started) for one in suspects}
            with traced_memory() as alive:
                objects = {one.case.id: self._kept_by_objects(one, node, started, alive) for one in suspects}
        for case_id, (repeats, bytes_grown) in grown.items():
            timed = self._cases[case_id]
            process = [repeat.usage.get(UsageKey.MEMORY_RETAINED_BYTES, 0.0) for repeat in repeats]
            kept = kept_in_a_row(process, objects[case_id], bytes_grown)
            known = list(map(Case.with_retained, timed or repeats, kept))
            self._cases[case_id] = [*known, *map(Case.without_retained, timed[len(known) :])]

    def _repeats_in_a_row(
        self, one: EndedTest, node: pytest.Collector | None, started: float
    ) -> tuple[list[Case], float]:
        """
        Repeats of a test, and the bytes by which the process grew in all of them; no repeats where there is only one
        of several, as an allocator may take memory once.
        """
        repeats, before = list[Case](), resident_bytes()
        for _ in range(self._limits.repeats):
            repeat = self._repeat_in_time(one, started, node)
            if repeat is None:
                break
            repeats.append(repeat)
        is_enough = len(repeats) >= min(_FEWEST_IN_A_ROW, self._limits.repeats)
        return repeats if is_enough else [], resident_bytes() - before

    def _kept_by_objects(
        self, one: EndedTest, node: pytest.Collector | None, started: float, alive: Callable[[], int]
    ) -> list[float]:
        """
        The bytes of the objects that each of some repeats leaves.
        """
        left = list[float]()
        for _ in range(self._limits.repeats):
            before = alive()
            if self._repeat_in_time(one, started, node, shortest_limit=_SHORTEST_TRACED_LIMIT) is None:
                break
            left.append(float(alive() - before))
        return left

    @contextmanager
    def _apart(self, config: pytest.Config, suspects: Sequence[EndedTest]) -> Iterator[None]:
        """
        Let nobody else see the repeats of some tests, nor the test that is present measure them as its own.
        """
        is_present = any(one.item is self._tests.item for one in suspects)
        with hidden_repeat(config), self._meter.another_test(is_suspect=is_present):
            yield

    def _repeat_in_time(
        self,
        one: EndedTest,
        started: float,
        node: pytest.Collector | None,
        *,
        shortest_limit: float = _SHORTEST_LIMIT,
    ) -> Case | None:
        """
        A repeat, as long as there is time since measuring again was started.
        """
        left = started + self._seconds_left - UNPATCHED.monotonic()
        return self._repeat(one, left, node, shortest_limit=shortest_limit) if left > 0 else None

    def _repeat(
        self,
        one: EndedTest,
        seconds_left: float,
        node: pytest.Collector | pytest.Item | None,
        *,
        shortest_limit: float = _SHORTEST_LIMIT,
    ) -> Case | None:
        took = sum(
            filter(None, (one.case.setup_seconds, one.case.duration_seconds, one.case.teardown_seconds)), start=0.0
        )
        # What was begun in time may take twice as long as the test took at first.
        shortest = 2 * took + shortest_limit
        limit = min(max(_TIMES_AS_LONG * took, shortest_limit), max(seconds_left, shortest))
        limit = min(limit, max(self._longest_seconds, shortest))
        if self._seconds_to_lose <= 0:
            return None
        started = UNPATCHED.monotonic()
        running = RunningTest(plan_of(one.item))
        self._meter.begin(collects_garbage=True)
        try:
            with (
                time_limit(limit),
                kept_timer(limit),
                without_exit(),
                unchanged(one.item),
                self._meter.budget_judged_later(),
            ):
                reports = runtestprotocol(one.item, log=False, nextitem=node)  # type: ignore[arg-type]
        except (OutOfTimeError, ExitedError, pytest.exit.Exception):
            self._seconds_to_lose -= UNPATCHED.monotonic() - started
            return None
        for report in reports:
            running.add(report)
        del reports
        running.measurement, retained = self._meter.take(), self._meter.settled()
        case = running.case()
        if case is None or not case.outcome.is_pass or case.not_measured is not None:
            return None
        return case if retained is None else case.with_retained(retained)

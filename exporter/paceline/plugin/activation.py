"""
Switch Paceline on: which plugins a process needs depends on whether it runs tests or has xdist's workers do it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from paceline.analysis.baselines import Baselines
from paceline.analysis.rotation import Rotation
from paceline.config import Config, project_name
from paceline.errors import PacelineError
from paceline.history.baseline_file import read_baselines
from paceline.plugin import has_table, project_file
from paceline.plugin.collect.plan import Planner
from paceline.plugin.collect.unused_budgets import UnusedBudgets
from paceline.plugin.guard import Guard
from paceline.plugin.measure.benchmark_marker import BenchmarkMarker
from paceline.plugin.measure.benchmarks_apart import BenchmarksApart
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.work_choice import WorkChoice
from paceline.plugin.misread_paths import unread_settings
from paceline.plugin.options import settings_of
from paceline.plugin.test_spans import TestSpans
from paceline.plugin.touching import TOUCHING, watch_libraries
from paceline.plugin.unmeasured_session import UnmeasuredSession
from paceline.plugin.verbose_tests import VerboseTests
from paceline.probes import make_probes
from paceline.probes.own_overhead import OwnWork
from paceline.probes.run_delay import run_delay
from paceline.probes.runner import ProbeStack
from paceline.probes.touch.touch_probe import TouchProbe
from paceline.probes.work.work_probe import WorkProbe
from paceline.recorder import RECORDER, RECORDERS, CaseRecorder
from paceline.work import WorkMode

# Files that Paceline keeps open or opens at once; tests and pytest need as many again.
_DESCRIPTORS = 40


def activate(config: pytest.Config) -> None:
    """
    Register what this process needs. Where that fails, tests run without being measured, and one line says why.

    Raises:
        pytest.UsageError: a setting is wrong, or the file of baselines.
    """
    try:
        settings = settings_of(config)
        plugins = _plugins(config, settings) if settings.enabled else {}
    except PacelineError as error:
        raise pytest.UsageError(f"paceline: {error}") from error
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
        plugins = {"not-measured": UnmeasuredSession(f"{type(error).__name__}: {error}")}
    if "meter" not in plugins:
        _watch_no_libraries(config)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, f"paceline-{name}")


def _plugins(config: pytest.Config, settings: Config) -> Mapping[str, object]:
    _check_descriptors()
    guard, has_workers = Guard(), _has_workers(config)
    planner = Planner(settings, has_workers=has_workers)
    if hasattr(config, "workerinput"):
        return {"planner": planner, **_worker(config, settings, planner, guard)}
    for message in unread_settings(config.invocation_params.dir, config.rootpath, has_table):
        guard.warn(message)
    session = (
        _controller(config, settings, planner, guard) if has_workers else _single(config, settings, planner, guard)
    )
    unused = UnusedBudgets(settings, guard)
    return {
        "planner": planner,
        **session,
        **({"unused-budgets": unused} if unused.is_needed else {}),
        **({"verbose-tests": VerboseTests()} if settings.verbose_tests else {}),
    }


def _check_descriptors() -> None:
    """
    See that enough files can be opened beside those of the tests.

    Raises:
        OSError: too few can be opened.
    """
    taken: list[int] = []
    try:
        for _ in range(_DESCRIPTORS):
            taken.append(os.dup(0 if not taken else taken[0]))
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: fewer than {_DESCRIPTORS} more can be opened") from error
    finally:
        for descriptor in taken:
            os.close(descriptor)


def _has_workers(config: pytest.Config) -> bool:
    # As xdist decides it: environments that are given without a way to distribute tests are not used.
    is_distributed = bool(config.getoption("tx", None)) and config.getoption("dist", "no") != "no"
    return is_distributed and not hasattr(config, "workerinput")


def _single(config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> Mapping[str, object]:
    from paceline.plugin.session import RunSession  # noqa: PLC0415 - workers start faster without
    from paceline.plugin.single_process import SingleProcess  # noqa: PLC0415

    session = RunSession(config, settings, planner, guard)
    work = _work(config, settings, session.rotation, guard)
    meter = _meter(config, settings, guard, work, session.baselines)
    spans = _test_spans(config, settings, session.run_id)
    process = SingleProcess(config, settings, meter, session, work)
    return {
        "meter": meter,
        "benchmarks": BenchmarkMarker(),
        **({"work": work} if work is not None else {}),
        **spans,
        "session": session,
        "watching": session.companion_watch,
        "process": process,
        "tests": process.tests,
    }


def _controller(config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> Mapping[str, object]:
    from paceline.plugin.session import RunSession  # noqa: PLC0415 - as above
    from paceline.plugin.xdist_controller import XdistController  # noqa: PLC0415

    session = RunSession(config, settings, planner, guard)
    controller = XdistController(planner, guard, session)
    return {"session": session, "watching": session.companion_watch, "controller": controller}


def _worker(config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> Mapping[str, object]:
    from paceline.plugin.xdist_worker import XdistWorker, worker_order  # noqa: PLC0415 - only there

    order = worker_order(config)
    work = _work(config, settings, order.rotation, guard)
    meter = _meter(config, settings, guard, work, read_baselines(Path(settings.baselines)))
    apart = BenchmarksApart.in_worker(config)
    worker = XdistWorker(config, settings, planner, meter, guard, work, apart)
    return {
        "meter": meter,
        "benchmarks": BenchmarkMarker(),
        "worker": worker,
        "tests": worker.tests,
        **({"benchmarks-apart": apart} if apart is not None else {}),
        **_test_spans(config, settings, order.run.run_id),
        **({"work": work} if work is not None else {}),
    }


def _meter(
    config: pytest.Config, settings: Config, guard: Guard, work: WorkChoice | None, baselines: Baselines
) -> Meter:
    recorder = config.stash[RECORDER] = CaseRecorder()
    RECORDERS.append(recorder)
    config.add_cleanup(lambda: RECORDERS.remove(recorder))
    if TOUCHING not in config.stash:  # a plugin that is given by -p in a conftest comes too late for the early hook
        watch_libraries(config)
    touching = config.stash[TOUCHING]
    touching.report_to(guard)
    touching.hooks.ignored = (*settings.queries.ignore, *baselines.repeated_queries)
    touch = TouchProbe(touching.hooks)
    own = OwnWork()
    probes = make_probes(own, work.probe if work is not None else None, failed=guard.failed)
    return Meter(ProbeStack([touch, *probes], guard.failed), recorder, touch, run_delay(own))


def _test_spans(config: pytest.Config, settings: Config, run_id: str) -> Mapping[str, object]:
    if not (settings.otlp and settings.otlp_traces):
        return {}
    test_span = config.stash[TOUCHING].hooks.test_span
    test_span.follow(run_id, sends_headers=settings.trace_requests)
    return {"test-spans": TestSpans(test_span)}


def _work(config: pytest.Config, settings: Config, rotation: Rotation, guard: Guard) -> WorkChoice | None:
    if settings.work.mode is WorkMode.OFF:
        return None
    project = project_name(project_file(config))
    return WorkChoice(WorkProbe(guard.warn), settings.work, project, rotation, guard.warn)


def _watch_no_libraries(config: pytest.Config) -> None:
    """
    Take off the hooks of a process that runs no tests, or that nothing is measured in.
    """
    touching = config.stash.get(TOUCHING, None)
    if touching is not None:
        touching.hooks.remove()

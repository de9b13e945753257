"""
Switch Paceline on: which plugins a process needs depends on whether it runs tests or has xdist's workers do it.
"""

from collections.abc import Mapping

import pytest

from paceline.config import Config
from paceline.errors import PacelineError
from paceline.plugin.collect.plan import Planner
from paceline.plugin.collect.unused_budgets import UnusedBudgets
from paceline.plugin.guard import Guard
from paceline.plugin.measure.meter import Meter
from paceline.plugin.options import settings_of
from paceline.plugin.touching import TOUCHING, watch_libraries
from paceline.plugin.verbose_tests import VerboseTests
from paceline.probes import make_probes
from paceline.probes.own_overhead import OwnWork
from paceline.probes.runner import ProbeStack
from paceline.probes.touch.touch_probe import TouchProbe
from paceline.recorder import RECORDER, CaseRecorder


def activate(config: pytest.Config) -> None:
    """
    Register what this process needs.

    Raises:
        pytest.UsageError: a setting is wrong, or the file of baselines.
    """
    try:
        settings = settings_of(config)
        plugins = _plugins(config, settings) if settings.enabled else {}
    except PacelineError as error:
        raise pytest.UsageError(f"paceline: {error}") from error
    if "meter" not in plugins:
        _watch_no_libraries(config)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, f"paceline-{name}")


def _plugins(config: pytest.Config, settings: Config) -> Mapping[str, object]:
    guard, has_workers = Guard(), _has_workers(config)
    planner = Planner(settings, has_workers=has_workers)
    if hasattr(config, "workerinput"):
        return {"planner": planner, **_worker(config, settings, planner, guard)}
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


def _has_workers(config: pytest.Config) -> bool:
    # As xdist decides it: environments that are given without a way to distribute tests are not used.
    is_distributed = bool(config.getoption("tx", None)) and config.getoption("dist", "no") != "no"
    return is_distributed and not hasattr(config, "workerinput")


def _single(config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> Mapping[str, object]:
    from paceline.plugin.session import RunSession  # noqa: PLC0415 - workers start faster without
    from paceline.plugin.single_process import SingleProcess  # noqa: PLC0415

    meter = _meter(config, guard)
    session = RunSession(config, settings, planner, guard)
    process = SingleProcess(config, settings, meter, session)
    return {
        "meter": meter,
        "session": session,
        "watching": session.watching,
        "process": process,
        "tests": process.tests,
    }


def _controller(config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> Mapping[str, object]:
    from paceline.plugin.session import RunSession  # noqa: PLC0415 - as above
    from paceline.plugin.xdist_controller import XdistController  # noqa: PLC0415

    session = RunSession(config, settings, planner, guard)
    controller = XdistController(planner, guard, session)
    return {"session": session, "watching": session.watching, "controller": controller}


def _worker(config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> Mapping[str, object]:
    from paceline.plugin.xdist_worker import XdistWorker  # noqa: PLC0415 - only there

    meter = _meter(config, guard)
    worker = XdistWorker(config, settings, planner, meter, guard)
    return {"meter": meter, "worker": worker, "tests": worker.tests}


def _meter(config: pytest.Config, guard: Guard) -> Meter:
    recorder = config.stash[RECORDER] = CaseRecorder()
    if TOUCHING not in config.stash:  # a plugin that is given by -p in a conftest comes too late for the early hook
        watch_libraries(config)
    touching = config.stash[TOUCHING]
    touching.report_to(guard)
    touch = TouchProbe(touching.hooks)
    return Meter(ProbeStack([touch, *make_probes(OwnWork())], guard.failed), recorder, touch)


def _watch_no_libraries(config: pytest.Config) -> None:
    """
    Take off the hooks of a process that runs no tests, or that nothing is measured in.
    """
    touching = config.stash.get(TOUCHING, None)
    if touching is not None:
        touching.hooks.remove()

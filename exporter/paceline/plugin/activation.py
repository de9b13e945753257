"""
Switch Paceline on: which parts a process needs depends on whether it runs tests, or has xdist's workers run them.
"""

import pytest

from paceline.errors import ConfigError
from paceline.plugin.fixture import RECORDER, CaseRecorder
from paceline.plugin.guard import Guard
from paceline.plugin.meter import Meter
from paceline.plugin.plan import Planner
from paceline.plugin.session import RunSession
from paceline.plugin.settings import settings_of
from paceline.plugin.workers import ControllerHooks, WorkerHooks
from paceline.probes import make_probes
from paceline.probes.own import OwnWork
from paceline.probes.stack import ProbeStack


def activate(config: pytest.Config) -> None:
    """
    Register what this process needs.

    Raises:
        pytest.UsageError: a setting is wrong.
    """
    try:
        settings = settings_of(config)
    except ConfigError as error:
        raise pytest.UsageError(f"paceline: {error}") from error
    if not settings.enabled:
        return
    guard, own = Guard(), OwnWork()
    planner = Planner(settings)
    plugins: dict[str, object] = {"planner": planner}
    meter = None
    if not _has_workers(config):
        recorder = config.stash[RECORDER] = CaseRecorder()
        meter = plugins["meter"] = Meter(planner, ProbeStack(make_probes(own), guard.failed), recorder)
    if hasattr(config, "workerinput"):
        assert meter is not None
        plugins["worker"] = WorkerHooks(config, meter, planner, guard)
    else:
        plugins["session"] = RunSession(config, settings, planner, meter, own, guard)
        if config.pluginmanager.hasplugin("xdist"):
            plugins["controller"] = ControllerHooks(planner, guard)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, f"paceline-{name}")


def _has_workers(config: pytest.Config) -> bool:
    return bool(config.getoption("tx", None)) and not hasattr(config, "workerinput")

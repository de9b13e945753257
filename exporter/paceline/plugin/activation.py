"""
Switch Paceline on: which parts a process needs depends on whether it runs tests or has xdist's workers do it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from paceline.config import Config
from paceline.errors import PacelineError
from paceline.plugin.collect.plan import Planner
from paceline.plugin.collect.unused_budgets import UnusedBudgets
from paceline.plugin.components import Components
from paceline.plugin.guard import Guard
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.repeat import Repeats
from paceline.plugin.options import settings_of
from paceline.plugin.verbose_tests import VerboseTests
from paceline.probes import make_probes
from paceline.probes.own_overhead import OwnWork
from paceline.probes.runner import ProbeStack
from paceline.recorder import RECORDER, CaseRecorder

if TYPE_CHECKING:
    from paceline.plugin.session import RunSession


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
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, f"paceline-{name}")


def _plugins(config: pytest.Config, settings: Config) -> Mapping[str, object]:
    has_workers = bool(config.getoption("tx", None)) and not hasattr(config, "workerinput")
    guard, own, planner, repeats = Guard(), OwnWork(), Planner(settings, has_workers=has_workers), Repeats()
    if has_workers:
        from paceline.plugin.xdist import ControllerHooks  # noqa: PLC0415

        parts = Components(planner=planner, meter=None, own=own, guard=guard, repeats=repeats)
        session = _session(config, settings, parts)
        controller = ControllerHooks(parts, session)
        return {"planner": planner, "controller": controller, "session": session, **_extras(settings, guard)}
    recorder = config.stash[RECORDER] = CaseRecorder()
    meter = Meter(planner, ProbeStack(make_probes(own), guard.failed), recorder)
    parts = Components(planner=planner, meter=meter, own=own, guard=guard, repeats=repeats)
    if hasattr(config, "workerinput"):
        from paceline.plugin.xdist import WorkerHooks  # noqa: PLC0415

        return {"planner": planner, "meter": meter, "worker": WorkerHooks(config, settings, meter, parts)}
    session = _session(config, settings, parts)
    return {"planner": planner, "meter": meter, "session": session, **_extras(settings, guard)}


def _extras(settings: Config, guard: Guard) -> Mapping[str, object]:
    unmatched = UnusedBudgets(settings, guard)
    extras: dict[str, object] = {"unmatched": unmatched} if unmatched.is_needed else {}
    return extras | ({"quiet": VerboseTests()} if settings.verbose_tests else {})


def _session(config: pytest.Config, settings: Config, parts: Components) -> "RunSession":
    # A worker needs neither history nor sampler, and starts faster without them.
    from paceline.plugin.session import RunSession  # noqa: PLC0415

    return RunSession(config, settings, parts)

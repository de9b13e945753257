"""
Sends a load and makes its result.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from paceline.kit_results.load import LoadResult
from paceline.testkit.load.call_engine import CallEngine
from paceline.testkit.load.engine import Ended, Engine
from paceline.testkit.load.gathering import Gathering
from paceline.testkit.load.http_engine import HttpEngine
from paceline.testkit.load.load_arguments import SendingOptions, locust_workers
from paceline.testkit.load.load_plan import LoadPlan
from paceline.testkit.load.locust_engine import LocustEngine
from paceline.testkit.load.progress import Progress
from paceline.testkit.load.server_use import ServersUse
from paceline.testkit.load.session_settings import session_settings


def send_load(
    plan: LoadPlan, function: Callable[[], Any] | None, sending: SendingOptions, asked: LoadResult
) -> LoadResult:
    """
    The result of a load; `interrupted` where Ctrl-C ended it early.

    Args:
        plan: the load.
        function: that is called; None where the plan has targets.
        sending: how requests are sent.
        asked: name and thresholds.
    """
    engine, names = _engine(plan, function, sending), _names(plan, function)
    gathering, use, progress = Gathering(plan, names), ServersUse(), Progress(plan, asked.name)

    def each_second() -> None:
        use.sample()
        progress.show(gathering)

    ended = engine.run(gathering, each_second)
    progress.end()
    asked = replace(asked, engine=engine.name, target=", ".join(names), server=use.result())
    return _result(plan, gathering, ended, asked)


def _engine(plan: LoadPlan, function: Callable[[], Any] | None, sending: SendingOptions) -> Engine:
    if function is not None:
        return CallEngine(plan, function)
    workers = locust_workers(plan, sending)
    if workers:
        return LocustEngine(plan, workers, session_settings().master)
    return HttpEngine(plan, sending.get("processes"))


def _names(plan: LoadPlan, function: Callable[[], Any] | None) -> list[str]:
    if plan.locustfile:
        return [Path(plan.locustfile).name]
    return [target.name for target in plan.targets] or [getattr(function, "__name__", type(function).__name__)]


def _result(plan: LoadPlan, gathering: Gathering, ended: Ended, asked: LoadResult) -> LoadResult:
    elapsed = gathering.elapsed_seconds or plan.whole_seconds
    return replace(
        asked,
        users=plan.users,
        requests_per_second=plan.rates,
        elapsed_seconds=max(elapsed - plan.warm_up_seconds, 0.0),
        requests=gathering.requests,
        failures=gathering.failures,
        warm_up_requests=gathering.warm_up,
        latency=gathering.latency(),
        errors=gathering.errors(),
        received_bytes=gathering.received_bytes,
        interval_seconds=gathering.interval_seconds,
        intervals=gathering.intervals(),
        endpoints=gathering.endpoints() if len(plan.targets) > 1 else (),
        generator=gathering.generator(),
        expected_workers=ended.expected_workers,
        workers=ended.workers,
        problem=ended.problem,
        interrupted=ended.interrupted,
    )

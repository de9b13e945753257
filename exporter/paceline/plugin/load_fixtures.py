"""
The fixtures of load and stress tests. Their packages are imported only when a test uses a fixture.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from paceline.kit_results import LoadResult, StressResult
    from paceline.testkit import LoadServer

_STRESS = "stress"


@pytest.fixture
def load_test() -> "Callable[..., LoadResult]":
    """
    Send load to an endpoint: `paceline.testkit.load_test`.
    """
    from paceline.testkit import load_test as send  # noqa: PLC0415 - imported by those who use it

    return send


@pytest.fixture
def stress_test(request: pytest.FixtureRequest) -> "Callable[..., StressResult]":
    """
    Raise the load until a step fails: `paceline.testkit.stress_test`. Skips without --paceline-stress or -m stress.
    """
    config = request.config
    if not (config.pluginmanager.has_plugin("paceline-planner") or is_stress_asked_for(config)):
        pytest.skip("stress tests run with --paceline-stress or -m stress")
    from paceline.testkit import stress_test as stress  # noqa: PLC0415 - as above

    return stress


@pytest.fixture
def load_server() -> "Iterator[Callable[..., LoadServer]]":
    """
    Start a server for the test from a command or an app: `paceline.testkit.running_server`.
    """
    from paceline.testkit import running_server  # noqa: PLC0415 - as above

    with ExitStack() as servers:
        yield partial(_entered, servers, running_server)


def is_stress_asked_for(config: pytest.Config) -> bool:
    """
    Whether the command line asks for stress tests.
    """
    return bool(config.getoption("paceline_stress")) or _STRESS in config.getoption("markexpr", "")


def _entered(servers: ExitStack, running: Callable[..., Any], *served: Any, **settings: Any) -> Any:  # noqa: ANN401
    return servers.enter_context(running(*served, **settings))

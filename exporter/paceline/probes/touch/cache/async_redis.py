"""
Commands to Redis through redis-py's clients for asyncio.
"""

from functools import partial
from types import ModuleType
from typing import Any

from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.cache.redis import NO_ANSWER, commands_of, took_many, took_one
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_now = UNPATCHED.perf_counter_ns


def watch(module: ModuleType, lookups: Lookups, patches: Patches) -> None:
    """
    Watch what `redis` watches, of the clients for asyncio.
    """
    for owner, name, watched in (
        (module.Redis, "execute_command", async_command),
        (module.Pipeline, "immediate_execute_command", async_command),
        (module.Pipeline, "execute", async_pipeline),
    ):
        patches.wrap(owner, name, partial(watched, lookups))


def async_command(lookups: Lookups, original: Any) -> Any:
    """
    A function in the place of one that sends a command.
    """

    async def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        started, answer = _now(), NO_ANSWER
        try:
            answer = await original(self, *args, **options)
        finally:
            took_one(lookups, _now() - started, args, answer)
        return answer

    return execute_command


def async_pipeline(lookups: Lookups, original: Any) -> Any:
    """
    A function in the place of one that sends the commands of a pipeline.
    """

    async def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        commands, started = commands_of(self), _now()
        answers: list[Any] = []
        try:
            answers = await original(self, *args, **kwargs)
        finally:
            took_many(lookups, _now() - started, commands, answers)
        return answers

    return execute

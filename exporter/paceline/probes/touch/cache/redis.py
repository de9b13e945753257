"""
Commands to Redis through redis-py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.cache.lookups import DOING, Lookups
from paceline.probes.touch.patches import Patches
from paceline.unpatched import UNPATCHED

_now = UNPATCHED.perf_counter_ns
_NOTHING = (0, 0, 0)
NO_ANSWER: Final = object()
"""
What stands for the answer to a command that failed.
"""
_ONE = frozenset({"GET", "GETEX", "GETDEL", "HGET"})
_MANY = frozenset({"MGET", "HMGET"})
# The commands of a pipeline: of one Redis, and of a cluster by the version of redis-py.
_QUEUES = ("command_stack", "_command_stack", "_command_queue")
# The number of keys that a command of so many words sets.
_SETS: Mapping[str, Callable[[int], int]] = {
    "SET": lambda _: 1,
    "SETEX": lambda _: 1,
    "PSETEX": lambda _: 1,
    "SETNX": lambda _: 1,
    "GETSET": lambda _: 1,
    "MSET": lambda words: (words - 1) // 2,
    "MSETNX": lambda words: (words - 1) // 2,
    "HSET": lambda words: (words - 2) // 2,
}


def watch(module: ModuleType, lookups: Lookups, patches: Patches) -> None:
    """
    Watch single commands, pipelines, and the commands of a pipeline that are sent at once after WATCH.
    """
    from redis.client import Pipeline  # noqa: PLC0415 - redis is imported already

    for owner, name, watched in (
        (module.Redis, "execute_command", command),
        (Pipeline, "immediate_execute_command", command),
        (Pipeline, "execute", pipeline),
    ):
        patches.wrap(owner, name, partial(watched, lookups))


def command(lookups: Lookups, original: Any) -> Any:
    """
    A function in the place of one that sends a command.
    """

    def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        started, answer = _now(), NO_ANSWER
        try:
            answer = original(self, *args, **options)
        finally:
            took_one(lookups, _now() - started, args, answer)
        return answer

    return execute_command


def pipeline(lookups: Lookups, original: Any) -> Any:
    """
    A function in the place of one that sends the commands of a pipeline.
    """

    def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        commands, answers, started = commands_of(self), [], _now()
        try:
            answers = original(self, *args, **kwargs)
        finally:
            took_many(lookups, _now() - started, commands, answers)
        return answers

    return execute


def commands_of(pipeline: Any) -> list[Any]:
    """
    The arguments of each command that a pipeline is about to send.
    """
    # Emptied when they are sent. Those of one Redis are pairs of arguments and options, those of a cluster objects.
    strategy = getattr(pipeline, "_execution_strategy", pipeline)
    queue = next((getattr(strategy, name) for name in _QUEUES if hasattr(strategy, name)), ())
    return [command[0] if isinstance(command, tuple) else command.args for command in queue]


def took_one(lookups: Lookups, nanoseconds: int, args: Any, answer: Any) -> None:
    """
    Count a command; one without an answer found nothing.
    """
    if lookups.is_inside:
        return
    try:
        hits, misses, sets = _found(args, answer) if answer is not NO_ANSWER else _NOTHING
        lookups.took(nanoseconds, hits=hits, misses=misses, sets=sets)
    except Exception as error:  # noqa: BLE001 - as in `Lookups`
        lookups.give_up(error, DOING)


def took_many(lookups: Lookups, nanoseconds: int, commands: Sequence[Any], answers: Iterable[Any]) -> None:
    """
    Count commands that were sent together.
    """
    if lookups.is_inside or not commands:
        return
    try:
        found = [_found(args, answer) for args, answer in zip(commands, answers, strict=False)]
        hits, misses, sets = (sum(column) for column in zip(*found, strict=True)) if found else _NOTHING
        lookups.took(nanoseconds, len(commands), hits=hits, misses=misses, sets=sets)
    except Exception as error:  # noqa: BLE001 - as in `Lookups`
        lookups.give_up(error, DOING)


def _found(args: Any, answer: Any) -> tuple[int, int, int]:
    """
    Hits, misses and sets of a command.
    """
    if isinstance(answer, Exception):
        return _NOTHING
    name = args[0] if args else ""
    if name not in _ONE:
        name = name.upper() if isinstance(name, str) else ""
    if name in _ONE:
        return (0, 1, 0) if answer is None else (1, 0, 0)
    if name in _MANY and isinstance(answer, list):
        misses = sum(value is None for value in answer)
        return len(answer) - misses, misses, 0
    return (0, 0, _SETS[name](len(args))) if name in _SETS else (0, 0, 0)

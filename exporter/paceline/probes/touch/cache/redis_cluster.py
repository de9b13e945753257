"""
Commands to a cluster of Redis, whose clients send them past those of a single Redis.
"""

from functools import partial
from types import ModuleType
from typing import Any

from paceline.probes.touch.cache.async_redis import async_command, async_pipeline
from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.cache.redis import command, pipeline
from paceline.probes.touch.patches import Patches

# What a command of a pipeline passes after WATCH, since version 6.2.
_AT_ONCE = "_immediate_execute_command"


def watch(module: ModuleType, lookups: Lookups, patches: Patches) -> None:
    """
    Watch single commands and pipelines. What a client asks to know the cluster is its own affair.
    """
    is_async = module.__name__.startswith("redis.asyncio")
    one, many = (async_command, async_pipeline) if is_async else (command, pipeline)
    patches.wrap(module.RedisCluster, "execute_command", partial(one, lookups))
    patches.wrap(module.ClusterPipeline, "execute", partial(many, lookups))
    transaction = getattr(module, "TransactionStrategy", None)
    if transaction is not None:
        patches.wrap(transaction, _AT_ONCE, partial(one, lookups))
    if not is_async:  # these clients ask by one of a single Redis
        patches.wrap(module.RedisCluster, "__init__", partial(_inside, lookups))
        patches.wrap(module.NodesManager, "initialize", partial(_inside, lookups))


def _inside(lookups: Lookups, original: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with lookups.inside():
            return original(*args, **kwargs)

    return call

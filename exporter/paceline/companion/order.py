"""
What the session asks of its companion.
"""

from collections.abc import Mapping

from msgspec import Struct


class Live(Struct, frozen=True, kw_only=True):
    """
    The run as far as it is known before its first test, and who is told of it while it goes on.

    `budgets` is in seconds by test type. `port` is served on loopback, 0 for any that is free. `server` is the
    exporter that live reports go to, "" for none, and `ca_file` has the certificates that are trusted there, "" for
    those of the machine; the token is in the environment.
    """

    run_id: str
    suite: str
    shard: str = ""
    budgets: Mapping[str, float] = {}
    port: int | None = None
    server: str = ""
    ca_file: str = ""


class Order(Struct, frozen=True, kw_only=True):
    """
    What the companion does. `project` is the folder whose disk is looked at; without `live`, nobody is told anything.
    """

    sample_seconds: float
    project: str
    live: Live | None = None

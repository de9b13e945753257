"""
`paceline load-worker`: a worker of a load test that another machine runs.
"""

import os
import sys
from importlib.util import find_spec

import click

from paceline.extras import install_command

_PROGRAM = "from paceline.testkit.load.locust_worker import serve; import sys; serve(sys.argv[1], int(sys.argv[2]))"


@click.command("load-worker")
@click.argument("address", metavar="HOST:PORT")
def load_worker(address: str) -> None:
    """
    Send load for a load test of another machine.

    HOST:PORT is the address of `pytest --paceline-load-master`. The worker sends load until that session ends, only to
    hosts that the session allows. Needs paceline[locust].

    \b
      paceline load-worker 10.0.0.5:5557
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError(f"the address is {address!r}, expected HOST:PORT")
    if find_spec("locust") is None:
        raise click.UsageError(f"Locust is not installed: {install_command('locust')}")
    # A process that imports Locust has gevent's functions in the place of Python's, before any other module is loaded.
    os.execv(sys.executable, [sys.executable, "-c", _PROGRAM, host, port])  # noqa: S606 - this very Python

"""
The program of a worker process: `python -I worker_process.py`. Its order comes on stdin, its messages go to stdout.
"""

import json
import sys


def _main() -> None:
    # Only the standard library, until the path of the parent is known.
    first = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = first["path"]
    from paceline.testkit.load.worker_run import run_worker  # noqa: PLC0415 - the path is known only now

    run_worker(sys.stdin.buffer, sys.stdout.buffer)


_main()
